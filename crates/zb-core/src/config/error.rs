//! Settings that are missing or wrong.

use std::{io, path::PathBuf};

use super::{Missing, Origin, nearest::hint};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Settings that are nowhere.
    #[error("{} missing: {}", list(.settings.iter().map(|s| s.name)), list(.settings.iter().map(Missing::remedy)))]
    Missing {
        /// All of them.
        settings: Vec<Missing>,
    },
    /// A setting that there is not.
    #[error("there is no setting {name} ({origin}){}", hint(*.nearest))]
    Unknown {
        /// What it is called there.
        name: String,
        /// Where it was found.
        origin: Origin,
        /// The setting that may have been meant.
        nearest: Option<&'static str>,
    },
    /// A setting that cannot be.
    #[error("{setting} is {allowed}, not {} ({origin})", .found.as_deref().unwrap_or("what was given"))]
    Invalid {
        /// The name of the setting.
        setting: &'static str,
        /// Where it was found.
        origin: Origin,
        /// What it is, unless it may be a secret.
        found: Option<String>,
        /// What it may be, in words.
        allowed: String,
    },
    /// A setting that does nothing without another one.
    #[error("{setting} does nothing without {needs} ({origin})")]
    Idle {
        /// The name of the setting.
        setting: &'static str,
        /// Where it was found.
        origin: Origin,
        /// The other one.
        needs: &'static str,
    },
    /// A file that was named cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that was named is no TOML file.
    #[error("{}:{line}: it is not TOML", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, from 1. What stands there is not repeated: it may be a secret.
        line: usize,
    },
    /// A profile that is not there, or cannot be read.
    #[error(transparent)]
    Profile(zb_auth::Error),
    /// No home directory to look for `.databrickscfg` in.
    #[error("no profile can be read: HOME is not set; set it, or DATABRICKS_CONFIG_FILE")]
    NoHome,
}

fn list(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.map(|i| i.to_string()).collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}
