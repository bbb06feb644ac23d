//! Rows that will not be stored, and why.

use std::fmt;

use zb_convert::RowError;

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    error: RowError,
}

/// Who refused a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectedBy {
    /// It could not be turned into a record; it was never sent.
    Conversion,
}

impl RejectedBy {
    /// A short, stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conversion => "conversion",
        }
    }
}

impl Rejection {
    pub(crate) fn conversion(error: RowError) -> Self {
        Self { error }
    }

    /// The row within its batch, from 0.
    pub fn row(&self) -> usize {
        self.error.row
    }

    /// The column as a dotted path; empty where the row as a whole is at fault.
    pub fn column(&self) -> &str {
        &self.error.path
    }

    /// A short, stable name of the reason, for counting.
    pub fn kind(&self) -> &'static str {
        self.error.kind.name()
    }

    /// The reason for people to read, the value included, row and column not.
    pub fn reason(&self) -> String {
        self.error.reason().to_string()
    }

    /// Who refused it.
    pub fn by(&self) -> RejectedBy {
        RejectedBy::Conversion
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
