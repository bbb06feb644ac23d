//! Whether settings can be, before anything is opened.

use url::Url;
use zb_convert::ChunkLimit;
use zb_types::is_loopback_host;

use crate::{Error, SenderOptions, Transport};

impl SenderOptions {
    /// Finds out what [`Sender::open`](crate::Sender::open) would say of the settings, without
    /// connecting.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first setting that cannot be.
    pub fn validate(&self) -> Result<(), Error> {
        self.check().map(drop)
    }

    /// What each request may be, once every setting has been found good.
    pub(crate) fn check(&self) -> Result<ChunkLimit, Error> {
        let refuse = |setting, problem| Err(Error::Config { setting, problem });
        if let Err(problem) = self.check_endpoint() {
            return refuse("endpoint", problem);
        }
        let most = Self::MAX_REQUEST_BYTES;
        if !(1..=most).contains(&self.request_bytes) {
            let problem = format!("{} is not between 1 and {most}", self.request_bytes);
            return refuse("request_bytes", problem);
        }
        if self.request_rows == 0 {
            return refuse("request_rows", "a request has at least one row".to_owned());
        }
        if self.max_in_flight_bytes == 0 {
            let problem = "nothing could ever be sent with a budget of 0".to_owned();
            return refuse("max_in_flight_bytes", problem);
        }
        let most = Self::MAX_STREAMS;
        if !(1..=most).contains(&self.streams) {
            let problem = format!("{} is not between 1 and {most}", self.streams);
            return refuse("streams", problem);
        }
        if self.transport == Transport::Flight && cfg!(not(feature = "flight")) {
            let problem = "this program was built without Arrow Flight (the feature `flight`)";
            return refuse("transport", problem.to_owned());
        }
        Ok(ChunkLimit {
            rows: self.request_rows,
            framed_bytes: self.request_bytes,
        })
    }

    /// Whether the endpoint is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.url()
            .is_ok_and(|url| is_loopback_host(url.host_str().unwrap_or_default()))
    }

    fn check_endpoint(&self) -> Result<(), String> {
        let url = self
            .url()
            .map_err(|e| format!("{:?} is no URL: {e}", self.endpoint))?;
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_plaintext || self.is_loopback() => Ok(()),
            "http" => Err(format!(
                "tokens are not sent to {} in clear text; use https, or allow plaintext",
                url.host_str().unwrap_or_default()
            )),
            other => Err(format!("{other}:// is neither https nor http")),
        }
    }

    fn url(&self) -> Result<Url, url::ParseError> {
        if self.endpoint.contains("://") {
            Url::parse(&self.endpoint)
        } else {
            Url::parse(&format!("https://{}", self.endpoint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_on_this_machine() {
        let check = |endpoint: &str| SenderOptions::new(endpoint).check();
        for good in [
            "https://1.zerobus.x.com",
            "1.zerobus.x.com",
            "http://127.0.0.1:5",
            "http://localhost",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://h.com",
            "ftp://h.com",
            "https://",
            "https://h.com:99999",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(
            SenderOptions::new("http://h.com")
                .allow_plaintext()
                .check()
                .is_ok()
        );
    }

    #[test]
    fn limits_that_would_stop_everything_are_refused() {
        let options = || SenderOptions::new("https://h.com");
        assert!(options().check().is_ok());
        for options in [
            options().request_bytes(0),
            options().request_bytes(SenderOptions::MAX_REQUEST_BYTES + 1),
            options().request_rows(0),
            options().max_in_flight_bytes(0),
            options().streams(0),
            options().streams(65),
        ] {
            let error = options.check().unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config, "{error}");
        }
    }
}
