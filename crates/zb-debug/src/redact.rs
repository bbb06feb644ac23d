//! Columns that must not be on disk.

mod arrow;
mod proto;

use std::{fmt::Write as _, io, sync::OnceLock};

use hmac::{Hmac, Mac as _};
use rand::TryRngCore as _;
use sha2::Sha256;

pub(crate) use proto::Plans;

/// What is written in place of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Redaction {
    /// Strings and binary values become a keyed hash of their bytes (HMAC-SHA-256, as 64 lower-case
    /// hexadecimal digits), in a column of strings. Values of other types become null, as with
    /// [`Null`](Redaction::Null).
    ///
    /// The key is made at random for each process and is written nowhere. Equal values have equal
    /// hashes within one run, in both mirrors, and no guess can be tested against them afterwards:
    /// a plain hash of a telephone number is found by trying all of them.
    Hash,
    /// Every value becomes null. The column keeps its type, and may be null in the mirror even where
    /// the table does not allow it.
    Null,
}

/// Which columns are redacted, and how.
#[derive(Debug, Default)]
pub(crate) struct Redactions {
    /// By the name in lower case: Unity Catalog takes no account of case, and neither may we.
    columns: Vec<(String, Redaction)>,
}

impl Redactions {
    pub(crate) fn new(columns: Vec<(String, Redaction)>) -> Self {
        let columns = columns.into_iter();
        let columns = columns.map(|(name, how)| (name.to_lowercase(), how));
        Self {
            columns: columns.collect(),
        }
    }

    /// How a column is redacted. Where it was named twice, the last time counts.
    fn of(&self, name: &str) -> Option<Redaction> {
        if self.columns.is_empty() {
            return None;
        }
        let name = name.to_lowercase();
        let mut columns = self.columns.iter().rev();
        let (_, how) = columns.find(|(column, _)| *column == name)?;
        Some(*how)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

/// Hashes with the key of the process.
#[derive(Clone)]
pub(crate) struct Hasher(Hmac<Sha256>);

impl Hasher {
    /// The hasher of the process.
    pub(crate) fn of_process() -> io::Result<Self> {
        static HASHER: OnceLock<Hasher> = OnceLock::new();
        if let Some(hasher) = HASHER.get() {
            return Ok(hasher.clone());
        }
        let mut key = [0; 32];
        let random = rand::rngs::OsRng.try_fill_bytes(&mut key);
        random.map_err(io::Error::other)?;
        let hasher = Hmac::new_from_slice(&key).map_err(io::Error::other)?;
        Ok(HASHER.get_or_init(|| Self(hasher)).clone())
    }

    fn hash(&self, value: &[u8]) -> String {
        let mut hmac = self.0.clone();
        hmac.update(value);
        let mut hex = String::with_capacity(64);
        for byte in hmac.finalize().into_bytes() {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}
