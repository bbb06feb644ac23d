//! NDJSON: one object per line, its types inferred from the first rows.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_json::reader::{Decoder, ReaderBuilder, infer_json_schema_from_iterator};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::{
    Error, Format, MAX_BATCH_BYTES, MAX_RECORD_BYTES, Opened, Options,
    error::{LineProblem, shown},
    meter::Meter,
    misfit::{self, Fault, Reason},
    raw::Raw,
    schema::nulls_as_text,
};

pub(super) fn open(raw: Raw, meter: &Meter, options: &Options) -> Result<Opened, Error> {
    let name = raw.name().to_owned();
    let (schema, whole) = raw.sample(|sample| infer(&name, sample, options.infer_rows))?;
    let decoder = ReaderBuilder::new(SchemaRef::clone(&schema))
        // Over what a batch has, so that a batch ends where we say.
        .with_batch_size(options.batch_rows.saturating_add(1))
        .with_coerce_primitive(true)
        .build_decoder()
        .map_err(|source| damaged(&name, source))?;
    let batches = Rows {
        lines: Lines::new(&name, BufReader::with_capacity(64 * 1024, meter.on(whole))),
        schema: SchemaRef::clone(&schema),
        decoder,
        limit: options.batch_rows,
    };
    Ok(Opened {
        schema,
        total_rows: None,
        batches: Box::new(batches),
    })
}

/// The columns of the first rows, in the order in which they first come up.
fn infer(name: &str, sample: &mut dyn Read, rows: usize) -> Result<SchemaRef, Error> {
    let mut lines = Lines::new(name, BufReader::new(sample));
    let mut order: Vec<String> = Vec::new();
    let mut failure = None;
    let mut left = rows;
    let values = std::iter::from_fn(|| {
        if left == 0 {
            return None;
        }
        left -= 1;
        match lines.object(&mut order) {
            Ok(value) => value.map(Ok),
            Err(error) => {
                failure = Some(error);
                // The text is dropped: `failure` has the line and the reason.
                Some(Err(ArrowError::JsonError(String::new())))
            }
        }
    });
    let inferred = infer_json_schema_from_iterator(values);
    if let Some(error) = failure {
        return Err(error);
    }
    let schema = inferred.map_err(|source| Error::Types {
        name: name.to_owned(),
        line: lines.number,
        source,
    })?;
    let place = |field: &str| order.iter().position(|name| name == field);
    let mut fields: Vec<_> = schema.fields().iter().map(nulls_as_text).collect();
    fields.sort_by_key(|field| place(field.name()));
    Ok(Arc::new(Schema::new(fields)))
}

/// The batches of an NDJSON file.
struct Rows<R> {
    lines: Lines<R>,
    schema: SchemaRef,
    decoder: Decoder,
    /// The most rows of a batch.
    limit: usize,
}

impl<R: BufRead> Rows<R> {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.limit && bytes < MAX_BATCH_BYTES && self.lines.advance()? {
            let line = self.lines.text();
            misfit::check(line, self.schema.fields()).map_err(|fault| self.lines.fault(fault))?;
            let decoded = self.decoder.decode(line);
            decoded.map_err(|source| damaged(&self.lines.name, source))?;
            rows += 1;
            bytes += line.len();
        }
        let batch = self.decoder.flush();
        batch.map_err(|source| damaged(&self.lines.name, source))
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}

fn damaged(name: &str, source: ArrowError) -> Error {
    Error::Damaged {
        name: name.to_owned(),
        format: Format::Ndjson,
        source: source.into(),
    }
}

/// The lines of a file that are not blank.
struct Lines<R> {
    name: String,
    reader: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(name: &str, reader: R) -> Self {
        Self {
            name: name.to_owned(),
            reader,
            line: Vec::new(),
            number: 0,
        }
    }

    /// Goes to the next line; false at the end.
    fn advance(&mut self) -> Result<bool, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            let limit = MAX_RECORD_BYTES as u64 + 1;
            let read = (&mut self.reader)
                .take(limit)
                .read_until(b'\n', &mut self.line)
                .map_err(|source| Error::Read {
                    name: self.name.clone(),
                    source,
                })?;
            if read == 0 {
                return Ok(false);
            }
            if self.line.len() > MAX_RECORD_BYTES {
                let limit = MAX_RECORD_BYTES;
                return Err(self.problem(LineProblem::TooLong { limit }));
            }
            // Some programs mark UTF-8 with these bytes.
            if self.number == 1 && self.line.starts_with(b"\xEF\xBB\xBF") {
                self.line.drain(..3);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn text(&self) -> &[u8] {
        self.line.trim_ascii()
    }

    /// The next line as an object, for the inference; its keys are added to `order`.
    fn object(&mut self, order: &mut Vec<String>) -> Result<Option<Value>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let fail = |error| self.fault(Fault::Syntax(error));
        let value: Value = serde_json::from_slice(self.text()).map_err(fail)?;
        if !value.is_object() {
            let found = shown(&String::from_utf8_lossy(self.text()));
            return Err(self.problem(LineProblem::NotAnObject { found }));
        }
        let mut json = serde_json::Deserializer::from_slice(self.text());
        json.deserialize_map(Keys(order)).map_err(fail)?;
        Ok(Some(value))
    }

    fn problem(&self, problem: LineProblem) -> Error {
        Error::Line {
            name: self.name.clone(),
            line: self.number,
            problem,
        }
    }

    fn fault(&self, fault: Fault) -> Error {
        let text = String::from_utf8_lossy(self.text());
        match fault {
            Fault::Syntax(_) if std::str::from_utf8(self.text()).is_err() => {
                self.problem(LineProblem::NotUtf8)
            }
            Fault::Syntax(_) if !text.starts_with('{') => self.problem(LineProblem::NotAnObject {
                found: shown(&text),
            }),
            Fault::Syntax(error) => self.problem(LineProblem::NotJson {
                column: error.column(),
                start: shown(&text),
            }),
            Fault::Misfit(misfit) => {
                let column = misfit.column();
                match misfit.reason {
                    Reason::UnknownColumn => self.problem(LineProblem::UnknownColumn { column }),
                    Reason::Type { found, expected } => Error::Value {
                        name: self.name.clone(),
                        line: self.number,
                        column,
                        found,
                        expected,
                    },
                }
            }
        }
    }
}

/// Gathers the keys of an object in their order, which a [`Value`] forgets.
struct Keys<'a>(&'a mut Vec<String>);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
            // Mostly the same keys in the same order.
            if self.0.get(next) == Some(&key) {
                next += 1;
            } else if let Some(known) = self.0.iter().position(|known| *known == key) {
                next = known + 1;
            } else {
                self.0.push(key);
            }
        }
        Ok(())
    }
}
