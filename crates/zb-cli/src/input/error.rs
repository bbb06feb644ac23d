//! Why an input cannot be read, with the place and what to do about it.

use std::{fmt, io};

use arrow_schema::{ArrowError, DataType};

use super::{Format, sniff::Content};

/// Why an input cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name} cannot be opened")]
    Open { name: String, source: io::Error },

    #[error("{name} cannot be read")]
    Read { name: String, source: io::Error },

    #[error("{name} cannot be kept in a temporary file")]
    Spool { name: String, source: io::Error },

    #[error("standard input is named twice; it can be read once")]
    StdinTwice,

    #[error("reading stopped before the end of the files; one of them is damaged")]
    Stopped,

    #[error("no file is named")]
    Nothing,

    #[error(transparent)]
    Debug(#[from] zb_core::debug::Error),

    #[error("{name}, record {record}: {problem}")]
    Record {
        name: String,
        record: u64,
        problem: String,
    },

    #[error("{name}: {problem}")]
    Files { name: String, problem: String },

    #[error("{name} is empty: it has not a single byte")]
    Empty { name: String },

    #[error(
        "what {name} is cannot be told from its name: say --format parquet, arrow, csv or ndjson"
    )]
    UnknownFormat { name: String },

    #[error("{name} is {content}, which is not read: {}", content.advice())]
    Unsupported { name: String, content: Content },

    #[error(
        "{name} is {} by its first bytes, not {} as {}",
        found.name(),
        claimed.name(),
        mismatch_advice(*found, *forced)
    )]
    Mismatch {
        name: String,
        claimed: Format,
        found: Format,
        forced: bool,
    },

    #[error(
        "{name} is not {}: it begins with {start:?}; if it is text, say --format csv or ndjson",
        claimed.name()
    )]
    NotBinary {
        name: String,
        claimed: Format,
        start: String,
    },

    #[error("{name} is damaged or cut short: it cannot be read as {}", format.name())]
    Damaged {
        name: String,
        format: Format,
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    #[error("{name}, header: {problem}")]
    Header {
        name: String,
        problem: HeaderProblem,
    },

    #[error("{name}, line {line}: {problem}")]
    Line {
        name: String,
        line: u64,
        problem: LineProblem,
    },

    #[error(
        "{name}, line {line}, column `{column}`: {found} is no {expected}, which the rows before it \
         are; look at more rows with --infer-rows, or send Parquet"
    )]
    Value {
        name: String,
        line: u64,
        column: String,
        found: String,
        expected: DataType,
    },

    #[error("{name}, line {line}: its types contradict the rows before it; send Parquet")]
    Types {
        name: String,
        line: u64,
        source: ArrowError,
    },

    #[error("{name} has a null where its schema allows none")]
    Nulls { name: String, source: ArrowError },

    #[error("{name} does not have the columns of {first}: {difference}")]
    Schema {
        name: String,
        first: String,
        difference: Box<Difference>,
    },
}

impl Error {
    /// Whether the command is wrong, and no file needs to be looked at to know it.
    pub(crate) fn is_usage(&self) -> bool {
        matches!(self, Self::StdinTwice | Self::Nothing)
    }
}

fn mismatch_advice(found: Format, forced: bool) -> String {
    if forced {
        "--format says; leave that out".to_owned()
    } else {
        format!("its name says; rename it, or say --format {}", found.flag())
    }
}

/// What is wrong with the header of a CSV file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeaderProblem {
    Missing,
    Unnamed { column: usize },
    Twice { column: String },
    Data,
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is none"),
            Self::Unnamed { column } => write!(f, "column {column} has no name"),
            Self::Twice { column } => write!(f, "two columns are named `{column}`"),
            Self::Data => f.write_str(
                "the first line looks like data; put the names of the columns before it",
            ),
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineProblem {
    /// CSV.
    Cells { expected: u64, found: u64 },
    /// CSV and NDJSON.
    NotUtf8,
    /// CSV and NDJSON.
    TooLong { limit: usize },
    /// NDJSON.
    NotJson { column: usize, start: String },
    /// NDJSON.
    NotAnObject { found: String },
    /// NDJSON.
    UnknownColumn { column: String },
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cells { expected, found } => {
                write!(f, "it has {found} cells, the header has {expected}")
            }
            Self::NotUtf8 => f.write_str("it is not UTF-8"),
            Self::TooLong { limit } => write!(
                f,
                "what begins here is longer than {} MiB; is a quote left open?",
                limit / (1024 * 1024)
            ),
            Self::NotJson { column, start } => write!(
                f,
                "no JSON object on one line, at character {column} of {start}"
            ),
            Self::NotAnObject { found } => write!(f, "a JSON object belongs here, not {found}"),
            Self::UnknownColumn { column } => write!(
                f,
                "the rows before it have no `{column}`; look at more rows with --infer-rows"
            ),
        }
    }
}

/// How the columns of two files differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    Count {
        here: usize,
        there: usize,
    },
    Name {
        column: usize,
        here: String,
        there: String,
    },
    Type {
        column: String,
        here: DataType,
        there: DataType,
    },
    Extension {
        column: String,
        here: Option<String>,
        there: Option<String>,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
        match self {
            Self::Count { here, there } => write!(f, "it has {here}, the other has {there}"),
            Self::Name {
                column,
                here,
                there,
            } => write!(f, "column {column} is `{here}` here and `{there}` there"),
            Self::Type {
                column,
                here,
                there,
            } => write!(f, "column `{column}` is {here} here and {there} there"),
            Self::Extension {
                column,
                here,
                there,
            } => write!(
                f,
                "column `{column}` has the extension type {} here and {} there",
                or_none(here),
                or_none(there)
            ),
        }
    }
}

/// A value for an error text: quoted, and no longer than a line.
pub(super) fn shown(value: &str) -> String {
    const MAX: usize = 40;
    match value.char_indices().nth(MAX) {
        Some((end, _)) => format!("{:?}...", value.get(..end).unwrap_or_default()),
        None => format!("{value:?}"),
    }
}
