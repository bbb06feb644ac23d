//! Who may see the page, and who may change something by it.
//!
//! It is for the people of this machine. Another machine is kept out by its address. A page of
//! another site that a person has open is kept out of changes by its origin and by not knowing the
//! token of the forms; and of seeing anything, where its site has had its name lead to this machine
//! (DNS rebinding), by the name itself: the only names that are taken are those of the loopback.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header, uri::Authority},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::RngCore as _;
use subtle::ConstantTimeEq as _;

/// The other end of the connection that a request came over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What stands in the forms of the page, and nowhere else. It changes with every start.
pub(super) struct Gate {
    token: String,
}

/// Why somebody may not, in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    status: StatusCode,
    why: &'static str,
}

impl Gate {
    pub(super) fn new() -> Self {
        let mut bytes = [0; 24];
        rand::rng().fill_bytes(&mut bytes);
        let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Self { token }
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether a form came from the page.
    pub(super) fn check(&self, token: &str) -> Result<(), Refused> {
        if bool::from(self.token.as_bytes().ct_eq(token.as_bytes())) {
            Ok(())
        } else {
            Err(Refused::because(
                StatusCode::FORBIDDEN,
                "the form is not of this page as it is now: open the page again",
            ))
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

/// Whether a request may be answered at all.
pub(super) fn admit(request: &Request) -> Result<(), Refused> {
    let forbidden = |why| Err(Refused::because(StatusCode::FORBIDDEN, why));
    let peer = request.extensions().get::<Peer>();
    if !peer.is_some_and(|Peer(address)| is_loopback(address.ip())) {
        return forbidden("this page is for the machine that it is on");
    }
    let Some(host) = host(request).filter(is_of_this_machine) else {
        return forbidden("this page is reached as localhost, 127.0.0.1 or [::1]");
    };
    if request.method() != Method::GET && !is_from(&host, request.headers()) {
        return forbidden("this comes from another page");
    }
    Ok(())
}

/// The name that the server is called by: of HTTP/2 in the URI, of HTTP/1 in a header.
fn host(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    }
}

fn is_of_this_machine(host: &Authority) -> bool {
    let name = host.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    // `user@localhost` is no host that a browser sends.
    !host.as_str().contains('@')
        && (name.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(is_loopback))
}

fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_loopback_v4(address),
        IpAddr::V6(address) => {
            address == Ipv6Addr::LOCALHOST || address.to_ipv4_mapped().is_some_and(is_loopback_v4)
        }
    }
}

fn is_loopback_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
}

/// Whether a browser says that the request comes from a page of the same host. One that says
/// nothing is none: the token has to do.
fn is_from(host: &Authority, headers: &HeaderMap) -> bool {
    let same_origin = |origin: &str| {
        let (scheme, authority) = origin.split_once("://").unwrap_or_default();
        matches!(scheme, "http" | "https") && authority.eq_ignore_ascii_case(host.as_str())
    };
    let says = |name, same: &dyn Fn(&str) -> bool| {
        let mut values = headers.get_all(name).iter();
        values.all(|value| value.to_str().is_ok_and(same))
    };
    says("origin", &same_origin) && says("sec-fetch-site", &|site| site == "same-origin")
}

impl Refused {
    pub(super) fn because(status: StatusCode, why: &'static str) -> Self {
        Self { status, why }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        tracing::debug!(why = self.why, "the page is refused");
        (self.status, format!("{}\n", self.why)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(peer: &str, headers: &[(&str, &str)]) -> Request {
        let method = if headers.len() > 1 { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri("/ui");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = Peer(peer.parse().unwrap());
        request.extension(peer).body(Body::empty()).unwrap()
    }

    fn why(request: &Request) -> &'static str {
        admit(request).map_or_else(|refused| refused.why, |()| "")
    }

    const HERE: &str = "127.0.0.1:5000";

    #[test]
    fn this_machine_is_let_in_by_its_own_names() {
        for host in [
            "127.0.0.1:80",
            "127.9.9.9",
            "localhost:7080",
            "LOCALHOST",
            "[::1]:1",
        ] {
            assert_eq!(why(&request(HERE, &[("host", host)])), "", "{host}");
        }
        let host = [("host", "localhost")];
        assert_eq!(why(&request("[::1]:5000", &host)), "");
        assert_eq!(why(&request("[::ffff:127.0.0.1]:5000", &host)), "");
    }

    #[test]
    fn names_that_others_can_lead_here_are_not_taken() {
        for host in [
            "evil.example",
            "evil.example:7080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0:7080",
            "10.0.0.1",
            "evil@localhost",
            "",
        ] {
            let why = why(&request(HERE, &[("host", host)]));
            assert!(why.starts_with("this page is reached"), "{host}");
        }
        assert!(admit(&request(HERE, &[])).is_err());
        let two = request(HERE, &[("host", "localhost"), ("host", "localhost")]);
        assert!(admit(&two).is_err());
    }

    #[test]
    fn other_machines_are_not_let_in() {
        let host = [("host", "localhost")];
        for peer in ["10.1.2.3:5000", "[2001:db8::1]:5000"] {
            let why = why(&request(peer, &host));
            assert!(why.starts_with("this page is for"), "{peer}");
        }
        let mut nobody = request(HERE, &host);
        nobody.extensions_mut().remove::<Peer>();
        assert!(admit(&nobody).is_err());
    }

    #[test]
    fn a_change_comes_from_the_page_itself() {
        let host = ("host", "127.0.0.1:7080");
        let same = "http://127.0.0.1:7080";
        for headers in [
            &[("origin", same)][..],
            &[("origin", same), ("sec-fetch-site", "same-origin")],
            &[("x-nothing", "a program that is no browser")],
        ] {
            let headers = [&[host], headers].concat();
            assert_eq!(why(&request(HERE, &headers)), "", "{headers:?}");
        }
        for headers in [
            &[("origin", "null")][..],
            &[("origin", "http://evil.example")],
            &[("origin", "http://127.0.0.1:7081")],
            &[("origin", "http://localhost:7080")],
            &[("origin", "ftp://127.0.0.1:7080")],
            &[("origin", same), ("origin", "http://evil.example")],
            &[("origin", same), ("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
        ] {
            let headers = [&[host], headers].concat();
            let why = why(&request(HERE, &headers));
            assert_eq!(why, "this comes from another page", "{headers:?}");
        }
    }

    #[test]
    fn the_token_of_a_form_is_another_at_every_start() {
        let gate = Gate::new();
        assert_eq!(gate.check(gate.token()), Ok(()));
        for other in ["", "x", Gate::new().token()] {
            assert!(gate.check(other).is_err());
        }
        assert!(!format!("{gate:?}").contains(gate.token()));
    }
}
