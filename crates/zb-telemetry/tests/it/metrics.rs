//! What is recorded through OpenTelemetry, against what was counted in memory.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, SdkMeterProvider,
    data::{AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics},
};
use zb_telemetry::{
    Event, FanOut, OtelRecorder, Recorder as _, Stats,
    names::{self, Kind, METRICS, Metric, attribute},
};

use crate::counting::{a_batch, flights, the_end};

/// A point: its attributes, and its value, or the count of a histogram.
type Point = (BTreeMap<String, String>, f64);

/// What a provider exported.
struct Exported {
    points: BTreeMap<String, Vec<Point>>,
    units: BTreeMap<String, String>,
    kinds: BTreeMap<String, Kind>,
}

impl Exported {
    fn sum(&self, metric: Metric) -> u64 {
        let points = self.points.get(metric.name);
        points.map_or(0, |points| {
            points.iter().map(|(_, value)| *value as u64).sum()
        })
    }

    /// The value of the one point that has this attribute.
    fn with(&self, metric: Metric, key: &str, value: &str) -> f64 {
        let has = |point: &&Point| point.0.get(key).is_some_and(|found| found == value);
        let found: Vec<_> = self.points[metric.name].iter().filter(has).collect();
        assert_eq!(found.len(), 1, "{} {key}={value}", metric.name);
        found[0].1
    }
}

fn exported(
    set_up: impl Fn(OtelRecorder) -> OtelRecorder,
    events: &[Event<'_>],
) -> (Exported, Stats) {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.clone())
        .build();
    let recorder = set_up(OtelRecorder::new(&provider));
    let stats = Stats::new();
    for event in events {
        recorder.record(event);
        stats.record(event);
    }
    provider.force_flush().unwrap();
    let mut exported = Exported {
        points: BTreeMap::new(),
        units: BTreeMap::new(),
        kinds: BTreeMap::new(),
    };
    for metric in exporter
        .get_finished_metrics()
        .unwrap()
        .iter()
        .flat_map(ResourceMetrics::scope_metrics)
        .inspect(|scope| assert_eq!(scope.scope().name(), names::SCOPE))
        .flat_map(ScopeMetrics::metrics)
    {
        let (kind, points) = points(metric.data());
        let name = metric.name().to_owned();
        exported
            .units
            .insert(name.clone(), metric.unit().to_owned());
        exported.kinds.insert(name.clone(), kind);
        exported.points.insert(name, points);
    }
    (exported, stats)
}

fn points(data: &AggregatedMetrics) -> (Kind, Vec<Point>) {
    fn of<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> (Kind, Vec<Point>) {
        match data {
            MetricData::Sum(sum) => {
                let points = sum.data_points();
                let kind = if sum.is_monotonic() {
                    Kind::Counter
                } else {
                    Kind::UpDownCounter
                };
                (
                    kind,
                    points
                        .map(|p| (text(p.attributes()), number(p.value())))
                        .collect(),
                )
            }
            MetricData::Gauge(gauge) => {
                let points = gauge.data_points();
                (
                    Kind::Gauge,
                    points
                        .map(|p| (text(p.attributes()), number(p.value())))
                        .collect(),
                )
            }
            MetricData::Histogram(histogram) => {
                let points = histogram.data_points();
                let points = points.map(|p| (text(p.attributes()), p.count() as f64));
                (Kind::Histogram, points.collect())
            }
            MetricData::ExponentialHistogram(_) => panic!("none is made"),
        }
    }
    match data {
        AggregatedMetrics::U64(data) => of(data, |value| value as f64),
        AggregatedMetrics::I64(data) => of(data, |value| value as f64),
        AggregatedMetrics::F64(data) => of(data, |value| value),
    }
}

fn text<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    attributes
        .map(|pair| (pair.key.to_string(), pair.value.to_string()))
        .collect()
}

