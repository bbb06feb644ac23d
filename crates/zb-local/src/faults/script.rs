//! Faults together: a script for one server.

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{fault::Fault, toml};

/// What goes wrong in a server: faults, in an order that matters where several of them are about
/// the same event. Their delays add up then; of what else they do, the first one wins, and the
/// others do not count it as theirs.
///
/// ```
/// use zb_local::faults::{Fault, FaultScript};
///
/// let one = FaultScript::from(Fault::on_ack().nth(3).cut().named("ack lost"));
/// let same: FaultScript = r#"
///     [[fault]]
///     name = "ack lost"
///     on = "ack"
///     nth = 3
///     do = "cut"
/// "#.parse()?;
/// assert_eq!(one, same);
/// # Ok::<(), zb_local::faults::ScriptError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultScript {
    faults: Vec<Fault>,
}

/// Why a text is not a fault script.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The text is not TOML, or not a script.
    #[error("line {line}: {problem}")]
    Script {
        /// The line, from 1. Where a whole fault is wrong, the line it begins at.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl FaultScript {
    /// A script of these faults.
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults = faults.into_iter().collect();
        Self { faults }
    }

    /// Reads a TOML file.
    ///
    /// # Errors
    ///
    /// [`ScriptError`], with the line.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScriptError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| ScriptError::Read {
            path: path.to_owned(),
            source,
        })?;
        text.parse()
    }

    /// The faults, in their order.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

impl FromStr for FaultScript {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        toml::parse(text).map(Self::new)
    }
}

impl From<Fault> for FaultScript {
    fn from(fault: Fault) -> Self {
        Self::new([fault])
    }
}

impl<const N: usize> From<[Fault; N]> for FaultScript {
    fn from(faults: [Fault; N]) -> Self {
        Self::new(faults)
    }
}

impl From<Vec<Fault>> for FaultScript {
    fn from(faults: Vec<Fault>) -> Self {
        Self { faults }
    }
}

impl FromIterator<Fault> for FaultScript {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self::new(faults)
    }
}
