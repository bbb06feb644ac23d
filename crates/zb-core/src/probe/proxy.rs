//! The variables that put a proxy on the way.

use url::Url;

/// The variables that name a proxy for streams, the first that is set counting.
const STREAMS: [&str; 6] = [
    "grpc_proxy",
    "GRPC_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
];

/// Others that name one for tokens and the catalog.
const OTHERS: [&str; 2] = ["all_proxy", "ALL_PROXY"];

/// The variables that except hosts.
const EXCEPTIONS: [&str; 4] = ["no_grpc_proxy", "NO_GRPC_PROXY", "no_proxy", "NO_PROXY"];

/// A variable of the environment that decides about proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyVariable {
    /// Its name.
    pub name: &'static str,
    /// Its value, without the user and the password that may be in it.
    pub value: String,
    /// Whether it excepts hosts, and does not name a proxy.
    pub excepts: bool,
}

/// The variables about proxies that are set and not empty. Nothing on this machine is reached through
/// a proxy, whatever they say.
pub fn proxies(variable: impl Fn(&str) -> Option<String>) -> Vec<ProxyVariable> {
    let named = STREAMS.into_iter().chain(OTHERS).map(|name| (name, false));
    let all = named.chain(EXCEPTIONS.into_iter().map(|name| (name, true)));
    all.filter_map(|(name, excepts)| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        let value = if excepts { value } else { without_user(&value) };
        Some(ProxyVariable {
            name,
            value,
            excepts,
        })
    })
    .collect()
}

fn without_user(value: &str) -> String {
    let Some(at) = value.rfind('@') else {
        return value.to_owned();
    };
    let hidden = Url::parse(value).ok().and_then(|mut url| {
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(url.to_string())
    });
    hidden.unwrap_or_else(|| value.get(at + 1..).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_seen_without_passwords() {
        let set = [
            ("HTTPS_PROXY", "http://me:hunter2@proxy.corp:3128"),
            ("http_proxy", "me:hunter2@proxy.corp:3128"),
            ("NO_PROXY", ".corp,localhost"),
            ("grpc_proxy", ""),
        ];
        let look = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = proxies(look);
        let names: Vec<_> = found.iter().map(|v| (v.name, v.excepts)).collect();
        assert_eq!(
            names,
            [
                ("HTTPS_PROXY", false),
                ("http_proxy", false),
                ("NO_PROXY", true)
            ]
        );
        for variable in &found {
            assert!(!variable.value.contains("hunter2"), "{variable:?}");
        }
        assert!(found[0].value.contains("proxy.corp:3128"));
        assert_eq!(found[1].value, "proxy.corp:3128");
    }
}
