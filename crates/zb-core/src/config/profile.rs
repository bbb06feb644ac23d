//! Settings from a profile of the Databricks configuration file, `~/.databrickscfg` unless
//! `DATABRICKS_CONFIG_FILE` says otherwise.

use std::path::PathBuf;

use zb_auth::Profile;

use super::{
    Given, Origin, Unknown,
    declared::{Declared, PROFILE_PREFIX, declared},
    environment::Variables,
    error::ConfigError,
    layer::Layer,
    nearest::nearest,
};

/// The settings in a profile, and what looks like one of ours there and is not: like the environment,
/// the file belongs to others too.
pub(super) fn layer(
    name: &str,
    variables: &dyn Variables,
) -> Result<(Layer, Vec<Unknown>), ConfigError> {
    let path = match variables.get("DATABRICKS_CONFIG_FILE") {
        Some(path) => PathBuf::from(path),
        None => {
            let home = variables.get("HOME").ok_or(ConfigError::NoHome)?;
            PathBuf::from(home).join(".databrickscfg")
        }
    };
    let profile = Profile::read(&path, name).map_err(ConfigError::Profile)?;
    let origin = Origin::Profile {
        name: name.to_owned(),
        path,
    };
    let mut layer = Layer::default();
    for setting in declared() {
        if let Some(value) = profile.get(&setting.profile_key()) {
            layer.give(setting, &text(value), origin.clone())?;
        }
    }
    let known: Vec<String> = declared().iter().map(Declared::profile_key).collect();
    let unknown = profile
        .names()
        .filter(|name| name.starts_with(PROFILE_PREFIX) && !known.iter().any(|key| key == name));
    let unknown = unknown.map(|key| Unknown {
        name: key.to_owned(),
        origin: origin.clone(),
        nearest: nearest(key, known.iter().map(String::as_str)).map(str::to_owned),
    });
    Ok((layer, unknown.collect()))
}

fn text(value: &zb_types::Secret) -> Given {
    use zb_types::ExposeSecret as _;
    Given::Text(value.expose_secret().to_owned())
}
