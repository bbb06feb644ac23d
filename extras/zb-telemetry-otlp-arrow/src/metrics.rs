//! Metrics as OTLP, rewritten so that the library loses nothing of them.

use std::{sync::Arc, time::Duration};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto_0_31::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest as OldRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    metrics::v1::{
        Metric, NumberDataPoint, ResourceMetrics, Sum, metric::Data,
        number_data_point::Value as Number,
    },
};
use opentelemetry_sdk::{
    error::{OTelSdkError, OTelSdkResult},
    metrics::{Temporality, data, exporter::PushMetricExporter},
};
use prost::Message as _;
use serde_json::json;

use crate::{files::Files, spans::failure};

/// Integers up to here are exact in the library's column of floats.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

#[derive(Debug)]
pub(crate) struct Metrics {
    files: Arc<Files>,
}

impl Metrics {
    pub(crate) fn new(files: Arc<Files>) -> Self {
        Self { files }
    }
}

impl PushMetricExporter for Metrics {
    async fn export(&self, metrics: &data::ResourceMetrics) -> OTelSdkResult {
        let bytes = ExportMetricsServiceRequest::from(metrics).encode_to_vec();
        let request = OldRequest::decode(&bytes[..])
            .map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?;
        let library = &self.files.library;
        // One request for each resource: the library reads the first of a request alone.
        for mut resource in request.resource_metrics {
            if rewrite(&mut resource) == 0 {
                continue; // which the library would call an error
            }
            let request = OldRequest {
                resource_metrics: vec![resource],
            };
            library
                .export_metrics(request)
                .await
                .map_err(|error| failure(&error))?;
        }
        library.flush().await.map_err(|error| failure(&error))?;
        self.files.tidy();
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

/// Puts what the library leaves out where it keeps it, and says how many points there are.
fn rewrite(resource: &mut ResourceMetrics) -> usize {
    let mut shared = Vec::new();
    for mut attribute in resource.resource.take().unwrap_or_default().attributes {
        attribute.key.insert_str(0, "resource.");
        shared.push(plain(attribute));
    }
    let mut points = 0;
    for scope in &mut resource.scope_metrics {
        let mut shared = shared.clone();
        let InstrumentationScope { name, version, .. } = scope.scope.clone().unwrap_or_default();
        shared.push(text("otel.scope.name", name));
        shared.push(text("otel.scope.version", version));
        let metrics = std::mem::take(&mut scope.metrics);
        scope.metrics = metrics.into_iter().flat_map(flat).collect();
        for metric in &mut scope.metrics {
            points += complete(metric, &shared);
        }
    }
    points
}

/// A histogram as sums: `.sum`, `.count`, and `.bucket` with the attribute `le`, cumulative, as
/// Prometheus has it. `.min` and `.max` where they are known.
fn flat(metric: Metric) -> Vec<Metric> {
    let mut parts: Vec<(&str, Vec<NumberDataPoint>)> = ["sum", "count", "bucket", "min", "max"]
        .map(|name| (name, Vec::new()))
        .into();
    let mut put = |part: usize, point: NumberDataPoint| parts[part].1.push(point);
    let temporality = match &metric.data {
        Some(Data::Histogram(histogram)) => {
            for point in &histogram.data_points {
                let number = |value| NumberDataPoint {
                    attributes: point.attributes.clone(),
                    start_time_unix_nano: point.start_time_unix_nano,
                    time_unix_nano: point.time_unix_nano,
                    value: Some(value),
                    ..NumberDataPoint::default()
                };
                put(0, number(Number::AsDouble(point.sum.unwrap_or(f64::NAN))));
                put(1, number(integer(point.count)));
                let bounds = point.explicit_bounds.iter().map(f64::to_string);
                let bounds = bounds.chain(["+Inf".to_owned()]);
                let mut below = 0;
                for (count, bound) in point.bucket_counts.iter().zip(bounds) {
                    below += count;
                    let mut bucket = number(integer(below));
                    bucket.attributes.push(text("le", bound));
                    put(2, bucket);
                }
                point
                    .min
                    .into_iter()
                    .for_each(|min| put(3, number(Number::AsDouble(min))));
                point
                    .max
                    .into_iter()
                    .for_each(|max| put(4, number(Number::AsDouble(max))));
            }
            histogram.aggregation_temporality
        }
        _ => return vec![metric],
    };
    let sums = parts.into_iter().filter(|(_, points)| !points.is_empty());
    sums.map(|(part, data_points)| Metric {
        name: format!("{}.{part}", metric.name),
        unit: match part {
            "count" | "bucket" => "1".to_owned(),
            _ => metric.unit.clone(),
        },
        data: Some(Data::Sum(Sum {
            data_points,
            aggregation_temporality: temporality,
            is_monotonic: !matches!(part, "min" | "max"),
        })),
        ..Metric::default()
    })
    .collect()
}

fn integer(value: u64) -> Number {
    Number::AsInt(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Adds to every point what is about its metric, its scope and its resource.
fn complete(metric: &mut Metric, shared: &[KeyValue]) -> usize {
    let unit = text("otel.unit", metric.unit.clone());
    let (points, temporality) = match &mut metric.data {
        Some(Data::Gauge(gauge)) => (&mut gauge.data_points, ""),
        Some(Data::Sum(sum)) => {
            let temporality = match sum.aggregation_temporality {
                1 => "delta",
                2 => "cumulative",
                _ => "",
            };
            (&mut sum.data_points, temporality)
        }
        // An exponential histogram or a summary, which the library leaves out.
        _ => return 0,
    };
    for point in points.iter_mut() {
        let attributes = std::mem::take(&mut point.attributes);
        point.attributes = attributes.into_iter().map(plain).collect();
        point.attributes.extend(shared.iter().cloned());
        point.attributes.push(unit.clone());
        point
            .attributes
            .push(text("otel.temporality", temporality.to_owned()));
        let start = point.start_time_unix_nano;
        if start > 0 {
            point
                .attributes
                .push(text("otel.start_time_unix_nano", start.to_string()));
        }
        if let Some(Number::AsInt(value)) = point.value
            && value.unsigned_abs() > EXACT
        {
            point.attributes.push(text("otel.value", value.to_string()));
        }
        point.attributes.retain(|pair| !is_empty(pair));
    }
    points.len()
}

/// What is not known is left out.
fn is_empty(pair: &KeyValue) -> bool {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        None => true,
        Some(Value::StringValue(text)) => text.is_empty(),
        Some(_) => false,
    }
}

/// An attribute that the library keeps: it leaves arrays out, so they become text.
fn plain(mut pair: KeyValue) -> KeyValue {
    let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
    if let Some(Value::ArrayValue(array)) = value {
        let items = array.values.iter().map(|item| match &item.value {
            Some(Value::StringValue(item)) => json!(item),
            Some(Value::BoolValue(item)) => json!(item),
            Some(Value::IntValue(item)) => json!(item),
            Some(Value::DoubleValue(item)) => json!(item),
            _ => serde_json::Value::Null,
        });
        let items: serde_json::Value = items.collect();
        pair.value = text("", items.to_string()).value;
    }
    pair
}

fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value)),
        }),
    }
}
