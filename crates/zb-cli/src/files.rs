//! Debug and quarantine files, as record batches.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use zb_core::{
    TableName,
    convert::{Decoder, arrow_schema},
    debug::{ArrowFile, Entry, Kind, ProtoFile, Tail, list},
};

use crate::input::Error;

/// Records are turned into batches of this many.
const RECORDS: usize = 8_192;

/// Or of this many bytes.
const BYTES: usize = 8 << 20;

/// A file that a mirror or a quarantine has left.
pub(crate) struct DebugFile {
    path: PathBuf,
    schema: SchemaRef,
    rows: Rows,
}

enum Rows {
    Arrow(ArrowFile),
    Proto {
        file: Box<ProtoFile>,
        decoder: Box<Decoder>,
        /// How many records came before the next one.
        read: u64,
    },
}

impl DebugFile {
    pub(crate) fn open(entry: &Entry) -> Result<Self, Error> {
        let path = entry.path().to_owned();
        let rows = match entry.kind() {
            Kind::Proto => {
                let file = ProtoFile::open(&path)?;
                let refused = |error: &dyn std::error::Error| Error::Files {
                    name: path.display().to_string(),
                    problem: format!("its descriptor is none of a table: {error}"),
                };
                let schema = arrow_schema(file.descriptor()).map_err(|e| refused(&e))?;
                let decoder = Decoder::new(file.descriptor(), &schema).map_err(|e| refused(&e))?;
                Rows::Proto {
                    file: Box::new(file),
                    decoder: Box::new(decoder),
                    read: 0,
                }
            }
            _ => Rows::Arrow(ArrowFile::open(&path)?),
        };
        let schema = match &rows {
            Rows::Arrow(file) => file.schema(),
            Rows::Proto { decoder, .. } => SchemaRef::clone(decoder.schema()),
        };
        Ok(Self { path, schema, rows })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// How the file ends, once it is read.
    pub(crate) fn tail(&self) -> Option<Tail> {
        match &self.rows {
            Rows::Arrow(file) => file.tail(),
            Rows::Proto { file, .. } => file.tail(),
        }
    }
}

impl Iterator for DebugFile {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rows {
            Rows::Arrow(file) => file.next().map(|batch| Ok(batch?)),
            Rows::Proto {
                file,
                decoder,
                read,
            } => records(&self.path, file, decoder, read).transpose(),
        }
    }
}

/// The next batch of records. A record that is none of the descriptor's ends it: what follows cannot
/// be told to be better.
fn records(
    path: &Path,
    file: &mut ProtoFile,
    decoder: &Decoder,
    read: &mut u64,
) -> Result<Option<RecordBatch>, Error> {
    let (mut records, mut bytes) = (Vec::new(), 0);
    while records.len() < RECORDS
        && bytes < BYTES
        && let Some(record) = file.next()
    {
        let record = record?;
        bytes += record.len();
        records.push(record);
    }
    if records.is_empty() {
        return Ok(None);
    }
    let at = |record, problem| Error::Record {
        name: path.display().to_string(),
        record,
        problem,
    };
    let decoded = decoder.decode(records.iter().map(Vec::as_slice));
    let decoded = decoded.map_err(|error| at(*read, error.to_string()))?;
    if let Some(error) = decoded.errors.first() {
        return Err(at(*read + error.row as u64, error.reason().to_string()));
    }
    *read += records.len() as u64;
    Ok(Some(decoded.batch))
}

/// The files that paths name: files themselves, and those in directories, oldest first.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Entry>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let named = |problem: &str| Error::Files {
            name: path.display().to_string(),
            problem: problem.to_owned(),
        };
        if path.is_dir() {
            let mut entries = list(path)?;
            // Begun by a process that was killed before it wrote out the first row.
            entries.retain(|entry| entry.bytes() > 0);
            if entries.is_empty() {
                return Err(named("there is no debug or quarantine file in it"));
            }
            found.extend(entries);
        } else {
            let entry = Entry::at(path)?;
            found.push(entry.ok_or_else(|| {
                named("it has not the name of a debug or quarantine file; `zb send` sends others")
            })?);
        }
    }
    Ok(found)
}

/// Of the files, those to be sent to `table`: rows that were handed in and the same rows as they were
/// sent are not both, and rows of other tables are not among them unless all are of one other.
pub(crate) fn to_send(found: Vec<Entry>, table: &TableName) -> Result<Vec<Entry>, Error> {
    let refuse = |problem: String| Error::Files {
        name: "what is to be sent".to_owned(),
        problem,
    };
    if found.iter().any(|entry| entry.kind() != Kind::Proto)
        && found.iter().any(|entry| entry.kind() == Kind::Proto)
    {
        return Err(refuse(
            "it is there as it was handed in and as it was sent, and would be stored twice; name \
             zerobus/arrow or zerobus/proto of the directory"
                .to_owned(),
        ));
    }
    let mut labels: Vec<String> = found.iter().map(|e| e.label().to_owned()).collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() < 2 {
        return Ok(found);
    }
    let (ours, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|entry| entry.table().as_ref() == Some(table));
    if ours.is_empty() {
        let labels = labels.join(", ");
        return Err(refuse(format!(
            "it has rows of several tables ({labels}) and none of {table}; name the files of one"
        )));
    }
    for entry in others {
        tracing::info!(path = %entry.path().display(), "of another table, left out");
    }
    Ok(ours)
}
