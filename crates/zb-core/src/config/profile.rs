//! Settings from a profile of the Databricks configuration file, `~/.databrickscfg` unless
//! `DATABRICKS_CONFIG_FILE` says otherwise.

use std::path::PathBuf;

use zb_auth::Profile;
use zb_types::ExposeSecret;

use super::{error::ConfigError, layer::Layer, origin::Origin};

pub(super) fn layer(
    name: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Layer, ConfigError> {
    let path = match variable("DATABRICKS_CONFIG_FILE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(variable("HOME").ok_or(ConfigError::NoHome)?).join(".databrickscfg"),
    };
    let profile = Profile::read(&path, name).map_err(ConfigError::Profile)?;
    Ok(Layer::from_lookup(|setting| {
        let key = match setting {
            "endpoint" => "zerobus_endpoint",
            // As the other Databricks tools call it.
            "oidc_token_file" => "oidc_token_filepath",
            other => other,
        };
        let origin = Origin::Profile {
            name: name.to_owned(),
            path: path.clone(),
        };
        Some((profile.get(key)?.expose_secret().to_owned(), origin))
    }))
}
