//! Rows of several kinds.

use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, ListArray, RecordBatch, types::Int32Type,
};

use crate::ground::data::{self, Set};

pub(crate) fn all() -> Vec<Set> {
    vec![data::flights(), data::texts(), numbers(), words(), lists()]
}

/// Measurements: 40 doubles a row, 100,000 rows in batches of 10,000.
fn numbers() -> Set {
    let column = |at: u32| -> ArrayRef {
        let value = |row: u32| f64::from(row.wrapping_mul(2_654_435_761 + at)) / 1e3;
        Arc::new(Float64Array::from_iter_values((0..10_000).map(value)))
    };
    let columns = (0..40).map(|at| (format!("m{at}"), column(at)));
    Set::new(
        "40 doubles",
        &RecordBatch::try_from_iter(columns).unwrap(),
        10,
    )
}

/// Labels from a few that there are: 8 dictionaries a row, 200,000 rows in batches of 20,000.
fn words() -> Set {
    let column = |at: usize| -> ArrayRef {
        let words = (0..20_000).map(|row| format!("label-{}", (row * (at + 7)) % 50));
        let words: Vec<String> = words.collect();
        let words: DictionaryArray<Int32Type> = words.iter().map(String::as_str).collect();
        Arc::new(words)
    };
    let columns = (0..8).map(|at| (format!("w{at}"), column(at)));
    Set::new(
        "8 labels",
        &RecordBatch::try_from_iter(columns).unwrap(),
        10,
    )
}

/// Vectors: a list of 64 doubles a row, 50,000 rows in batches of 5,000.
fn lists() -> Set {
    let rows =
        (0..5_000).map(|row| Some((0..64).map(move |at| Some(f64::from(row * 64 + at) / 7.0))));
    let vectors = ListArray::from_iter_primitive::<Float64Type, _, _>(rows);
    let columns = [("v", Arc::new(vectors) as ArrayRef)];
    Set::new(
        "64 in a list",
        &RecordBatch::try_from_iter(columns).unwrap(),
        10,
    )
}
