//! Names, connections, certificates, and proxies on the way.

use std::net::SocketAddr;

use zb_core::probe::{self, Address, ProxyVariable};

use super::{
    check::{Check, Status},
    configuration::CONFIGURATION,
    is_amiss, remedy,
};
use crate::failure::chain;

const PROXY: &str = "proxy";

/// The variables that put a proxy on the way.
pub(super) fn proxy() -> Check {
    proxy_of(&probe::proxies(|name| std::env::var(name).ok()))
}

fn proxy_of(variables: &[ProxyVariable]) -> Check {
    let said = || {
        let said: Vec<String> = variables
            .iter()
            .map(|variable| format!("{}={}", variable.name, variable.value))
            .collect();
        said.join(", ")
    };
    match variables {
        [] => Check::ok(PROXY, "none is set"),
        _ if variables.iter().all(|variable| variable.excepts) => {
            Check::ok(PROXY, format!("none is set, and {}", said()))
        }
        _ => Check::warning(
            PROXY,
            said(),
            "the proxy must let CONNECT pass to the endpoint and the workspace, and not open TLS; \
             to go without, put both hosts into NO_PROXY",
        ),
    }
}

/// Looks at the way to both addresses, as far as each step allows the next.
pub(super) async fn reach(endpoint: Option<&str>, host: Option<&str>, checks: &mut Vec<Check>) {
    let address = |url: Option<&str>| url.and_then(|url| Address::of(url).ok());
    let (endpoint, host) = (address(endpoint), address(host));
    let same = endpoint.is_some() && endpoint == host;
    reach_one("endpoint", endpoint.as_ref(), true, checks).await;
    if same {
        // One port for everything, as `zb serve` has it.
        return;
    }
    reach_one("workspace", host.as_ref(), false, checks).await;
}

/// The step on the way to `of` that failed, if one did. Where a proxy is set, the direct way may be
/// closed and the other one open.
pub(super) fn closed(checks: &[Check], of: &str) -> Option<String> {
    let mut all = checks.iter();
    if all.any(|check| check.name == PROXY && check.status == Status::Warning) {
        return None;
    }
    // With one address for both, the endpoint's was looked at alone.
    let has_own = checks.iter().any(|check| check.name == format!("dns {of}"));
    let of = if has_own { of } else { "endpoint" };
    let steps = ["dns", "tcp", "tls"].map(|step| format!("{step} {of}"));
    steps.into_iter().find(|step| is_amiss(checks, step))
}

async fn reach_one(of: &str, address: Option<&Address>, streams: bool, checks: &mut Vec<Check>) {
    let [dns, tcp, tls] = ["dns", "tcp", "tls"].map(|step| format!("{step} {of}"));
    let Some(address) = address else {
        for name in [dns, tcp, tls] {
            checks.push(Check::after(name, CONFIGURATION));
        }
        return;
    };
    let addresses = match probe::resolve(address).await {
        Ok(addresses) => addresses,
        Err(error) => {
            checks.push(Check::failure(&*dns, chain(&error), remedy::name(address)));
            checks.push(Check::after(tcp, &dns));
            checks.push(Check::after(tls, &dns));
            return;
        }
    };
    let ips: Vec<_> = addresses.iter().map(|a| a.ip().to_string()).collect();
    let found = format!("{} is {}", address.host, ips.join(", "));
    checks.push(Check::ok(&*dns, found));
    let answers = match probe::connect(&addresses).await {
        Ok(answers) => answers,
        Err(error) => {
            let next = remedy::connection(&error, address);
            checks.push(Check::failure(&*tcp, chain(&error), next));
            checks.push(Check::after(tls, &tcp));
            return;
        }
    };
    checks.push(Check::ok(tcp, format!("{answers} answers")));
    checks.push(encrypted(tls, address, answers, streams).await);
}

async fn encrypted(name: String, address: &Address, at: SocketAddr, streams: bool) -> Check {
    if !address.is_tls {
        return if address.is_here() {
            Check::ok(name, "clear text, which does not leave this machine")
        } else {
            Check::warning(
                name,
                "secrets and rows travel in clear text",
                "write the address with https://",
            )
        };
    }
    match probe::handshake(address, at).await {
        Ok(hands) if streams && !hands.is_http2 => Check::failure(
            name,
            format!("{}, and no HTTP/2, which streams need", hands.version),
            "something on the way opens TLS and speaks HTTP/1.1 alone; have the endpoint excepted \
             from that",
        ),
        Ok(hands) => Check::ok(name, format!("{}, certificate is good", hands.version)),
        Err(error) => Check::failure(name, chain(&error), remedy::tls(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_worth_a_warning_and_an_exception_alone_is_not() {
        let of = |set: &[(&str, &str)]| {
            let look = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            proxy_of(&probe::proxies(look))
        };
        assert_eq!(of(&[]).status, Status::Ok);
        assert_eq!(of(&[("NO_PROXY", "*")]).status, Status::Ok);
        let check = of(&[("HTTPS_PROXY", "http://me:hunter2@p:1"), ("NO_PROXY", "x")]);
        assert_eq!(check.status, Status::Warning);
        assert!(check.found.contains("HTTPS_PROXY") && !check.found.contains("hunter2"));
    }
}
