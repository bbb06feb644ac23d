//! What is in a table, as a reader without any of our code finds it: the files that the Delta log
//! names, in the order it names them.

use std::{fs, path::Path};

use arrow_array::{Array, RecordBatch, cast::AsArray, types::Int64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

/// A row of a table of flights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) carrier: String,
    pub(crate) note: Option<String>,
}

/// The rows of the table at `path`, in the order in which they were committed.
pub(crate) fn rows(path: &Path) -> Vec<Row> {
    batches(path).iter().flat_map(rows_in).collect()
}

/// The same with all their columns.
pub(crate) fn batches(path: &Path) -> Vec<RecordBatch> {
    files(path)
        .iter()
        .flat_map(|name| {
            let file = fs::File::open(path.join(name)).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            reader.build().unwrap()
        })
        .map(Result::unwrap)
        .collect()
}

/// Their ids.
pub(crate) fn ids(path: &Path) -> Vec<i64> {
    rows(path).into_iter().map(|row| row.id).collect()
}

fn rows_in(batch: &RecordBatch) -> Vec<Row> {
    let column = |name| batch.column_by_name(name).unwrap();
    let ids = column("id").as_primitive::<Int64Type>();
    let carriers = column("carrier").as_string::<i32>();
    let notes = column("note").as_string::<i32>();
    let row = |n| Row {
        id: ids.value(n),
        carrier: carriers.value(n).to_owned(),
        note: notes.is_valid(n).then(|| notes.value(n).to_owned()),
    };
    (0..batch.num_rows()).map(row).collect()
}

fn files(path: &Path) -> Vec<String> {
    let mut commits: Vec<_> = fs::read_dir(path.join("_delta_log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    commits.sort();
    let mut files = Vec::new();
    for commit in commits {
        for action in fs::read_to_string(commit).unwrap().lines() {
            let action: Value = serde_json::from_str(action).unwrap();
            if let Some(added) = action["add"]["path"].as_str() {
                assert!(!added.contains('%'), "an escaped path: {added}");
                files.push(added.to_owned());
            }
            if let Some(removed) = action["remove"]["path"].as_str() {
                files.retain(|file| file != removed);
            }
        }
    }
    files
}
