//! Where an address leads.

use std::fmt;

use url::Url;
use zb_types::is_loopback_host;

/// The host and the port of a URL, which may have no scheme and is `https` then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The name of the host, or its address; that of IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub is_tls: bool,
}

/// Why a text is no address. The text is not repeated: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It cannot be read as a URL.
    #[error("it is no URL: {0}")]
    NotAUrl(String),
    /// It is neither `https` nor `http`.
    #[error("{0}:// is neither https nor http")]
    Scheme(String),
}

impl Address {
    /// Where `url` leads.
    ///
    /// # Errors
    ///
    /// [`AddressError`] when it is no URL with a host, or of another scheme.
    pub fn of(url: &str) -> Result<Self, AddressError> {
        let url = url.trim();
        let url = if url.contains("://") {
            Url::parse(url)
        } else {
            Url::parse(&format!("https://{url}"))
        };
        let url = url.map_err(|error| AddressError::NotAUrl(error.to_string()))?;
        let is_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(AddressError::Scheme(other.to_owned())),
        };
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self {
            host: host.to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
            is_tls,
        })
    }

    /// Whether it is on this machine.
    pub fn is_here(&self) -> bool {
        is_loopback_host(&self.host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_whether_the_scheme_is_said_or_not() {
        for (url, expected) in [
            ("https://h.com", "h.com:443"),
            ("h.com", "h.com:443"),
            ("h.com:8443", "h.com:8443"),
            ("http://h.com/path", "h.com:80"),
            ("http://[::1]:5", "[::1]:5"),
        ] {
            assert_eq!(Address::of(url).unwrap().to_string(), expected, "{url}");
        }
        assert!(Address::of("https://h.com").unwrap().is_tls);
        assert!(!Address::of("http://127.0.0.1:1").unwrap().is_tls);
        assert!(Address::of("http://[::1]:5").unwrap().is_here());
        assert_eq!(
            Address::of("ftp://h.com"),
            Err(AddressError::Scheme("ftp".to_owned()))
        );
        for wrong in ["", "https://", "https://a b"] {
            assert!(Address::of(wrong).is_err(), "{wrong}");
        }
    }
}
