//! What the address of a Zerobus endpoint says of itself.

use std::fmt;

use super::Address;

/// A cloud that Databricks runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
}

impl Cloud {
    /// How the names of its hosts end, the longer ones first.
    const DOMAINS: [(&'static str, Self); 3] = [
        ("gcp.databricks.com", Self::Gcp),
        ("cloud.databricks.com", Self::Aws),
        ("azuredatabricks.net", Self::Azure),
    ];

    /// The cloud of a host, by its name.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let domains = Self::DOMAINS.into_iter();
        domains
            .filter_map(|(domain, cloud)| host.strip_suffix(domain).zip(Some(cloud)))
            .find_map(|(rest, cloud)| rest.ends_with('.').then_some(cloud))
    }

    /// What an endpoint there looks like.
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Aws => "https://WORKSPACE-ID.zerobus.REGION.cloud.databricks.com",
            Self::Azure => "https://WORKSPACE-ID.zerobus.REGION.azuredatabricks.net",
            Self::Gcp => "https://WORKSPACE-ID.zerobus.REGION.gcp.databricks.com",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS",
            Self::Azure => "Azure",
            Self::Gcp => "Google Cloud",
        })
    }
}

/// What the address of an endpoint looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointForm {
    /// That of a Zerobus endpoint.
    Zerobus {
        /// The cloud it is in.
        cloud: Cloud,
        /// The id of the workspace that it belongs to.
        workspace: String,
        /// The region.
        region: String,
    },
    /// That of a workspace, or of something else of Databricks that is no Zerobus endpoint.
    Databricks(Cloud),
    /// On this machine.
    Here,
    /// Another one, such as a private name for an endpoint.
    Other,
    /// No address at all.
    Nowhere,
}

impl EndpointForm {
    /// What `endpoint` looks like.
    pub fn of(endpoint: &str) -> Self {
        let Ok(address) = Address::of(endpoint) else {
            return Self::Nowhere;
        };
        if address.is_here() {
            return Self::Here;
        }
        let host = address.host.to_ascii_lowercase();
        let Some(cloud) = Cloud::of_host(&host) else {
            return Self::Other;
        };
        let labels: Vec<&str> = host.split('.').collect();
        // The region is one label, the domain of a cloud two or three.
        match &labels[..] {
            [workspace, "zerobus", region, _, _] | [workspace, "zerobus", region, _, _, _]
                if is_number(workspace) && !region.is_empty() =>
            {
                Self::Zerobus {
                    cloud,
                    workspace: (*workspace).to_owned(),
                    region: (*region).to_owned(),
                }
            }
            _ => Self::Databricks(cloud),
        }
    }
}

/// The id of a workspace where the name of its host tells it, as those of Azure and Google Cloud do:
/// `adb-ID.N.azuredatabricks.net`, `ID.N.gcp.databricks.com`.
pub fn workspace_of_host(host: &str) -> Option<String> {
    let address = Address::of(host).ok()?;
    let label = address.host.split('.').next()?;
    let id = match Cloud::of_host(&address.host)? {
        Cloud::Azure => label.strip_prefix("adb-")?,
        Cloud::Gcp => label,
        Cloud::Aws => return None,
    };
    is_number(id).then(|| id.to_owned())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_tells_its_cloud_its_workspace_and_its_region() {
        for (endpoint, cloud, region) in [
            (
                "https://12.zerobus.us-west-2.cloud.databricks.com",
                Cloud::Aws,
                "us-west-2",
            ),
            (
                "12.zerobus.westeurope.azuredatabricks.net:443",
                Cloud::Azure,
                "westeurope",
            ),
            (
                "https://12.zerobus.us-east1.gcp.databricks.com/",
                Cloud::Gcp,
                "us-east1",
            ),
        ] {
            let workspace = "12".to_owned();
            let region = region.to_owned();
            let expected = EndpointForm::Zerobus {
                cloud,
                workspace,
                region,
            };
            assert_eq!(EndpointForm::of(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_told_apart() {
        for (endpoint, expected) in [
            (
                "https://dbc-a1.cloud.databricks.com",
                EndpointForm::Databricks(Cloud::Aws),
            ),
            (
                "https://adb-12.3.azuredatabricks.net",
                EndpointForm::Databricks(Cloud::Azure),
            ),
            (
                "https://name.zerobus.us-west-2.cloud.databricks.com",
                EndpointForm::Databricks(Cloud::Aws),
            ),
            ("http://127.0.0.1:5", EndpointForm::Here),
            ("https://zerobus.example.com", EndpointForm::Other),
            ("https://evilcloud.databricks.com", EndpointForm::Other),
            ("ftp://x", EndpointForm::Nowhere),
        ] {
            assert_eq!(EndpointForm::of(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn a_workspace_of_azure_or_google_cloud_tells_its_id() {
        let id = workspace_of_host("https://adb-1234.5.azuredatabricks.net");
        assert_eq!(id.as_deref(), Some("1234"));
        let id = workspace_of_host("1234.5.gcp.databricks.com");
        assert_eq!(id.as_deref(), Some("1234"));
        assert_eq!(
            workspace_of_host("https://dbc-12.cloud.databricks.com"),
            None
        );
    }
}
