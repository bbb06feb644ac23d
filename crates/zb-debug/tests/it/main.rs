//! Mirrors, quarantine files and their readers, on real files.
#![allow(
    clippy::expect_used,
    clippy::from_iter_instead_of_collect,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests, with functions that are parts of tests"
)]

mod faults;
mod killed;
mod mirrored;
mod processes;
mod quarantined;
mod reading;
mod redacted;
mod retained;
mod rotated;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use prost::Message as _;
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};
use zb_debug::{ArrowFile, Kind, ProtoFile, Tail, list};
use zb_types::TableName;

fn table(name: &str) -> TableName {
    name.parse().unwrap()
}

fn flights() -> TableName {
    table("main.nyc.flights")
}

/// Rows with the numbers `from..from + rows`.
fn batch(from: i64, rows: i64) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]);
    let ids = Int64Array::from_iter_values(from..from + rows);
    let names: StringArray = (from..from + rows)
        .map(|id| (id % 3 != 0).then(|| format!("row {id}")))
        .collect();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(names)]).unwrap()
}

/// A row as it is sent.
#[derive(Clone, PartialEq, prost::Message)]
struct Row {
    #[prost(int64, required, tag = "1")]
    id: i64,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(bytes = "vec", optional, tag = "3")]
    raw: Option<Vec<u8>>,
}

fn descriptor() -> Arc<DescriptorProto> {
    let field = |name: &str, number, label, kind| {
        let mut field = FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            ..FieldDescriptorProto::default()
        };
        field.set_label(label);
        field.set_type(kind);
        field
    };
    Arc::new(DescriptorProto {
        name: Some("Flights".to_owned()),
        field: vec![
            field("id", 1, Label::Required, Type::Int64),
            field("name", 2, Label::Optional, Type::String),
            field("raw", 3, Label::Optional, Type::Bytes),
        ],
        ..DescriptorProto::default()
    })
}

fn records(ids: impl IntoIterator<Item = i64>) -> Vec<Vec<u8>> {
    let rows = ids.into_iter().map(|id| Row {
        id,
        name: Some(format!("row {id}")),
        raw: None,
    });
    rows.map(|row| row.encode_to_vec()).collect()
}

/// The files of a kind, the oldest first.
fn files(directory: &Path, kind: Kind) -> Vec<PathBuf> {
    let entries = list(directory).unwrap().into_iter();
    let entries = entries.filter(|entry| entry.kind() == kind);
    entries.map(|entry| entry.path().to_owned()).collect()
}

/// Those that have something in them: one may have been begun and never written out.
fn begun_and_written(directory: &Path, kind: Kind) -> Vec<PathBuf> {
    let mut files = files(directory, kind);
    files.retain(|path| len(path) > 0);
    files
}

fn batches(path: &Path) -> (Vec<RecordBatch>, Tail) {
    let mut file = ArrowFile::open(path).unwrap();
    let batches = file.by_ref().map(Result::unwrap).collect();
    (batches, file.tail().unwrap())
}

/// The ids in all Arrow files, in the order of files and rows.
fn ids(directory: &Path) -> Vec<i64> {
    let files = begun_and_written(directory, Kind::Arrow);
    let batches = files.iter().flat_map(|file| batches(file).0);
    batches.flat_map(|batch| ids_of(&batch)).collect()
}

fn ids_of(batch: &RecordBatch) -> Vec<i64> {
    let column = batch.column_by_name("id").unwrap();
    let ids = column.as_any().downcast_ref::<Int64Array>().unwrap();
    ids.values().to_vec()
}

/// The ids in all Protobuf files, in the order of files and records.
fn record_ids(directory: &Path) -> Vec<i64> {
    let files = begun_and_written(directory, Kind::Proto);
    let records = files.iter().flat_map(|file| ProtoFile::open(file).unwrap());
    let ids = records.map(|record| Row::decode(record.unwrap().as_slice()).unwrap().id);
    ids.collect()
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// One of the ignored tests in a process of its own, set up by a shell first.
fn child(setup: &str, test: &str, directory: &Path) -> Command {
    let mut command = Command::new("sh");
    let script =
        format!("{setup}\nexec \"$0\" --exact \"$1\" --ignored --nocapture --test-threads=1");
    command
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env("ZB_DEBUG_TEST_DIR", directory)
        .stdin(Stdio::null());
    command
}

/// Where a child is to write.
fn child_directory() -> PathBuf {
    let directory = std::env::var_os("ZB_DEBUG_TEST_DIR");
    PathBuf::from(directory.expect("this test is run by another one"))
}

/// Runs a child to its end.
fn run_child(setup: &str, test: &str, directory: &Path) {
    let output = child(setup, test, directory).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}\n{stderr}");
}
