//! What was found where, for people to look at.

use super::{error::Missing, origin::Origin};

/// A setting that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Its name, as in a TOML file.
    pub name: &'static str,
    /// Its value; `None` for a secret.
    pub value: Option<String>,
    /// Where it was found.
    pub origin: Origin,
}

/// The settings of a client, and where each comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Those that were found.
    pub found: Vec<Setting>,
    /// Those that are nowhere and are needed.
    pub missing: Vec<Missing>,
}

impl Settings {
    /// The value of a setting.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.found.iter().find(|setting| setting.name == name)?;
        found.value.as_deref()
    }
}
