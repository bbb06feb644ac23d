//! The rows that are sent: each has an id, (producer, seq), and a hash of its content, so that a row
//! that is lost, doubled, changed or invented has a name.

use std::{ops::Range, sync::Arc};

use arrow_array::{Array as _, ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::{DataType, Field, Schema};
use sha2::{Digest as _, Sha256};
use zb_core::TableName;

/// The table of every case, each in a lake of its own.
pub(super) fn table() -> TableName {
    "main.faults.rows".parse().unwrap()
}

/// The same table in SQL, for `zb serve`.
pub(super) const CREATE: &str = "CREATE TABLE main.faults.rows (run STRING NOT NULL, \
    producer BIGINT NOT NULL, seq BIGINT NOT NULL, kind STRING NOT NULL, payload STRING NOT NULL, \
    hash STRING NOT NULL)";

const NAMES: [&str; 6] = ["run", "producer", "seq", "kind", "payload", "hash"];

/// The columns of the table.
pub(super) fn schema() -> Schema {
    fields(false)
}

/// The same with the two columns of stamps.
pub(super) fn stamped_schema() -> Schema {
    let stamps = [("_zb_batch", DataType::Utf8), ("_zb_row", DataType::Int64)];
    let stamps = stamps.map(|(name, of)| Arc::new(Field::new(name, of, true)));
    let own = schema();
    let fields = own.fields().iter().cloned().chain(stamps);
    Schema::new(fields.collect::<Vec<_>>())
}

fn fields(nullable: bool) -> Schema {
    let field = |name: &str| {
        let of = match name {
            "producer" | "seq" => DataType::Int64,
            _ => DataType::Utf8,
        };
        Field::new(name, of, nullable)
    };
    Schema::new(NAMES.map(field).to_vec())
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Good,
    /// A script can have the service refuse it: `column = "kind", equals = "poison"`.
    Poison,
    /// It has no payload, which it must have: it cannot be turned into a record.
    Hollow,
    /// It is larger than the service takes.
    Huge,
}

/// Rows of one producer.
pub(super) fn batch(
    run: &str,
    producer: i64,
    seqs: Range<i64>,
    payload: usize,
    kind: impl Fn(i64) -> Kind,
) -> RecordBatch {
    let rows: Vec<_> = seqs
        .map(|seq| {
            let kind = kind(seq);
            let name = if kind == Kind::Poison {
                "poison"
            } else {
                "good"
            };
            // Rows differ in length, so that requests are cut at other places every time.
            let length = match kind {
                Kind::Huge => 11 << 20,
                _ => payload + usize::try_from(seq % 7).unwrap_or_default(),
            };
            let text = format!("{seq}.").repeat(length / 3 + 1);
            let hash = hash(&format!("{run}|{producer}|{seq}|{name}|{text}"));
            (seq, name, (kind != Kind::Hollow).then_some(text), hash)
        })
        .collect();
    let text = |of: Vec<Option<&str>>| Arc::new(StringArray::from(of)) as ArrayRef;
    let columns = vec![
        text(vec![Some(run); rows.len()]),
        Arc::new(Int64Array::from(vec![producer; rows.len()])),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
        text(rows.iter().map(|row| Some(row.1)).collect()),
        text(rows.iter().map(|row| row.2.as_deref()).collect()),
        text(rows.iter().map(|row| Some(row.3.as_str())).collect()),
    ];
    // What a reader of files gives: every column nullable.
    RecordBatch::try_new(Arc::new(fields(true)), columns).unwrap()
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first: [u8; 8] = digest[..8].try_into().unwrap();
    format!("{:016x}", u64::from_be_bytes(first))
}

/// The ids of the rows of a batch.
pub(super) fn ids(batch: &RecordBatch) -> Vec<(i64, i64)> {
    let column = |name| batch.column_by_name(name).unwrap();
    let producers = column("producer").as_primitive::<arrow_array::types::Int64Type>();
    let seqs = column("seq").as_primitive::<arrow_array::types::Int64Type>();
    assert_eq!(producers.null_count() + seqs.null_count(), 0);
    let values = producers.values().iter().zip(seqs.values());
    values.map(|(producer, seq)| (*producer, *seq)).collect()
}
