//! Telemetry in Arrow files. The oracle is what a collector receives of the same spans and metrics.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arrow_cast::parse::string_to_timestamp_nanos;
use arrow_ipc::reader::StreamReader;
use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value as Any},
    metrics::v1::{Metric, metric::Data, number_data_point::Value as Number},
    trace::v1::Span,
};
use serde_json::{Map, Value, json};
use tracing_subscriber::prelude::*;
use zb_telemetry::{Error, ErrorKind, Recorder as _, Telemetry, TraceContext, names, spans};

use crate::{
    collector::Collector,
    counting::{a_batch, flights, the_end},
};

const LIMIT: Duration = Duration::from_secs(20);

type Row = Map<String, Value>;

/// The rows of all files of a kind. A null is left out.
fn read(directory: &Path, kind: &str) -> Vec<Row> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut json = arrow_json::LineDelimitedWriter::new(Vec::new());
    for path in paths.filter(|path| name(path).starts_with(kind)) {
        let file = File::open(path).unwrap();
        for batch in StreamReader::try_new(file, None).unwrap() {
            json.write(&batch.unwrap()).unwrap();
        }
    }
    json.finish().unwrap();
    let json = json.into_inner();
    let rows = serde_json::Deserializer::from_slice(&json).into_iter();
    rows.map(Result::unwrap).collect()
}

/// Telemetry into files and to the collector.
fn both(collector: &Collector, directory: &Path) -> Telemetry {
    let builder = Telemetry::builder().endpoint(collector.url());
    builder.arrow_files(directory).start().unwrap()
}

/// Telemetry into files alone.
fn into_files(directory: &Path) -> Telemetry {
    let builder = Telemetry::builder().without_collector();
    builder.arrow_files(directory).start().unwrap()
}

/// Attributes of a collector as files have them.
fn attributes(found: &[KeyValue]) -> Value {
    let text = |pair: &KeyValue| match pair.value.clone().unwrap().value.unwrap() {
        Any::StringValue(value) => value,
        Any::IntValue(value) => value.to_string(),
        Any::BoolValue(value) => value.to_string(),
        Any::DoubleValue(value) => value.to_string(),
        other => panic!("{other:?}"),
    };
    found
        .iter()
        .map(|pair| (pair.key.clone(), json!(text(pair))))
        .collect::<Map<_, _>>()
        .into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// Times as numbers, however deep.
fn with_nanos(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(with_nanos),
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| {
            if let (true, Some(text)) = (key.ends_with("time"), value.as_str()) {
                *value = string_to_timestamp_nanos(text).unwrap().into();
            } else {
                with_nanos(value);
            }
        }),
        _ => {}
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(key, value)| (key, without_nulls(value)));
            Value::Object(fields.collect())
        }
        other => other,
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A span of a collector as a row of a file.
fn row_of(span: &Span) -> Value {
    const IS_REMOTE: u32 = 0x200;
    let status = span.status.clone().unwrap_or_default();
    let events = span.events.iter().map(|event| {
        json!({
            "time": event.time_unix_nano,
            "name": event.name,
            "attributes": attributes(&event.attributes),
            "dropped_attributes": event.dropped_attributes_count,
        })
    });
    let links = span.links.iter().map(|link| {
        json!({
            "trace_id": hex(&link.trace_id),
            "span_id": hex(&link.span_id),
            "trace_state": some(&link.trace_state),
            "flags": link.flags & 0xff,
            "attributes": attributes(&link.attributes),
            "dropped_attributes": link.dropped_attributes_count,
        })
    });
    without_nulls(json!({
        "trace_id": hex(&span.trace_id),
        "span_id": hex(&span.span_id),
        "parent_span_id": some(&hex(&span.parent_span_id)),
        "is_parent_remote": span.flags & IS_REMOTE != 0,
        "trace_state": some(&span.trace_state),
        "flags": span.flags & 0xff,
        "name": span.name,
        "kind": span.kind,
        "start_time": span.start_time_unix_nano,
        "end_time": span.end_time_unix_nano,
        "status_code": status.code,
        "status_message": some(&status.message),
        "attributes": attributes(&span.attributes),
        "events": events.collect::<Vec<_>>(),
        "links": links.collect::<Vec<_>>(),
        "dropped_attributes": span.dropped_attributes_count,
        "dropped_events": span.dropped_events_count,
        "dropped_links": span.dropped_links_count,
    }))
}

