//! Values of settings, and what they are given as.

use std::{fmt, path::PathBuf, time::Duration};

use zb_types::Secret;

use super::quantity::show_bytes;

/// A value that a setting may have.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Secret(Secret),
    Path(PathBuf),
    Bytes(u64),
    Count(u64),
    Duration(Duration),
    Word(&'static str),
    Flag(bool),
    Names(Vec<String>),
}

/// As people see it. Secrets are masked.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(_) => f.write_str("***"),
            Self::Path(path) => path.display().fmt(f),
            Self::Bytes(bytes) => f.write_str(&show_bytes(*bytes)),
            Self::Count(n) => n.fmt(f),
            Self::Duration(time) => humantime::format_duration(*time).fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Flag(flag) => flag.fmt(f),
            Self::Names(names) => f.write_str(&names.join(", ")),
        }
    }
}

/// What somebody gives as the value of a setting: a text, or what a TOML file or Python has instead.
#[derive(Clone)]
#[non_exhaustive]
pub enum Given {
    /// A text, from which any kind of value can be read: a number, a size such as `16MiB`, a time such
    /// as `30s`, `true` or `false`, names with commas between them.
    Text(String),
    /// A text that must not show itself.
    Secret(Secret),
    /// A file or a directory.
    Path(PathBuf),
    /// A whole number.
    Integer(i128),
    /// A number; as a time, seconds.
    Number(f64),
    /// A time.
    Duration(Duration),
    /// Yes or no.
    Flag(bool),
    /// Some names.
    Names(Vec<String>),
    /// What is the value of no setting, in words, such as `a table`.
    Other(String),
}

impl fmt::Debug for Given {
    /// Without what a text says: it may be the value of a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(..)"),
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Integer(n) => f.debug_tuple("Integer").field(n).finish(),
            Self::Number(n) => f.debug_tuple("Number").field(n).finish(),
            Self::Duration(time) => f.debug_tuple("Duration").field(time).finish(),
            Self::Flag(flag) => f.debug_tuple("Flag").field(flag).finish(),
            Self::Names(names) => f.debug_tuple("Names").field(names).finish(),
            Self::Other(words) => f.debug_tuple("Other").field(words).finish(),
        }
    }
}

impl Given {
    /// Whether it says nothing.
    pub(super) fn is_blank(&self) -> bool {
        use zb_types::ExposeSecret as _;
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Secret(secret) => secret.expose_secret().trim().is_empty(),
            _ => false,
        }
    }
}

/// As it stands in an error.
impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("a secret"),
            Self::Path(path) => write!(f, "\"{}\"", path.display()),
            Self::Integer(n) => n.fmt(f),
            Self::Number(n) => n.fmt(f),
            Self::Duration(time) => humantime::format_duration(*time).fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Names(names) => write!(f, "{names:?}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<PathBuf> for Given {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}
