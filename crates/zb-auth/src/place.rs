//! Where tokens and credentials are kept, and what can be wrong there.

use std::{fmt, path::PathBuf};

/// A place that a token or credentials are kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A profile of a Databricks configuration file.
    Profile {
        /// The file.
        path: PathBuf,
        /// The name of the profile.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Profile { path, name } => write!(f, "profile [{name}] of {}", path.display()),
        }
    }
}

/// What is wrong with a [`Place`]. What it holds is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceProblem {
    /// It is not there.
    Missing,
    /// The file has no profile of that name.
    NoProfile {
        /// The names of those it has.
        found: Vec<String>,
    },
    /// It is there and cannot be read.
    Unreadable,
    /// It has nothing in it.
    Empty,
    /// It holds something that no header can carry.
    Illegal,
    /// It is longer than any token.
    TooLarge {
        /// How much is read, in bytes.
        limit: usize,
    },
    /// It is not the text that it should be.
    Malformed {
        /// The line, from 1.
        line: usize,
    },
    /// It has no such setting, or a blank one.
    NoSetting {
        /// The name of the setting.
        name: String,
    },
}

impl fmt::Display for PlaceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not there"),
            Self::NoProfile { found } => {
                f.write_str("is not there; the file has ")?;
                for (i, name) in found.iter().enumerate() {
                    write!(f, "{}[{name}]", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(if found.is_empty() { "no profile" } else { "" })
            }
            Self::Unreadable => f.write_str("cannot be read"),
            Self::Empty => f.write_str("is empty"),
            Self::Illegal => f.write_str("holds something that cannot be sent as a header"),
            Self::TooLarge { limit } => write!(f, "is longer than {limit} bytes"),
            Self::Malformed { line } => write!(f, "cannot be understood, line {line}"),
            Self::NoSetting { name } => write!(f, "has no {name}"),
        }
    }
}
