//! From events and spans to the library's files, read back with arrow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeMap, fs::File, path::Path, time::Duration};

use arrow_array::{Float64Array, RecordBatch, StringArray, cast::AsArray as _};
use arrow_ipc::reader::StreamReader;
use serde_json::Value;
use tracing_subscriber::prelude::*;
use zb_telemetry::{Event, Fates, Recorder as _, spans};
use zb_telemetry_otlp_arrow::{ArrowTelemetry, Settings};
use zb_types::TableName;

fn table() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

/// All batches of all files of a kind.
fn read(telemetry: &ArrowTelemetry, kind: &str) -> Vec<RecordBatch> {
    let directory = telemetry.directory().join("otlp").join(kind);
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut batches = Vec::new();
    for path in paths {
        let file = File::open(path).unwrap();
        batches.extend(
            StreamReader::try_new(file, None)
                .unwrap()
                .map(Result::unwrap),
        );
    }
    batches
}

fn strings<'a>(batch: &'a RecordBatch, column: &str) -> &'a StringArray {
    batch.column_by_name(column).unwrap().as_string()
}

/// Attributes of the spans, by name.
fn written_spans(telemetry: &ArrowTelemetry) -> BTreeMap<String, Value> {
    let mut spans = BTreeMap::new();
    for batch in read(telemetry, "traces") {
        let (names, attributes) = (strings(&batch, "name"), strings(&batch, "attributes"));
        for row in 0..batch.num_rows() {
            let attributes = serde_json::from_str(attributes.value(row)).unwrap();
            spans.insert(names.value(row).to_owned(), attributes);
        }
    }
    spans
}

/// Values and attributes of the last points, by name.
fn written_metrics(telemetry: &ArrowTelemetry) -> BTreeMap<String, Vec<(f64, Value)>> {
    let mut metrics = BTreeMap::<_, Vec<_>>::new();
    for batch in read(telemetry, "metrics") {
        let (names, attributes) = (
            strings(&batch, "metric_name"),
            strings(&batch, "attributes"),
        );
        let values: &Float64Array = batch.column_by_name("value").unwrap().as_primitive();
        for row in 0..batch.num_rows() {
            let point = (
                values.value(row),
                serde_json::from_str(attributes.value(row)).unwrap(),
            );
            metrics
                .entry(names.value(row).to_owned())
                .or_default()
                .push(point);
        }
    }
    metrics
}

#[test]
fn spans_arrive_with_what_the_library_leaves_out() {
    let root = tempfile::tempdir().unwrap();
    let telemetry = ArrowTelemetry::open(root.path()).unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let send = spans::send(&table(), 10);
        let wait = spans::wait(&send, 10, 100);
        spans::fail(&wait, "connection_lost");
        send.in_scope(|| tracing::info!(target: "zb", "half way"));
        drop(spans::retry(&send, &wait, "connection_lost", 2, 10, 100));
        drop(tracing::info_span!(target: "h2::client", "connection"));
    });
    telemetry.shutdown().unwrap();
    let spans = written_spans(&telemetry);
    assert_eq!(spans.len(), 3, "{spans:?}");
    let send = &spans["send main.nyc.flights"];
    assert_eq!(send["otel.kind"], "producer");
    assert_eq!(send["otel.scope.name"], "zb");
    assert_eq!(send["messaging.destination.name"], "main.nyc.flights");
    assert!(send["resource.service.name"].is_string(), "{send}");
    assert!(
        send["otel.events"].as_str().unwrap().contains("half way"),
        "{send}"
    );
    let links: Value =
        serde_json::from_str(spans["retry"]["otel.links"].as_str().unwrap()).unwrap();
    assert_eq!(links.as_array().unwrap().len(), 1);
}

#[test]
fn metrics_arrive_with_units_and_whole_histograms() {
    let root = tempfile::tempdir().unwrap();
    let telemetry = ArrowTelemetry::open(root.path()).unwrap();
    let (recorder, table) = (telemetry.recorder(), table());
    let fates = Fates {
        durable: 90,
        rejected: 10,
        ..Fates::default()
    };
    recorder.record(&Event::Submitted {
        table: &table,
        rows: 100,
        bytes: (1 << 53) + 1,
    });
    for elapsed in [Duration::from_millis(20), Duration::from_secs(2)] {
        recorder.record(&Event::Settled {
            table: &table,
            fates,
            elapsed,
        });
    }
    telemetry.shutdown().unwrap();
    let metrics = written_metrics(&telemetry);

    let (rows, attributes) = &metrics["zb.client.submitted.rows"][0];
    assert!((rows - 100.0).abs() < 1e-9);
    assert_eq!(attributes["otel.unit"], "{row}");
    assert_eq!(attributes["otel.temporality"], "cumulative");
    assert_eq!(attributes["otel.scope.name"], "zb");
    assert_eq!(attributes["messaging.destination.name"], "main.nyc.flights");
    assert!(attributes["resource.service.name"].is_string());
    let (_, attributes) = &metrics["zb.client.submitted.bytes"][0];
    assert_eq!(attributes["otel.value"], "9007199254740993");

    let part = |name| &metrics[&format!("messaging.client.operation.duration.{name}")];
    assert!((part("count")[0].0 - 2.0).abs() < 1e-9);
    assert!((part("sum")[0].0 - 2.02).abs() < 1e-9);
    assert!((part("max")[0].0 - 2.0).abs() < 1e-9);
    let below = |le: &str| {
        let mut buckets = part("bucket").iter();
        buckets
            .find(|(_, attributes)| attributes["le"] == le)
            .unwrap()
            .0
    };
    assert!((below("0.01") - 0.0).abs() < 1e-9);
    assert!((below("0.025") - 1.0).abs() < 1e-9);
    assert!((below("2.5") - 2.0).abs() < 1e-9);
    assert!((below("+Inf") - 2.0).abs() < 1e-9);
}

#[test]
fn what_is_flushed_is_on_disk_without_an_end() {
    let root = tempfile::tempdir().unwrap();
    let telemetry = ArrowTelemetry::open(root.path()).unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        for times in 1..=2 {
            drop(spans::send(&table(), 10));
            telemetry.flush().unwrap();
            let rows: usize = read(&telemetry, "traces")
                .iter()
                .map(RecordBatch::num_rows)
                .sum();
            assert_eq!(rows, times);
        }
    });
}

#[test]
fn two_at_once_do_not_overwrite_each_other() {
    let root = tempfile::tempdir().unwrap();
    let both = [0, 1].map(|_| Settings::new(root.path()).open().unwrap());
    for telemetry in &both {
        telemetry.recorder().record(&Event::TokenUsed {
            age: Duration::from_secs(7),
        });
        telemetry.shutdown().unwrap();
    }
    for telemetry in &both {
        assert_eq!(written_metrics(telemetry)["zb.token.age"].len(), 1);
    }
    assert_ne!(both[0].directory(), both[1].directory());
}

#[tokio::test]
async fn it_works_where_nothing_may_block() {
    let root = tempfile::tempdir().unwrap();
    let telemetry = ArrowTelemetry::open(root.path()).unwrap();
    telemetry.recorder().record(&Event::TokenUsed {
        age: Duration::from_secs(7),
    });
    telemetry.shutdown().unwrap();
    telemetry.shutdown().unwrap();
    assert_eq!(written_metrics(&telemetry).len(), 1);
}

#[test]
fn other_users_cannot_enter_the_directory() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let telemetry = ArrowTelemetry::open(root.path().join("new")).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(telemetry.directory()), 0o700);
}
