//! Which hosts are this machine: the only ones that secrets may be sent to in clear text.

use std::net::IpAddr;

/// Whether what is sent to `host`, the host of a URL, stays on this machine: `localhost`, an
/// address of 127.0.0.0/8, or `[::1]`.
///
/// ```
/// assert!(zb_types::is_loopback_host("127.0.0.1"));
/// assert!(!zb_types::is_loopback_host("localhost.example.com"));
/// ```
pub fn is_loopback_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback_host;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in [
            "localhost",
            "LocalHost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "::1",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "",
            "h.com",
            "10.0.0.1",
            "localhost.h.com",
            "0.0.0.0",
            "127.h.com",
            "[::2]",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
