//! The readers, format by format, on small files in a temporary folder.

mod binary;
mod csv;
mod damaged;
mod formats;
mod many;
mod ndjson;

use std::{
    error::Error as _,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int64Type,
};
use arrow_schema::DataType;
use tempfile::TempDir;

use super::*;

/// A temporary folder and what it takes to fill it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

/// A pipe: it hands over one byte at first, and cannot seek.
fn pipe(content: impl Into<Vec<u8>>) -> Box<dyn Read + Send> {
    let content = io::Cursor::new(content.into());
    let mut rest = content.clone();
    rest.set_position(1);
    Box::new(content.take(1).chain(rest))
}

fn read(path: &Path, options: &Options) -> Result<Vec<RecordBatch>, Error> {
    Input::open(path, options)?.collect()
}

/// The error of a file and of everything below it, in one line, with `FOLDER` for the folder.
fn failure(path: &Path, options: &Options) -> String {
    match read(path, options) {
        Ok(batches) => panic!("{path:?} can be read: {batches:?}"),
        Err(error) => told(&error).replace(path.parent().unwrap().to_str().unwrap(), "FOLDER"),
    }
}

fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn types(input: &Input) -> Vec<(String, DataType)> {
    let schema = input.schema();
    let fields = schema.fields().iter();
    fields
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect()
}

/// `n` rows of a number and a word.
fn numbers(n: i64) -> RecordBatch {
    let number: ArrayRef = std::sync::Arc::new(Int64Array::from_iter_values(0..n));
    let words = (0..n).map(|i| format!("word {i}"));
    let word: ArrayRef = std::sync::Arc::new(StringArray::from_iter_values(words));
    RecordBatch::try_from_iter([("number", number), ("word", word)]).unwrap()
}

/// The first column of all batches.
fn first_column(batches: &[RecordBatch]) -> Vec<i64> {
    let columns = batches.iter().map(|batch| batch.column(0));
    columns
        .flat_map(|column| column.as_primitive::<Int64Type>().values().to_vec())
        .collect()
}
