//! The places that settings come from.

use std::{fmt, path::PathBuf};

/// Where a setting was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An environment variable.
    Environment(&'static str),
    /// A profile of a Databricks configuration file.
    Profile {
        /// The name of the profile.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A TOML file.
    File(PathBuf),
    /// The program itself: a builder, a flag, a keyword.
    Program,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => f.write_str(name),
            Self::Profile { name, path } => write!(f, "profile [{name}] of {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Program => f.write_str("the program"),
        }
    }
}
