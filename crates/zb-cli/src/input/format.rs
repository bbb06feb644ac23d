//! Which format a file has: what its name says, what the user says, what its first bytes say.

use std::path::Path;

use super::{Error, raw::Raw, sniff::Content};

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Apache Parquet.
    Parquet,
    /// Arrow IPC, as a file (Feather V2) or as a stream.
    Arrow,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per line.
    Ndjson,
}

impl Format {
    /// By the extension of a file's name.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "parquet" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// As people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow IPC",
            Self::Csv => "CSV",
            Self::Ndjson => "NDJSON",
        }
    }

    /// As `--format` wants it.
    pub(crate) fn flag(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }
}

/// The format to read `raw` as. The first bytes decide whether the claim about it holds.
pub(super) fn decide(
    raw: &Raw,
    by_name: Option<Format>,
    forced: Option<Format>,
) -> Result<Format, Error> {
    let content = raw.content();
    let name = || raw.name().to_owned();
    let found = match content {
        Content::Empty => return Err(Error::Empty { name: name() }),
        Content::Parquet => Some(Format::Parquet),
        Content::ArrowFile | Content::ArrowStream => Some(Format::Arrow),
        Content::Unknown => None,
        _ => {
            return Err(Error::Unsupported {
                name: name(),
                content,
            });
        }
    };
    match (forced.or(by_name), found) {
        (None, Some(found)) => Ok(found),
        (Some(claimed), Some(found)) if claimed == found => Ok(found),
        (Some(claimed @ (Format::Csv | Format::Ndjson)), None) => Ok(claimed),
        (Some(claimed), Some(found)) => Err(Error::Mismatch {
            name: name(),
            claimed,
            found,
            forced: forced.is_some(),
        }),
        (Some(claimed), None) => Err(Error::NotBinary {
            name: name(),
            claimed,
            start: raw.start(),
        }),
        (None, None) => Err(Error::UnknownFormat { name: name() }),
    }
}