#[test]
fn counters_agree_with_those_in_memory() {
    let table = flights();
    let events = [a_batch(&table), the_end(&table)].concat();
    let (exported, stats) = exported(|recorder| recorder, &events);
    let counted = stats.snapshot();
    let rejected: u64 = counted.rejected_rows.values().sum();
    for (metric, expected) in [
        (names::SUBMITTED_BATCHES, counted.submitted_batches),
        (names::SUBMITTED_ROWS, counted.submitted_rows),
        (names::SUBMITTED_BYTES, counted.submitted_bytes),
        (names::ENCODED_ROWS, counted.encoded_rows),
        (names::ENCODED_BYTES, counted.encoded_bytes),
        (names::ENCODE_DURATION, counted.encode.count),
        (names::QUEUE_DURATION, counted.queue.count),
        (names::INFLIGHT_ROWS, 0),
        (names::INFLIGHT_BYTES, 0),
        (names::SENT_MESSAGES, counted.sent_rows),
        (names::SENT_REQUESTS, counted.sent_requests),
        (names::SENT_BYTES, counted.sent_bytes),
        (names::ACK_DURATION, counted.ack.count),
        (names::DURABLE_ROWS, counted.durable_rows),
        (names::DURABLE_BYTES, counted.durable_bytes),
        (names::REJECTED_ROWS, rejected),
        (names::NOT_SENT_ROWS, 2),
        (names::UNKNOWN_ROWS, 1),
        (names::DUPLICATED_ROWS, 4),
        (names::SETTLED_BATCHES, 1),
        (names::OPERATION_DURATION, 1),
        (names::CONNECTIONS, 2),
        (names::RECONNECTS, 1),
        (names::BACKOFF_DURATION, 2),
        (names::RETRIES, 1),
        (names::FAILURES, 1),
        (names::TOKEN_REQUESTS, 2),
        (names::TOKEN_REQUEST_DURATION, 2),
        (names::DEBUG_DROPPED, 3),
    ] {
        assert_eq!(exported.sum(metric), expected, "{}", metric.name);
    }
    let age = &exported.points[names::TOKEN_AGE.name][0].1;
    assert!((age - 1.5).abs() < 1e-9, "{age}");
}

#[test]
fn every_metric_comes_with_its_unit_kind_and_attributes() {
    let table = flights();
    let events = [a_batch(&table), the_end(&table)].concat();
    let (exported, _) = exported(|recorder| recorder, &events);
    let of_no_table = ["zb.token.", "zb.debug."];
    for metric in METRICS {
        assert_eq!(exported.units[metric.name], metric.unit, "{}", metric.name);
        assert_eq!(exported.kinds[metric.name], metric.kind, "{}", metric.name);
        let found: BTreeSet<&str> = exported.points[metric.name]
            .iter()
            .flat_map(|(attributes, _)| attributes.keys().map(String::as_str))
            .collect();
        let mut expected: BTreeSet<&str> = metric.attributes.iter().copied().collect();
        expected.insert(attribute::MESSAGING_SYSTEM);
        if !of_no_table
            .iter()
            .any(|prefix| metric.name.starts_with(prefix))
        {
            expected.insert(attribute::DESTINATION);
        }
        assert_eq!(found, expected, "{}", metric.name);
    }
    assert_eq!(exported.points.len(), METRICS.len());
}

#[test]
fn words_become_attributes() {
    let table = flights();
    let events = [a_batch(&table), the_end(&table)].concat();
    let (exported, _) = exported(|recorder| recorder, &events);
    let rejected = |kind| exported.with(names::REJECTED_ROWS, attribute::ERROR_TYPE, kind);
    assert_eq!(rejected("out_of_range") as u64, 5);
    assert_eq!(rejected("refused_by_service") as u64, 2);
    let settled = exported.with(names::SETTLED_BATCHES, attribute::OUTCOME, "unknown");
    assert_eq!(settled as u64, 1);
    let dropped = exported.with(names::DEBUG_DROPPED, attribute::MIRROR, "arrow");
    assert_eq!(dropped as u64, 3);
}

#[test]
fn tables_are_told_apart() {
    let (one, other) = (flights(), "main.nyc.weather".parse().unwrap());
    let events = [&one, &one, &other].map(|table| Event::Submitted {
        table,
        rows: 5,
        bytes: 50,
    });
    let (exported, _) = exported(|recorder| recorder, &events);
    let rows = |table| exported.with(names::SUBMITTED_ROWS, attribute::DESTINATION, table);
    assert_eq!(rows("main.nyc.flights") as u64, 10);
    assert_eq!(rows("main.nyc.weather") as u64, 5);
}

#[test]
fn tables_are_one_where_that_is_wanted() {
    let (one, other) = (flights(), "main.nyc.weather".parse().unwrap());
    let events = [&one, &other].map(|table| Event::Submitted {
        table,
        rows: 5,
        bytes: 50,
    });
    let (exported, _) = exported(
        |recorder| {
            recorder
                .without_table_names()
                .with_server_address("zb.example.com")
        },
        &events,
    );
    let points = &exported.points[names::SUBMITTED_ROWS.name];
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].1 as u64, 10);
    assert!(!points[0].0.contains_key(attribute::DESTINATION));
    assert_eq!(points[0].0[attribute::SERVER_ADDRESS], "zb.example.com");
}

#[test]
fn a_fan_out_tells_all() {
    let table = flights();
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.clone())
        .build();
    let stats = std::sync::Arc::new(Stats::new());
    let both = FanOut::new()
        .with(OtelRecorder::new(&provider))
        .with(stats.clone());
    both.record(&Event::Submitted {
        table: &table,
        rows: 5,
        bytes: 50,
    });
    provider.force_flush().unwrap();
    assert_eq!(exporter.get_finished_metrics().unwrap().len(), 1);
    assert_eq!(stats.snapshot().submitted_rows, 5);
}
