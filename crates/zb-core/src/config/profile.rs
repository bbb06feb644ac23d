//! Settings from a profile of the Databricks configuration file, `~/.databrickscfg` unless
//! `DATABRICKS_CONFIG_FILE` says otherwise.

use std::path::PathBuf;

use ini::Ini;

use super::{error::ConfigError, layer::Layer, origin::Origin};

pub(super) fn layer(
    name: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Layer, ConfigError> {
    let path = match variable("DATABRICKS_CONFIG_FILE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(variable("HOME").ok_or(ConfigError::NoHome)?).join(".databrickscfg"),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable {
        path: path.clone(),
        source,
    })?;
    // A backslash is a backslash: secrets may have one.
    let ini = Ini::load_from_str_noescape(&text).map_err(|error| ConfigError::Malformed {
        path: path.clone(),
        problem: format!("line {}: {}", error.line, error.msg),
    })?;
    let Some(section) = ini.section(Some(name)) else {
        let found = ini.sections().flatten().map(str::to_owned).collect();
        return Err(ConfigError::NoProfile {
            name: name.to_owned(),
            path,
            found,
        });
    };
    Ok(Layer::from_lookup(|setting| {
        let key = match setting {
            "endpoint" => "zerobus_endpoint",
            other => other,
        };
        let origin = Origin::Profile {
            name: name.to_owned(),
            path: path.clone(),
        };
        Some((section.get(key)?.to_owned(), origin))
    }))
}
