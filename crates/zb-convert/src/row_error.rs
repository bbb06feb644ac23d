//! What can be wrong with one row.

use std::{fmt, sync::Arc};

/// The longest piece of a value that an error repeats, in characters.
const FOUND_MAX: usize = 64;

/// A row that was left out, and why. A row has at most one: the first that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowError {
    /// The row, counted from 0 within the batch or the sequence of rows it was handed in with.
    pub row: usize,
    /// The column as a dotted path from the root; empty where the row itself is at fault.
    pub path: Arc<str>,
    /// What is wrong.
    pub kind: RowErrorKind,
    /// The value that was found, shortened; `None` where there is none to show.
    pub found: Option<Box<str>>,
}

impl RowError {
    pub(crate) fn new(row: usize, fault: Fault) -> Self {
        Self {
            row,
            path: fault.path,
            kind: fault.kind,
            found: fault.found,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}", self.row)?;
        if !self.path.is_empty() {
            write!(f, ", column `{}`", self.path)?;
        }
        write!(f, ": {}", self.reason())
    }
}

impl std::error::Error for RowError {}

impl RowError {
    /// The cause and the value, without row and column.
    pub fn reason(&self) -> impl fmt::Display + '_ {
        Reason(self)
    }
}

struct Reason<'a>(&'a RowError);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        match &self.0.found {
            Some(found) => write!(f, " (found {found})"),
            None => Ok(()),
        }
    }
}

/// Why a row was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RowErrorKind {
    /// A null in a column that is not nullable.
    #[error("a null in a column that is not nullable")]
    NullInRequired,
    /// A null item of a list, which Protobuf cannot say.
    #[error("a null item in a list; Protobuf has none")]
    NullElement,
    /// A null value of a map, which Protobuf cannot say.
    #[error("a null value in a map; Protobuf has none")]
    NullMapValue,
    /// An integer that the column's type cannot hold.
    #[error("an integer out of range")]
    IntegerRange,
    /// A time that does not fit 64 bits of microseconds, or a date that does not fit 32 of days.
    #[error("a time out of range")]
    TimeRange,
    /// A time finer than a microsecond.
    #[error("a time finer than a microsecond; round it, or ask for truncation")]
    SubMicrosecond,
    /// A `Date64` that is not a whole day.
    #[error("a date that is not a whole day")]
    PartialDay,
    /// A decimal with more digits than its type, or the column it goes to, has.
    #[error("a decimal with more digits than its type has")]
    DecimalRange,
    /// A decimal with more places behind the point than the column has.
    #[error("a decimal with more places than the column has; round it first")]
    DecimalScale,
    /// Bytes that are not a variant, or a variant that JSON has no words for.
    #[error("bytes that are no variant, or one that JSON cannot say (as NaN)")]
    Variant,
    /// A record over the limit of the service.
    #[error("a record over the size limit")]
    RecordTooLarge,
    /// Bytes that end in the middle of a field.
    #[error("the record ends in the middle of a field")]
    Truncated,
    /// Bytes that are not Protobuf.
    #[error("the bytes are not a Protobuf message")]
    Malformed,
    /// A field with another wire type than its descriptor says.
    #[error("a field with another wire type than its descriptor says")]
    WireType,
    /// A string that is not UTF-8.
    #[error("a string that is not UTF-8")]
    Utf8,
    /// Text that is not a decimal number of the column's type.
    #[error("text that is not a decimal of the column's type")]
    DecimalText,
    /// Text that is not a UUID.
    #[error("text that is not a UUID")]
    UuidText,
    /// A required field that is not there.
    #[error("a required field is missing")]
    MissingRequired,
    /// Lists and maps that take far more memory than the bytes they came in; see
    /// [`Decoder`](crate::Decoder).
    #[error("a row that unfolds to far more than its length")]
    Unfolds,
}

impl RowErrorKind {
    /// A short, stable name for counting and for machine-readable output, such as
    /// `null_in_required`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NullInRequired => "null_in_required",
            Self::NullElement => "null_element",
            Self::NullMapValue => "null_map_value",
            Self::IntegerRange => "integer_range",
            Self::TimeRange => "time_range",
            Self::SubMicrosecond => "sub_microsecond",
            Self::PartialDay => "partial_day",
            Self::DecimalRange => "decimal_range",
            Self::DecimalScale => "decimal_scale",
            Self::Variant => "variant",
            Self::RecordTooLarge => "record_too_large",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::WireType => "wire_type",
            Self::Utf8 => "utf8",
            Self::DecimalText => "decimal_text",
            Self::UuidText => "uuid_text",
            Self::MissingRequired => "missing_required",
            Self::Unfolds => "unfolds",
        }
    }
}

/// A [`RowError`] that does not know its row yet.
#[derive(Debug)]
pub(crate) struct Fault {
    path: Arc<str>,
    kind: RowErrorKind,
    found: Option<Box<str>>,
}

impl Fault {
    pub(crate) fn new(path: &Arc<str>, kind: RowErrorKind) -> Self {
        Self {
            path: Arc::clone(path),
            kind,
            found: None,
        }
    }

    pub(crate) fn found(path: &Arc<str>, kind: RowErrorKind, found: impl fmt::Display) -> Self {
        Self {
            found: Some(shorten(&found.to_string())),
            ..Self::new(path, kind)
        }
    }
}

fn shorten(value: &str) -> Box<str> {
    match value.char_indices().nth(FOUND_MAX) {
        None => value.into(),
        Some((end, _)) => format!("{}…", &value[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_row_column_cause_and_value() {
        let path: Arc<str> = "origin.id".into();
        let error = RowError::new(
            7,
            Fault::found(&path, RowErrorKind::IntegerRange, "x".repeat(100)),
        );
        assert_eq!(
            error.to_string(),
            format!(
                "row 7, column `origin.id`: an integer out of range (found {}…)",
                "x".repeat(64)
            )
        );
    }
}