/// What is the same in every row of a telemetry.
fn take_origin(row: &mut Row) -> (Value, Value) {
    (
        row.remove("resource").unwrap(),
        row.remove("scope").unwrap(),
    )
}

#[test]
fn spans_are_those_that_a_collector_receives() {
    let (collector, directory) = (Collector::start(), tempfile::tempdir().unwrap());
    let telemetry = both(&collector, directory.path());
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || {
        let send = spans::send(&flights(), 10);
        let wait = spans::wait(&send, 10, 100);
        spans::fail(&wait, "connection_lost");
        send.in_scope(|| tracing::info!(target: "zb", half = 5, whole = false, "half way"));
        drop(spans::retry(&send, &wait, "connection_lost", 2, 10, 100));
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let caller = TraceContext::parse(header, Some("vendor=1")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let called = async { drop(spans::send(&flights(), 1)) };
        { runtime }.build().unwrap().block_on(caller.scope(called));
    });
    telemetry.shutdown(LIMIT).unwrap();

    let received = collector.spans();
    let expected: BTreeMap<_, _> = received
        .iter()
        .map(|span| (hex(&span.span_id), row_of(span)))
        .collect();
    let mut found = BTreeMap::new();
    for mut row in read(directory.path(), "spans-") {
        let (resource, scope) = take_origin(&mut row);
        assert_eq!(resource["service.name"], "zb");
        assert_eq!(scope["name"], names::SCOPE);
        let id = row["span_id"].as_str().unwrap().to_owned();
        let mut row = Value::Object(row);
        with_nanos(&mut row);
        assert!(found.insert(id, row).is_none(), "a span is there once");
    }
    assert_eq!(found, expected);
    // All that the comparison is about did occur.
    assert_eq!(found.len(), 4);
    let has = |holds: &dyn Fn(&Value) -> bool| found.values().any(holds);
    assert!(has(&|row| row["is_parent_remote"] == true));
    assert!(has(&|row| row["trace_state"] == "vendor=1"));
    assert!(has(&|row| row["events"][0]["attributes"]["half"] == "5"));
    assert!(has(&|row| row["links"][0]["span_id"].is_string()));
    assert!(has(&|row| row["status_code"] == 2));
}

/// The points of a collector's metric as rows, but for their times.
fn rows_of(metric: &Metric) -> Vec<Value> {
    let number = |value: Option<Number>| match value.unwrap() {
        Number::AsInt(value) => ("value_int", json!(value)),
        Number::AsDouble(value) => ("value_double", json!(value)),
    };
    let temporality = |number| ["", "delta", "cumulative"][usize::try_from(number).unwrap()];
    let mut rows = match metric.data.as_ref().unwrap() {
        Data::Gauge(gauge) => {
            let points = gauge.data_points.iter().map(|point| {
                let (column, value) = number(point.value);
                json!({"kind": "gauge", "attributes": attributes(&point.attributes), column: value})
            });
            points.collect::<Vec<_>>()
        }
        Data::Sum(sum) => {
            let points = sum.data_points.iter().map(|point| {
                let (column, value) = number(point.value);
                json!({
                    "kind": "sum",
                    "temporality": temporality(sum.aggregation_temporality),
                    "is_monotonic": sum.is_monotonic,
                    "attributes": attributes(&point.attributes),
                    column: value,
                })
            });
            points.collect()
        }
        Data::Histogram(histogram) => {
            let points = histogram.data_points.iter().map(|point| {
                json!({
                    "kind": "histogram",
                    "temporality": temporality(histogram.aggregation_temporality),
                    "attributes": attributes(&point.attributes),
                    "count": point.count,
                    "sum": point.sum,
                    "min": point.min,
                    "max": point.max,
                    "bounds": point.explicit_bounds,
                    "bucket_counts": point.bucket_counts,
                })
            });
            points.collect()
        }
        other => panic!("{other:?}"),
    };
    for row in &mut rows {
        row["name"] = json!(metric.name);
        row["description"] = json!(metric.description);
        row["unit"] = json!(metric.unit);
    }
    rows
}

