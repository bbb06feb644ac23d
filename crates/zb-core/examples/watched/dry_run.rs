//! The dry run: batches through a sender, and how long it took.

use std::{sync::Arc, time::Instant};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use super::Sender;

const BATCHES: usize = 200;
const ROWS: i64 = 1_000;

pub(crate) async fn send(sender: &Sender, batch: &RecordBatch) {
    let started = Instant::now();
    for _ in 0..BATCHES {
        let receipt = sender.send(batch.clone()).await.unwrap();
        assert_eq!(receipt.not_sent().count(), batch.num_rows());
    }
    let rows = BATCHES as i64 * ROWS;
    println!("{rows} rows in {:?}", started.elapsed());
}

/// Seven columns, as many feeds have.
pub(crate) fn readings() -> RecordBatch {
    let integers = |factor: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            (0..ROWS).map(|row| row * factor),
        ))
    };
    let texts = |word: &str| -> ArrayRef {
        let texts = (0..ROWS).map(|row| format!("{word} {row}"));
        Arc::new(StringArray::from_iter_values(texts))
    };
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(
        (0..ROWS).map(|row| row as f64 / 7.0),
    ));
    RecordBatch::try_from_iter([
        ("id", integers(1)),
        ("at", integers(1_000_003)),
        ("device", texts("device")),
        ("place", texts("hall")),
        ("low", integers(-3)),
        ("high", integers(11)),
        ("value", values),
    ])
    .unwrap()
}
