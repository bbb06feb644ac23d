//! The addresses: where tokens are asked for, and which workspace a Zerobus endpoint belongs to.

use std::sync::Arc;

use url::Url;
use zb_types::is_loopback_host;

use crate::{EndpointProblem, Error};

/// The id of the workspace that a Zerobus endpoint belongs to: the first label of its host name.
///
/// This is what the Databricks SDK derives too, so a host without a dot keeps its port.
///
/// ```
/// use zb_auth::workspace_id_from_endpoint;
///
/// let id = workspace_id_from_endpoint("https://1234567890.zerobus.us-west-2.cloud.databricks.com")?;
/// assert_eq!(id, "1234567890");
/// assert_eq!(workspace_id_from_endpoint("http://localhost:50051")?, "localhost:50051");
/// # Ok::<(), zb_auth::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Endpoint`] when there is nothing before the first dot.
pub fn workspace_id_from_endpoint(endpoint: &str) -> Result<String, Error> {
    let host = endpoint
        .strip_prefix("https://")
        .or_else(|| endpoint.strip_prefix("http://"))
        .unwrap_or(endpoint);
    let label = host.split(['.', '/']).next().unwrap_or_default();
    if label.is_empty() {
        return Err(EndpointProblem::NoWorkspaceId.into());
    }
    Ok(label.to_owned())
}

/// The address of the token endpoint below a Unity Catalog URL, if a secret may be sent there.
pub(crate) fn token_url(unity_catalog_url: &str, allow_plaintext: bool) -> Result<Url, Error> {
    let given = unity_catalog_url.trim();
    // `DATABRICKS_HOST` is often a bare host name.
    let absolute = if given.contains("://") {
        given.to_owned()
    } else {
        format!("https://{given}")
    };
    let mut base = Url::parse(&absolute).map_err(|source| Error::Endpoint {
        problem: EndpointProblem::NotAUrl,
        source: Some(Arc::new(source)),
    })?;
    let is_base = matches!(base.scheme(), "https" | "http")
        && base.username().is_empty()
        && base.password().is_none()
        && base.query().is_none()
        && base.fragment().is_none();
    if !is_base {
        return Err(EndpointProblem::NotABase.into());
    }
    let host = base.host_str().unwrap_or_default();
    if base.scheme() == "http" && !allow_plaintext && !is_loopback_host(host) {
        let host = host.to_owned();
        return Err(EndpointProblem::Plaintext { host }.into());
    }
    let path = format!("{}/oidc/v1/token", base.path().trim_end_matches('/'));
    base.set_path(&path);
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn the_workspace_is_the_first_label() {
        let check = |endpoint: &str, id: &str| {
            assert_eq!(workspace_id_from_endpoint(endpoint).unwrap(), id);
        };
        check("https://123.zerobus.x.com", "123");
        check("123.zerobus.x.com:443", "123");
        check("http://127.0.0.1:50051", "127");
        check("http://localhost:50051", "localhost:50051");
        check("http://localhost:50051/", "localhost:50051");
        for nothing in ["", "https://", "https://.com"] {
            let error = workspace_id_from_endpoint(nothing).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Endpoint, "{nothing:?}");
        }
    }

    #[test]
    fn the_token_endpoint_lies_below_the_url() {
        let check = |url: &str, token: &str| {
            assert_eq!(token_url(url, false).unwrap().as_str(), token);
        };
        check("https://h.com", "https://h.com/oidc/v1/token");
        check(" https://h.com// ", "https://h.com/oidc/v1/token");
        check("h.com", "https://h.com/oidc/v1/token");
        check("h.com:8443", "https://h.com:8443/oidc/v1/token");
        check("https://h.com/proxy/", "https://h.com/proxy/oidc/v1/token");
    }

    #[test]
    fn clear_text_stays_on_this_machine() {
        for url in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://LocalHost:1",
        ] {
            assert!(token_url(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://h.com",
            "http://10.0.0.1",
            "http://localhost.h.com",
            "http://0.0.0.0",
        ] {
            let error = token_url(url, false).unwrap_err();
            let plaintext = matches!(
                &error,
                Error::Endpoint {
                    problem: EndpointProblem::Plaintext { .. },
                    ..
                }
            );
            assert!(plaintext, "{url}: {error}");
            assert!(token_url(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_repeating_it() {
        for url in [
            "",
            "https://",
            "ftp://h.com",
            "https://me:hunter2@h.com",
            "https://h.com?token=hunter2",
            "https://h.com#hunter2",
            "https://hunter2 .com",
        ] {
            let error = token_url(url, true).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Endpoint, "{url}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}");
        }
    }
}
