//! Settings that are missing or wrong.

use std::{io, path::PathBuf};

use crate::Origin;

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
    /// A file that was named cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that was named is not what it should be.
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where. Values are not repeated.
        problem: String,
    },
    /// A profile that is not there, or cannot be read.
    #[error(transparent)]
    Profile(zb_auth::Error),
    /// A setting that cannot be.
    #[error("{setting} from {origin}: {problem}")]
    Invalid {
        /// The name of the setting.
        setting: &'static str,
        /// Where it was found.
        origin: Origin,
        /// What is wrong with it.
        problem: String,
    },
    /// No home directory to look for `.databrickscfg` in.
    #[error("no profile can be read: HOME is not set; set it, or DATABRICKS_CONFIG_FILE")]
    NoHome,
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
    fn remedy(&self) -> String {
        format!("set {}", self.variable)
    }
}

fn list(items: impl Iterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.map(|i| i.to_string()).collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}