#[test]
fn metrics_are_those_that_a_collector_receives() {
    let nanos = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let before = i64::try_from(nanos().as_nanos()).unwrap();
    let (collector, directory) = (Collector::start(), tempfile::tempdir().unwrap());
    let telemetry = both(&collector, directory.path());
    let (table, recorder) = (flights(), telemetry.recorder());
    for event in a_batch(&table).iter().chain(&the_end(&table)) {
        recorder.record(event);
    }
    telemetry.shutdown(LIMIT).unwrap();
    let after = i64::try_from(nanos().as_nanos()).unwrap();

    let by_text = |rows: &mut Vec<Value>| rows.sort_by_key(ToString::to_string);
    let received = collector.metrics();
    let mut expected: Vec<_> = received.iter().flat_map(rows_of).collect();
    let mut found = Vec::new();
    for mut row in read(directory.path(), "metrics-") {
        let (resource, scope) = take_origin(&mut row);
        assert_eq!(resource["service.name"], "zb");
        assert_eq!(scope["name"], names::SCOPE);
        // The collector's points were read from the same instruments at another moment.
        let [start, end] = ["start_time", "time"].map(|key| {
            let text = row.remove(key).unwrap();
            string_to_timestamp_nanos(text.as_str().unwrap()).unwrap()
        });
        assert!(before <= start && start <= end && end <= after);
        found.push(Value::Object(row));
    }
    by_text(&mut expected);
    by_text(&mut found);
    assert_eq!(found, expected);
    for metric in names::METRICS {
        assert!(found.iter().any(|row| row["name"] == metric.name));
    }
}

#[test]
fn what_is_flushed_can_be_read_before_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let telemetry = into_files(directory.path());
    for times in 1..=2 {
        telemetry.recorder().record(&a_batch(&flights())[0]);
        telemetry.flush(LIMIT).unwrap();
        let rows = read(directory.path(), "metrics-");
        let mut found = rows
            .iter()
            .filter(|row| row["name"] == names::SUBMITTED_ROWS.name);
        assert_eq!(found.next_back().unwrap()["value_int"], times * 100);
    }
}

#[test]
fn dropping_writes_what_there_is() {
    let directory = tempfile::tempdir().unwrap();
    let telemetry = into_files(directory.path());
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || drop(spans::send(&flights(), 1)));
    drop(telemetry);
    assert_eq!(read(directory.path(), "spans-").len(), 1);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("made/for/us");
    let telemetry = into_files(&directory);
    telemetry.recorder().record(&a_batch(&flights())[0]);
    telemetry.shutdown(LIMIT).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files: Vec<_> = fs::read_dir(&directory).unwrap().collect();
    assert_eq!(
        files.len(),
        1,
        "a signal of which there is nothing has no file"
    );
    for file in files {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_at_the_start() {
    // Below a file there is no directory for anyone, root included.
    let file = tempfile::NamedTempFile::new().unwrap();
    let builder = Telemetry::builder().without_collector();
    let started = builder.arrow_files(file.path().join("below")).start();
    let error = started.unwrap_err();
    assert!(matches!(error, Error::Files(_)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Resources);
}

#[test]
fn what_a_lost_directory_costs_is_counted_and_said_once() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("telemetry");
    let telemetry = into_files(&directory);
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "in the way").unwrap();
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..3 {
            drop(spans::send(&flights(), 1));
        }
        let error = telemetry.flush(LIMIT).unwrap_err();
        let Error::Unwritten { records, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(records, 3);
        assert_eq!(error.kind(), ErrorKind::Export);
        assert_eq!(telemetry.unwritten_records(), 3);

        // It is tried again, and then all is well.
        fs::remove_file(&directory).unwrap();
        drop(spans::send(&flights(), 1));
    });
    telemetry.shutdown(LIMIT).unwrap();
    assert_eq!(read(&directory, "spans-").len(), 1);
    assert_eq!(telemetry.unwritten_records(), 3);
}

#[test]
fn a_collector_that_is_not_there_keeps_nothing_out_of_files() {
    let directory = tempfile::tempdir().unwrap();
    let builder = Telemetry::builder().endpoint("http://127.0.0.1:1");
    let builder = builder.timeout(Duration::from_millis(200));
    let telemetry = builder.arrow_files(directory.path()).start().unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    let error = telemetry.shutdown(LIMIT).unwrap_err();
    assert!(matches!(error, Error::Export { .. }), "{error:?}");
    assert_eq!(telemetry.unwritten_records(), 0);
    assert_eq!(read(directory.path(), "metrics-").len(), 3);
}
