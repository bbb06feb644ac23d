//! Metrics as rows, one for each point.

use std::{
    io,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arrow_schema::{DataType, Field, Schema};
use opentelemetry::KeyValue;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    metrics::{
        Temporality,
        data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics},
        exporter::PushMetricExporter,
    },
};
use serde::Serialize;

use super::{
    attributes::{self, Attributes, Scope, nanos},
    lost::Lost,
    writer::{MAX_BYTES, Writer},
};

/// Writes every point whole.
pub(crate) struct MetricFiles {
    writer: Writer,
}

impl MetricFiles {
    pub(crate) fn new(directory: &Path, lost: Arc<Lost>) -> io::Result<Self> {
        let schema = Arc::new(schema());
        Ok(Self {
            writer: Writer::new(directory, "metrics", schema, MAX_BYTES, lost)?,
        })
    }
}

impl std::fmt::Debug for MetricFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetricFiles").finish_non_exhaustive()
    }
}

impl PushMetricExporter for MetricFiles {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let resource = attributes::of_resource(metrics.resource());
        let mut rows = Vec::new();
        for scope in metrics.scope_metrics() {
            for metric in scope.metrics() {
                points(
                    &Of {
                        resource: &resource,
                        resource_schema: metrics.resource().schema_url(),
                        scope,
                        metric,
                    },
                    &mut rows,
                );
            }
        }
        self.writer.write(&rows)
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.writer.end();
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    description: &'a str,
    unit: &'a str,
    kind: &'static str,
    temporality: Option<&'static str>,
    is_monotonic: Option<bool>,
    start_time: Option<i64>,
    time: i64,
    attributes: Attributes,
    value_int: Option<i64>,
    value_double: Option<f64>,
    count: Option<u64>,
    sum: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    bounds: Option<Vec<f64>>,
    bucket_counts: Option<Vec<u64>>,
    resource: &'a Attributes,
    resource_schema_url: Option<&'a str>,
    scope: Scope,
}

/// What the points of a metric have in common.
struct Of<'a> {
    resource: &'a Attributes,
    resource_schema: Option<&'a str>,
    scope: &'a ScopeMetrics,
    metric: &'a Metric,
}

impl<'a> Of<'a> {
    fn row<'k>(
        &self,
        kind: &'static str,
        (start, end): (Option<SystemTime>, SystemTime),
        pairs: impl Iterator<Item = &'k KeyValue>,
    ) -> Row<'a> {
        Row {
            name: self.metric.name(),
            description: self.metric.description(),
            unit: self.metric.unit(),
            kind,
            temporality: None,
            is_monotonic: None,
            start_time: start.map(nanos),
            time: nanos(end),
            attributes: attributes::of(pairs),
            value_int: None,
            value_double: None,
            count: None,
            sum: None,
            min: None,
            max: None,
            bounds: None,
            bucket_counts: None,
            resource: self.resource,
            resource_schema_url: self.resource_schema,
            scope: Scope::of(self.scope.scope()),
        }
    }
}

/// A number as its column has it: the one for integers, or the one for floats.
trait Number: Copy {
    fn int(self) -> Option<i64>;
    fn float(self) -> f64;
}

impl Number for u64 {
    fn int(self) -> Option<i64> {
        i64::try_from(self).ok()
    }
    fn float(self) -> f64 {
        self as f64
    }
}

impl Number for i64 {
    fn int(self) -> Option<i64> {
        Some(self)
    }
    fn float(self) -> f64 {
        self as f64
    }
}

impl Number for f64 {
    fn int(self) -> Option<i64> {
        None
    }
    fn float(self) -> f64 {
        self
    }
}

fn points<'a>(of: &Of<'a>, rows: &mut Vec<Row<'a>>) {
    match of.metric.data() {
        AggregatedMetrics::U64(data) => points_of(of, data, rows),
        AggregatedMetrics::I64(data) => points_of(of, data, rows),
        AggregatedMetrics::F64(data) => points_of(of, data, rows),
    }
}

fn points_of<'a, T: Number>(of: &Of<'a>, data: &MetricData<T>, rows: &mut Vec<Row<'a>>) {
    match data {
        MetricData::Gauge(gauge) => rows.extend(gauge.data_points().map(|point| {
            let times = (gauge.start_time(), gauge.time());
            valued(of.row("gauge", times, point.attributes()), point.value())
        })),
        MetricData::Sum(sum) => rows.extend(sum.data_points().map(|point| {
            let times = (Some(sum.start_time()), sum.time());
            let row = valued(of.row("sum", times, point.attributes()), point.value());
            Row {
                temporality: name(sum.temporality()),
                is_monotonic: Some(sum.is_monotonic()),
                ..row
            }
        })),
        MetricData::Histogram(histogram) => rows.extend(histogram.data_points().map(|point| {
            let times = (Some(histogram.start_time()), histogram.time());
            Row {
                temporality: name(histogram.temporality()),
                count: Some(point.count()),
                sum: finite(point.sum()),
                min: point.min().and_then(finite),
                max: point.max().and_then(finite),
                bounds: Some(point.bounds().collect()),
                bucket_counts: Some(point.bucket_counts().collect()),
                ..of.row("histogram", times, point.attributes())
            }
        })),
        // Only a view makes one, and none is set.
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn valued<T: Number>(row: Row<'_>, value: T) -> Row<'_> {
    let int = value.int();
    Row {
        value_int: int,
        value_double: if int.is_none() { finite(value) } else { None },
        ..row
    }
}

/// What is not a number is null.
fn finite(value: impl Number) -> Option<f64> {
    Some(value.float()).filter(|value| value.is_finite())
}

fn name(temporality: Temporality) -> Option<&'static str> {
    match temporality {
        Temporality::Cumulative => Some("cumulative"),
        Temporality::Delta => Some("delta"),
        _ => None,
    }
}

fn schema() -> Schema {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let maybe = |name, kind| Field::new(name, kind, true);
    Schema::new(vec![
        text("name"),
        text("description"),
        text("unit"),
        text("kind"),
        maybe("temporality", DataType::Utf8),
        maybe("is_monotonic", DataType::Boolean),
        attributes::time("start_time", true),
        attributes::time("time", false),
        attributes::attributes("attributes"),
        maybe("value_int", DataType::Int64),
        maybe("value_double", DataType::Float64),
        maybe("count", DataType::UInt64),
        maybe("sum", DataType::Float64),
        maybe("min", DataType::Float64),
        maybe("max", DataType::Float64),
        attributes::list("bounds", DataType::Float64),
        attributes::list("bucket_counts", DataType::UInt64),
        attributes::attributes("resource"),
        maybe("resource_schema_url", DataType::Utf8),
        Scope::field(),
    ])
}
