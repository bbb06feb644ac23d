//! CSV with a header line, its types inferred from the first rows.

use std::{
    collections::HashSet,
    io::{self, Read},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

use super::{
    Error, Format, MAX_BATCH_BYTES, MAX_RECORD_BYTES, Opened, Options,
    cell::Kind,
    column::Column,
    error::{HeaderProblem, LineProblem, shown},
    meter::{Meter, Metered},
    raw::Raw,
};

pub(super) fn open(raw: Raw, meter: &Meter, options: &Options) -> Result<Opened, Error> {
    let name = raw.name().to_owned();
    let nulls = Nulls(options.null_values.iter().cloned().collect());
    let (columns, whole) = raw.sample(|sample| infer(&name, sample, &nulls, options.infer_rows))?;
    let fields = columns.iter().map(|(column, kind)| {
        // The sample says nothing about the nulls of the rest.
        Field::new(column, kind.data_type(), true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batches = Rows {
        kinds: columns.iter().map(|(_, kind)| *kind).collect(),
        records: Records::new(&name, meter.on(whole)),
        schema: SchemaRef::clone(&schema),
        nulls,
        limit: options.batch_rows,
    };
    Ok(Opened {
        schema,
        total_rows: None,
        batches: Box::new(batches),
    })
}

/// The name and type of each column, by the header and the first rows.
fn infer(
    name: &str,
    sample: &mut dyn Read,
    nulls: &Nulls,
    rows: usize,
) -> Result<Vec<(String, Kind)>, Error> {
    let mut records = Records::new(name, sample);
    let header = records.header()?;
    let mut kinds: Vec<Option<Kind>> = vec![None; header.len()];
    for _ in 0..rows {
        if !records.advance()? {
            break;
        }
        for (kind, text) in kinds.iter_mut().zip(&records.record) {
            // Nothing is wider than text.
            if *kind != Some(Kind::Text) && !nulls.contain(text) {
                let found = Kind::of(text);
                *kind = Some(kind.map_or(found, |kind| kind.with(found)));
            }
        }
    }
    // A column without a value holds any later one as text.
    let kinds = kinds.into_iter().map(|kind| kind.unwrap_or(Kind::Text));
    Ok(header.into_iter().zip(kinds).collect())
}

/// What stands for null: the empty cell, and what the user says.
struct Nulls(HashSet<String>);

impl Nulls {
    fn contain(&self, text: &str) -> bool {
        text.is_empty() || (!self.0.is_empty() && self.0.contains(text))
    }
}

/// The batches of a CSV file.
struct Rows<R> {
    records: Records<R>,
    schema: SchemaRef,
    kinds: Vec<Kind>,
    nulls: Nulls,
    /// The most rows of a batch.
    limit: usize,
}

impl<R: Read> Rows<R> {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let mut columns: Vec<_> = self.kinds.iter().map(|&kind| Column::new(kind)).collect();
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.limit && bytes < MAX_BATCH_BYTES && self.records.advance()? {
            rows += 1;
            bytes += self.records.record.as_slice().len();
            for (i, (column, text)) in columns.iter_mut().zip(&self.records.record).enumerate() {
                if self.nulls.contain(text) {
                    column.push_null();
                } else if !column.push(text) {
                    return Err(Error::Value {
                        name: self.records.name.clone(),
                        line: self.records.line(),
                        column: self.schema.field(i).name().clone(),
                        found: shown(text),
                        expected: self.schema.field(i).data_type().clone(),
                    });
                }
            }
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(SchemaRef::clone(&self.schema), arrays);
        batch.map(Some).map_err(|source| Error::Damaged {
            name: self.records.name.clone(),
            format: Format::Csv,
            source: source.into(),
        })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

/// The records of a CSV file, one at a time, with their lines.
struct Records<R> {
    name: String,
    reader: Reader<Leashed<R>>,
    leash: Meter,
    record: StringRecord,
}

impl<R: Read> Records<R> {
    fn new(name: &str, inner: R) -> Self {
        let leash = Meter::default();
        let reader = Leashed {
            inner: leash.on(inner),
            leash: leash.clone(),
            last: 0,
            crlf: None,
        };
        Self {
            name: name.to_owned(),
            reader: ReaderBuilder::new()
                .buffer_capacity(64 * 1024)
                .from_reader(reader),
            leash,
            record: StringRecord::new(),
        }
    }

    /// The names of the columns: each one there, each one once, and none of them a value.
    fn header(&mut self) -> Result<Vec<String>, Error> {
        let header = self.reader.headers().cloned();
        let header = header.map_err(|error| self.failure(error))?;
        let fail = |problem| {
            Err(Error::Header {
                name: self.name.clone(),
                problem,
            })
        };
        if header.is_empty() {
            return fail(HeaderProblem::Missing);
        }
        if header.iter().all(|cell| Kind::of(cell) != Kind::Text) {
            return fail(HeaderProblem::Data);
        }
        let mut seen = HashSet::new();
        for (i, column) in header.iter().enumerate() {
            if column.is_empty() {
                return fail(HeaderProblem::Unnamed { column: i + 1 });
            }
            if !seen.insert(column) {
                let column = column.to_owned();
                return fail(HeaderProblem::Twice { column });
            }
        }
        Ok(header.iter().map(str::to_owned).collect())
    }

    /// Goes to the next record; false at the end.
    fn advance(&mut self) -> Result<bool, Error> {
        self.leash.reset();
        let more = self.reader.read_record(&mut self.record);
        more.map_err(|error| self.failure(error))
    }

    /// The line that the record begins on, from 1, or the first of the blank lines before it.
    fn line(&self) -> u64 {
        self.line_of(self.record.position())
    }

    /// The parser ends a record at the carriage return and leaves the line feed to the next one.
    fn line_of(&self, position: Option<&Position>) -> u64 {
        let between = position.is_some_and(|position| position.byte() > 0);
        let left = between && self.reader.get_ref().crlf == Some(true);
        position.map_or(0, Position::line) + u64::from(left)
    }

    fn failure(&self, error: csv::Error) -> Error {
        let name = self.name.clone();
        let (line, problem) = match error.kind() {
            ErrorKind::UnequalLengths {
                pos,
                expected_len,
                len,
            } => {
                let cells = LineProblem::Cells {
                    expected: *expected_len,
                    found: *len,
                };
                (self.line_of(pos.as_ref()), cells)
            }
            ErrorKind::Utf8 { pos, .. } => (self.line_of(pos.as_ref()), LineProblem::NotUtf8),
            ErrorKind::Io(error) if is_off_leash(error) => {
                let limit = MAX_RECORD_BYTES;
                // The record that did not end began after the last one that did.
                (
                    self.line_of(Some(self.reader.position())),
                    LineProblem::TooLong { limit },
                )
            }
            _ => {
                let source = io::Error::from(error);
                return Error::Read { name, source };
            }
        };
        Error::Line {
            name,
            line,
            problem,
        }
    }
}

/// Stops a record without end, such as one with a quote left open, before it fills the memory; and
/// notices how lines end.
struct Leashed<R> {
    inner: Metered<R>,
    leash: Meter,
    last: u8,
    /// Whether the first line ends in a carriage return and a line feed, once that is known.
    crlf: Option<bool>,
}

impl<R: Read> Read for Leashed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.leash.count() > MAX_RECORD_BYTES as u64 {
            return Err(io::Error::other(OffLeash));
        }
        let read = self.inner.read(buf)?;
        if self.crlf.is_none() {
            for &byte in buf.iter().take(read) {
                if byte == b'\n' {
                    self.crlf = Some(self.last == b'\r');
                    break;
                }
                self.last = byte;
            }
        }
        Ok(read)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a record is too long")]
struct OffLeash;

fn is_off_leash(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<OffLeash>)
}
