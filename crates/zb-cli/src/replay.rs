//! `zb replay`: debug and quarantine files sent again, the ordinary way.

use std::{collections::HashMap, process::ExitCode, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use zb_core::{
    debug::{Entry, Kind, Tail},
    ingest::reason_columns,
    telemetry::Telemetry,
};

use crate::{
    arguments::Replay,
    failure::Failure,
    files::{DebugFile, find, to_send},
    input::Error,
    legible::legible,
    send::{self, Form, Part},
};

pub(crate) async fn run(
    arguments: Replay,
    telemetry: Option<Telemetry>,
) -> Result<ExitCode, Failure> {
    let Replay { paths, sending } = arguments;
    let table = sending.table.clone();
    let opening = async move {
        let found = tokio::task::spawn_blocking(move || {
            let entries = to_send(find(&paths)?, &table)?;
            parts(entries)
        });
        Ok(found.await.map_err(|_| Error::Stopped)??)
    };
    send::parts(&sending, telemetry, opening).await
}

/// The files in their order, those of one schema together.
fn parts(entries: Vec<Entry>) -> Result<Vec<Part>, Error> {
    let mut order: Vec<SchemaRef> = Vec::new();
    let mut files: HashMap<SchemaRef, Vec<Entry>> = HashMap::new();
    for entry in entries {
        // Every file is looked into before the first row is sent.
        let schema = Arc::new(without_reasons(&DebugFile::open(&entry)?.schema()));
        files
            .entry(SchemaRef::clone(&schema))
            .or_insert_with(|| {
                order.push(schema);
                Vec::new()
            })
            .push(entry);
    }
    let part = |schema: SchemaRef| {
        let entries = files.remove(&schema).unwrap_or_default();
        // All of them are of one kind.
        let is_proto = entries.first().is_some_and(|e| e.kind() == Kind::Proto);
        Part {
            form: if is_proto { Form::Records } else { Form::Data },
            batches: Box::new(entries.into_iter().flat_map(batches)),
            schema,
            total_rows: None,
        }
    };
    Ok(order.into_iter().map(part).collect())
}

/// The rows of a file, without reasons why they were refused before.
fn batches(entry: Entry) -> Box<dyn Iterator<Item = Result<RecordBatch, Error>> + Send> {
    let mut file = match DebugFile::open(&entry) {
        Ok(file) => file,
        Err(error) => return Box::new(std::iter::once(Err(error))),
    };
    Box::new(std::iter::from_fn(move || {
        let batch = file.next();
        if batch.is_none()
            && let Some(Tail::Cut { bytes }) = file.tail()
        {
            say(&entry, bytes);
        }
        batch.map(|batch| project(&batch?))
    }))
}

#[expect(clippy::print_stderr, reason = "the user must know what is missing")]
fn say(entry: &Entry, bytes: u64) {
    let path = entry.path().display().to_string();
    let path = legible(&path);
    eprintln!("{path} was cut short: {bytes} bytes behind its last whole batch are not sent");
}

fn project(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let kept = kept(batch.schema_ref());
    batch.project(&kept).map_err(|error| Error::Files {
        name: "a batch".to_owned(),
        problem: error.to_string(),
    })
}

fn without_reasons(schema: &Schema) -> Schema {
    let fields: Vec<_> = kept(schema)
        .into_iter()
        .filter_map(|at| schema.fields().get(at).cloned())
        .collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// The places of the columns that are no reasons.
fn kept(schema: &Schema) -> Vec<usize> {
    let fields = schema.fields().iter().enumerate();
    fields
        .filter(|(_, field)| !reason_columns::ALL.contains(&field.name().as_str()))
        .map(|(at, _)| at)
        .collect()
}
