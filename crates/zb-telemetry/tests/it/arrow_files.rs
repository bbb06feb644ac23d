//! Telemetry in Arrow files.

use std::{fs::File, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use arrow_array::{
    Array as _, RecordBatch,
    cast::AsArray as _,
    types::{Int32Type, Int64Type, UInt64Type},
};
use arrow_ipc::reader::StreamReader;
use tracing_subscriber::prelude::*;
use zb_telemetry::{Recorder as _, Telemetry, names, spans};

use crate::{
    collector::Collector,
    counting::{a_batch, flights, the_end},
};

const LIMIT: Duration = Duration::from_secs(20);

/// The rows of all files of a kind, and how many files there are.
fn read(directory: &Path, kind: &str) -> (Vec<RecordBatch>, usize) {
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_of_kind = |path: &std::path::PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(kind)
    };
    let (mut batches, mut files) = (Vec::new(), 0);
    for path in paths.filter(is_of_kind) {
        files += 1;
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let file = File::open(path).unwrap();
        batches.extend(
            StreamReader::try_new(file, None)
                .unwrap()
                .map(Result::unwrap),
        );
    }
    (batches, files)
}

/// A value of a column as text, however deep.
fn shown(batch: &RecordBatch, column: &str, row: usize) -> String {
    let column = batch.column_by_name(column).unwrap();
    arrow_cast::display::array_value_to_string(column, row).unwrap()
}

fn find(batches: &[RecordBatch], name: &str) -> (RecordBatch, usize) {
    for batch in batches {
        let names = batch.column_by_name("name").unwrap().as_string::<i32>();
        if let Some(row) = names.iter().position(|found| found == Some(name)) {
            return (batch.clone(), row);
        }
    }
    panic!("{name} is not there")
}

fn telemetry(directory: &Path) -> Telemetry {
    let builder = Telemetry::builder().without_collector();
    builder.with_arrow_files(directory).start().unwrap()
}

#[test]
fn spans_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let telemetry = telemetry(directory.path());
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let send = spans::send(&flights(), 10);
        let wait = spans::wait(&send, 10, 100);
        spans::fail(&wait, "connection_lost");
        send.in_scope(|| tracing::info!(target: "zb", half = 5, "half way"));
        drop(spans::retry(&send, &wait, "connection_lost", 2));
    });
    telemetry.shutdown(LIMIT).unwrap();
    let (batches, files) = read(directory.path(), "spans-");
    assert_eq!(files, 1);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);

    let (batch, send) = find(&batches, "send main.nyc.flights");
    let kinds = batch
        .column_by_name("kind")
        .unwrap()
        .as_primitive::<Int32Type>();
    assert_eq!(kinds.value(send), 4);
    assert!(
        batch
            .column_by_name("parent_span_id")
            .unwrap()
            .is_null(send)
    );
    assert!(
        shown(&batch, "attributes", send).contains("messaging.destination.name: main.nyc.flights")
    );
    assert!(shown(&batch, "resource", send).contains("service.name: zb"));
    assert!(shown(&batch, "scope", send).contains("name: zb"));
    assert!(shown(&batch, "events", send).contains("half way"));
    let (wait, row) = find(&batches, "wait");
    assert_eq!(shown(&wait, "status_code", row), "2");
    assert_eq!(
        shown(&wait, "parent_span_id", row),
        shown(&batch, "span_id", send)
    );
    let (retry, at) = find(&batches, "retry");
    let id = shown(&wait, "span_id", row);
    assert!(shown(&retry, "links", at).contains(&id));
}

#[test]
fn metrics_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let telemetry = telemetry(directory.path());
    let (table, recorder) = (flights(), telemetry.recorder());
    for event in a_batch(&table).iter().chain(&the_end(&table)) {
        recorder.record(event);
    }
    telemetry.shutdown(LIMIT).unwrap();
    let (batches, _) = read(directory.path(), "metrics-");
    for metric in names::METRICS {
        let (batch, row) = find(&batches, metric.name);
        assert_eq!(shown(&batch, "unit", row), metric.unit);
        assert_eq!(shown(&batch, "description", row), metric.description);
    }
    let (batch, row) = find(&batches, names::DURABLE_ROWS.name);
    let values = batch
        .column_by_name("value_int")
        .unwrap()
        .as_primitive::<Int64Type>();
    assert_eq!(values.value(row), 90);
    assert_eq!(shown(&batch, "is_monotonic", row), "true");
    assert_eq!(shown(&batch, "temporality", row), "cumulative");

    let (batch, row) = find(&batches, names::ACK_DURATION.name);
    let counts = batch
        .column_by_name("bucket_counts")
        .unwrap()
        .as_list::<i32>()
        .value(row);
    let counts = counts.as_primitive::<UInt64Type>().values().to_vec();
    assert_eq!(counts.iter().sum::<u64>(), 2);
    assert_eq!((counts[3], counts[5]), (1, 1), "40 ms and 80 ms");
    assert_eq!(shown(&batch, "count", row), "2");
    assert_eq!(shown(&batch, "max", row), "0.08");
    let (batch, row) = find(&batches, names::TOKEN_AGE.name);
    assert_eq!(shown(&batch, "value_double", row), "1.5");
}

#[test]
fn files_and_a_collector_go_together() {
    let (collector, directory) = (Collector::start(), tempfile::tempdir().unwrap());
    let builder = Telemetry::builder().with_endpoint(collector.url());
    let telemetry = builder.with_arrow_files(directory.path()).start().unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    telemetry.flush(LIMIT).unwrap();
    assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 100);
    // Before the end: what is flushed can be read.
    let (batches, _) = read(directory.path(), "metrics-");
    let (batch, row) = find(&batches, names::SUBMITTED_ROWS.name);
    assert_eq!(shown(&batch, "value_int", row), "100");
}
