//! Settings from environment variables.

use super::{layer::Layer, origin::Origin};

/// Which variables set what, first come first served.
const VARIABLES: [(&str, &[&str]); 5] = [
    ("endpoint", &["ZEROBUS_SERVER_ENDPOINT", "ZEROBUS_ENDPOINT"]),
    ("host", &["DATABRICKS_HOST"]),
    ("client_id", &["DATABRICKS_CLIENT_ID"]),
    ("client_secret", &["DATABRICKS_CLIENT_SECRET"]),
    ("oidc_token_file", &["DATABRICKS_OIDC_TOKEN_FILEPATH"]),
];

pub(super) fn layer(variable: &dyn Fn(&str) -> Option<String>) -> Layer {
    Layer::from_lookup(|setting| {
        let (_, names) = VARIABLES.iter().find(|(name, _)| *name == setting)?;
        names
            .iter()
            .find_map(|&name| Some((variable(name)?, Origin::Environment(name))))
    })
}

/// The profile that the environment asks for.
pub(super) fn profile(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    variable("DATABRICKS_CONFIG_PROFILE").filter(|name| !name.is_empty())
}
