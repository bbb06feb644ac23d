//! One file, looked through from its beginning to its end.

use std::collections::BTreeMap;

use arrow_array::{RecordBatch, cast::AsArray as _};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;
use zb_core::{
    debug::{Entry, Kind, Tail},
    ingest::reason_columns,
};

use crate::{
    failure::Failure,
    files::DebugFile,
    inspect::times::{Span, Times},
};

/// What is told of a file.
#[derive(Serialize)]
pub(super) struct Looked {
    pub(super) path: String,
    pub(super) table: String,
    /// What is in it: `arrow`, rows as they were handed in; `proto`, rows as they were sent;
    /// `quarantine`, rows that were refused.
    pub(super) kind: &'static str,
    pub(super) begun: String,
    pub(super) process: u32,
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) batches: u64,
    /// `complete`, `open` (without the mark of its end), `cut`, or `damaged`.
    pub(super) end: &'static str,
    /// Bytes behind the last whole batch or record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cut_bytes: Option<u64>,
    /// What is wrong with a damaged file; everything above is what comes before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) damage: Option<String>,
    pub(super) columns: Vec<Column>,
    pub(super) times: Vec<Span>,
    /// Refused rows by the kind of reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) rejections: BTreeMap<String, u64>,
    /// The first rows.
    pub(super) sample: Vec<Value>,
    #[serde(skip)]
    pub(super) first: Vec<RecordBatch>,
}

#[derive(Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) data_type: String,
    pub(super) nullable: bool,
}

impl Looked {
    /// Looks through a file and keeps its first `rows` rows.
    pub(super) fn at(entry: &Entry, rows: usize) -> Result<Self, Failure> {
        let mut file = DebugFile::open(entry)?;
        let schema = file.schema();
        let is_quarantine = schema.column_with_name(reason_columns::KIND).is_some();
        let begun: DateTime<Utc> = entry.started().into();
        let mut looked = Self {
            path: entry.path().display().to_string(),
            table: entry
                .table()
                .map_or_else(|| entry.label().to_owned(), |table| table.to_string()),
            kind: match entry.kind() {
                Kind::Proto => "proto",
                _ if is_quarantine => "quarantine",
                _ => "arrow",
            },
            begun: begun.to_rfc3339_opts(SecondsFormat::Micros, true),
            process: entry.process(),
            bytes: entry.bytes(),
            rows: 0,
            batches: 0,
            end: "complete",
            cut_bytes: None,
            damage: None,
            columns: schema
                .fields()
                .iter()
                .map(|field| Column {
                    name: field.name().clone(),
                    data_type: field.data_type().to_string(),
                    nullable: field.is_nullable(),
                })
                .collect(),
            times: Vec::new(),
            rejections: BTreeMap::new(),
            sample: Vec::new(),
            first: Vec::new(),
        };
        let mut times = Times::new(&schema);
        let mut wanted = rows;
        for batch in &mut file {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    looked.end = "damaged";
                    looked.damage = Some(Failure::from(error).message().to_owned());
                    break;
                }
            };
            looked.rows += batch.num_rows() as u64;
            looked.batches += 1;
            looked.count_rejections(&batch);
            times.add(&batch);
            let taken = wanted.min(batch.num_rows());
            if taken > 0 {
                looked.first.push(batch.slice(0, taken));
                wanted -= taken;
            }
        }
        match file.tail() {
            Some(Tail::Open) => looked.end = "open",
            Some(Tail::Cut { bytes }) => {
                looked.end = "cut";
                looked.cut_bytes = Some(bytes);
            }
            _ => {}
        }
        looked.times = times.spans();
        looked.sample = values(&looked.first)?;
        Ok(looked)
    }

    fn count_rejections(&mut self, batch: &RecordBatch) {
        let kinds = batch.column_by_name(reason_columns::KIND);
        for kind in kinds
            .into_iter()
            .filter_map(|kinds| kinds.as_string_opt::<i32>())
        {
            for kind in kind.iter().flatten() {
                *self.rejections.entry(kind.to_owned()).or_default() += 1;
            }
        }
    }
}

/// Rows as JSON objects.
fn values(batches: &[RecordBatch]) -> Result<Vec<Value>, Failure> {
    let mut writer = arrow_json::writer::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow_json::writer::JsonArray>(Vec::new());
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    writer
        .write_batches(&batches)
        .and_then(|()| writer.finish())
        .map_err(|e| Failure::of(&e))?;
    let json = writer.into_inner();
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(&json).map_err(|e| Failure::of(&e))
}
