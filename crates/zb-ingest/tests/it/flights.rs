//! The rows that are sent: each has an id of its own.

use std::{ops::Range, sync::Arc};

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type,
};
use arrow_schema::{DataType, Field, Schema};
use zb_types::TableName;

pub(crate) fn table() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

/// `id BIGINT NOT NULL, carrier STRING NOT NULL, note STRING`.
pub(crate) fn schema() -> Schema {
    Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("carrier", DataType::Utf8, false),
        Field::new("note", DataType::Utf8, true),
    ])
}

pub(crate) fn flights(ids: Range<i64>) -> RecordBatch {
    let rows: Vec<_> = ids.map(|id| (id, Some("UA"), String::new())).collect();
    rows_of(&rows)
}

/// Flights whose notes have these lengths.
pub(crate) fn with_notes(ids: Range<i64>, lengths: &[usize]) -> RecordBatch {
    let rows: Vec<_> = ids
        .zip(lengths)
        .map(|(id, &length)| (id, Some("UA"), "n".repeat(length)))
        .collect();
    rows_of(&rows)
}

/// Flights of which those in `nameless` have no carrier, which they must have.
pub(crate) fn without_carrier(ids: Range<i64>, nameless: &[i64]) -> RecordBatch {
    let rows: Vec<_> = ids
        .map(|id| (id, (!nameless.contains(&id)).then_some("UA"), String::new()))
        .collect();
    rows_of(&rows)
}

/// `(id, carrier, note)`, an empty note being none.
pub(crate) fn rows_of<'a>(rows: &'a [(i64, Option<&str>, String)]) -> RecordBatch {
    let ids = Int64Array::from_iter_values(rows.iter().map(|row| row.0));
    let carriers: StringArray = rows.iter().map(|row| row.1).collect();
    let note = |note: &'a String| (!note.is_empty()).then_some(note.as_str());
    let notes: StringArray = rows.iter().map(|row| note(&row.2)).collect();
    // What a reader of files gives: every column nullable.
    let fields: Vec<_> = schema()
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    let columns: [ArrayRef; 3] = [Arc::new(ids), Arc::new(carriers), Arc::new(notes)];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.to_vec()).unwrap()
}

pub(crate) fn ids_of(batch: &RecordBatch) -> Vec<i64> {
    let column = batch.column_by_name("id").unwrap();
    column.as_primitive::<Int64Type>().values().to_vec()
}
