//! What was found where, for people to look at.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{Origin, nearest::hint};

/// A setting as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Its name, as in a TOML file.
    pub name: &'static str,
    /// Its value; of a secret, asterisks. `None` where there is none.
    pub value: Option<String>,
    /// Where it was found.
    pub origin: Origin,
    /// The value of a path, which need not be text.
    pub(crate) path: Option<PathBuf>,
}

/// The settings of a client, and where each comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// All that there are.
    pub all: Vec<Setting>,
    /// Those that are nowhere and are needed.
    pub missing: Vec<Missing>,
    /// What looks like a setting of ours and is none. It was not heeded.
    pub unknown: Vec<Unknown>,
}

impl Settings {
    /// The value of a setting, if it has one; of a secret, asterisks.
    pub fn value(&self, name: &str) -> Option<&str> {
        let setting = self.all.iter().find(|setting| setting.name == name)?;
        setting.value.as_deref()
    }

    /// The value of a setting that is a path.
    pub fn path(&self, name: &str) -> Option<&Path> {
        let setting = self.all.iter().find(|setting| setting.name == name)?;
        setting.path.as_deref()
    }

    /// The settings that somebody has set.
    pub fn found(&self) -> impl Iterator<Item = &Setting> {
        let all = self.all.iter();
        all.filter(|setting| setting.origin != Origin::Default)
    }

    /// The settings that nobody has set.
    pub fn defaults(&self) -> impl Iterator<Item = &Setting> {
        let all = self.all.iter();
        all.filter(|setting| setting.origin == Origin::Default)
    }
}

/// A setting that is nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// The name of the setting, as in a TOML file.
    pub name: &'static str,
    /// The environment variable that sets it.
    pub variable: &'static str,
}

impl Missing {
    pub(super) fn remedy(&self) -> String {
        format!("set {}", self.variable)
    }
}

/// A name that looks like a setting of ours in a place that belongs to others too: an environment
/// variable, or a key of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// The name.
    pub name: String,
    /// Where it was found.
    pub origin: Origin,
    /// The name there that may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            origin,
            nearest,
        } = self;
        let hint = hint(nearest.as_deref());
        match origin {
            Origin::Environment(_) => write!(f, "there is no setting for the {origin}{hint}"),
            _ => write!(f, "there is no setting for {name} in {origin}{hint}"),
        }
    }
}
