//! The places that settings come from.

use std::{fmt, path::PathBuf};

/// Where a setting was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Nowhere: it is what is so unless said otherwise.
    Default,
    /// An environment variable.
    Environment(String),
    /// A profile of a Databricks configuration file.
    Profile {
        /// The name of the profile.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A TOML file.
    File {
        /// The file.
        path: PathBuf,
        /// The line of the setting, from 1.
        line: usize,
    },
    /// The program itself, by its builder.
    Program,
    /// A flag on the command line, with its dashes.
    Flag(String),
    /// A keyword of Python.
    Keyword(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Profile { name, path } => write!(f, "profile [{name}] of {}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Program => f.write_str("the program"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Keyword(keyword) => write!(f, "keyword {keyword}"),
        }
    }
}
