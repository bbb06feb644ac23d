//! Files as streams of record batches: Parquet, Arrow IPC, CSV, NDJSON, from disk or a pipe.
//!
//! [`Inputs`] reads several files as if they were one; [`Input`] is one of them. Both block, both
//! hold one batch at a time however long the file is, and both refuse to guess: a value that does
//! not fit is an error with its place, never a silent change.

mod cell;
mod column;
mod csv;
mod error;
mod format;
mod guard;
mod ipc;
mod ipc_stream;
mod many;
mod meter;
mod misfit;
mod ndjson;
mod parquet;
mod raw;
mod schema;
mod sniff;
#[cfg(test)]
mod tests;

use std::path::Path;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

pub(crate) use self::{
    error::Error,
    format::Format,
    guard::{is_reading, text as panic_text},
    many::Inputs,
};
use self::{guard::guard, meter::Meter, raw::Raw};

/// No text batch is larger than this, in bytes of the file, however few rows it has.
const MAX_BATCH_BYTES: usize = 64 * 1024 * 1024;

/// No line or CSV record is longer than this, in bytes: the service takes records of 10 MB.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// How files are read.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// What the files are. Default: by extension, or for a pipe by the first bytes.
    pub(crate) format: Option<Format>,
    /// The most rows of a batch. Default: 8192.
    pub(crate) batch_rows: usize,
    /// How many rows of a CSV or NDJSON file decide on its types. Default: 10,000.
    pub(crate) infer_rows: usize,
    /// What stands for null in CSV besides the empty cell. Default: nothing.
    pub(crate) null_values: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            batch_rows: 8192,
            infer_rows: 10_000,
            null_values: Vec::new(),
        }
    }
}

/// How far reading has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Rows read.
    pub(crate) rows: u64,
    /// Rows there are, where the file says so beforehand.
    pub(crate) total_rows: Option<u64>,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Bytes there are, unless it is a pipe.
    pub(crate) total_bytes: Option<u64>,
}

/// The batches of one format.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send>;

/// What a format's reader found.
struct Opened {
    schema: SchemaRef,
    total_rows: Option<u64>,
    batches: Batches,
}

/// One file or pipe, read from its beginning.
///
/// After an error it ends.
pub(crate) struct Input {
    name: String,
    format: Format,
    schema: SchemaRef,
    batches: Option<Batches>,
    meter: Meter,
    rows: u64,
    total_rows: Option<u64>,
    total_bytes: Option<u64>,
    /// Without an error.
    ended: bool,
}

impl Input {
    /// Opens a file, or standard input for `-`, and finds out its schema.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not what it says it is, or is damaged.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, Error> {
        let by_name = Format::of_path(path);
        Self::new(Raw::open(path)?, by_name, options)
    }

    /// Reads whatever comes, such as a pipe. `name` is for error texts.
    #[cfg(test)]
    pub(crate) fn from_reader(
        name: &str,
        reader: impl std::io::Read + Send + 'static,
        options: &Options,
    ) -> Result<Self, Error> {
        Self::new(Raw::stream(name, reader)?, None, options)
    }

    fn new(raw: Raw, by_name: Option<Format>, options: &Options) -> Result<Self, Error> {
        let format = format::decide(&raw, by_name, options.format)?;
        let meter = Meter::default();
        let total_bytes = raw.len();
        let name = raw.name().to_owned();
        let opened = guarded(&name, format, || match format {
            Format::Parquet => parquet::open(raw, options),
            Format::Arrow => ipc::open(raw, &meter, options),
            Format::Csv => csv::open(raw, &meter, options),
            Format::Ndjson => ndjson::open(raw, &meter, options),
        })?;
        Ok(Self {
            name,
            format,
            schema: opened.schema,
            batches: Some(opened.batches),
            meter,
            rows: 0,
            total_rows: opened.total_rows,
            total_bytes,
            ended: false,
        })
    }

    /// The columns of every batch.
    pub(crate) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// How far reading has come.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            rows: self.rows,
            total_rows: self.total_rows,
            bytes: self.bytes_read(),
            total_bytes: self.total_bytes,
        }
    }

    /// Where the rows are known beforehand, as in Parquet, they stand for the bytes: columns lie
    /// one after the other there, and their position says nothing. Of the end of a file not every
    /// byte needs to be read.
    fn bytes_read(&self) -> u64 {
        let Some(bytes) = self.total_bytes else {
            return self.meter.count();
        };
        match self.total_rows {
            _ if self.ended => bytes,
            Some(rows) if rows > 0 => {
                let share = u128::from(bytes) * u128::from(self.rows) / u128::from(rows);
                u64::try_from(share).unwrap_or(bytes)
            }
            _ => self.meter.count().min(bytes),
        }
    }
}

impl Iterator for Input {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let batches = self.batches.as_mut()?;
        let next = guarded(&self.name, self.format, || batches.next().transpose()).transpose();
        match &next {
            Some(Ok(batch)) => self.rows += batch.num_rows() as u64,
            Some(Err(_)) => self.batches = None,
            None => {
                self.batches = None;
                self.ended = true;
            }
        }
        next
    }
}

/// Reads; a panic of the reader means that the file is damaged.
fn guarded<T>(
    name: &str,
    format: Format,
    read: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    guard(read).unwrap_or_else(|panicked| {
        Err(Error::Damaged {
            name: name.to_owned(),
            format,
            source: panicked.into(),
        })
    })
}

/// The same columns under another schema that describes them.
fn with_schema(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)
}
