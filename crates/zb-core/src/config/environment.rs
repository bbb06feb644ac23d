//! Settings from environment variables.

use std::env;

use super::{
    Given, Origin, Unknown,
    declared::{Declared, VARIABLE_PREFIX, declared},
    error::ConfigError,
    layer::Layer,
    nearest::nearest,
};

/// Environment variables, those of the process or others.
pub(crate) trait Variables {
    fn get(&self, name: &str) -> Option<String>;
    fn names(&self) -> Vec<String>;
}

/// Those of the process. What is not UTF-8 is no variable of ours.
pub(crate) struct Process;

impl Variables for Process {
    fn get(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn names(&self) -> Vec<String> {
        env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}

/// The settings in variables. One that is blank counts as not there.
pub(super) fn layer(
    variables: &dyn Variables,
    wanted: impl Fn(&Declared) -> bool,
) -> Result<Layer, ConfigError> {
    let mut layer = Layer::default();
    for setting in declared().iter().filter(|setting| wanted(setting)) {
        let found = setting.variables().into_iter().find_map(|name| {
            let text = variables.get(&name)?;
            (!text.trim().is_empty()).then_some((name, text))
        });
        if let Some((name, text)) = found {
            layer.give(setting, &Given::Text(text), Origin::Environment(name))?;
        }
    }
    Ok(layer)
}

/// The variables that look like ours and are not. They are no error: the environment belongs to
/// everybody, and the SDK and whoever starts it have variables of that prefix too.
pub(super) fn unknown(variables: &dyn Variables) -> Vec<Unknown> {
    let known: Vec<String> = declared().iter().flat_map(Declared::variables).collect();
    let ours = || {
        let known = known.iter();
        known.filter_map(|name| name.strip_prefix(VARIABLE_PREFIX))
    };
    let mut names = variables.names();
    names.sort();
    names
        .into_iter()
        .filter(|name| !known.contains(name) && !name.starts_with(SDK_PREFIX))
        .filter_map(|name| {
            let nearest = nearest(name.strip_prefix(VARIABLE_PREFIX)?, ours());
            Some(Unknown {
                nearest: nearest.map(|rest| format!("{VARIABLE_PREFIX}{rest}")),
                origin: Origin::Environment(name.clone()),
                name,
            })
        })
        .collect()
}

/// What the variables of the official SDK begin with.
const SDK_PREFIX: &str = "ZEROBUS_SDK_";

/// The profile that the environment asks for.
pub(super) fn profile(variables: &dyn Variables) -> Option<String> {
    variables
        .get("DATABRICKS_CONFIG_PROFILE")
        .filter(|name| !name.is_empty())
}
