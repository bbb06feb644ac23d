//! Spans of OpenTelemetry 0.33 as those of 0.31, with what the library leaves out among the attributes.

use std::{sync::Arc, time::Duration};

use opentelemetry::{
    Array, KeyValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_0_31::{self as old, trace as old_trace};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use opentelemetry_sdk_0_31::trace as old_sdk;
use serde_json::json;

use crate::files::Files;

/// The library refuses a batch that its buffer of 10,000 has no room for, as a whole.
const CHUNK: usize = 1000;

/// Writes spans at once: the library's own timer is late by up to its period, and forgets what it holds
/// when nobody shuts it down.
#[derive(Debug)]
pub(crate) struct Spans {
    files: Arc<Files>,
    resource: Vec<old::KeyValue>,
}

impl Spans {
    pub(crate) fn new(files: Arc<Files>) -> Self {
        Self {
            files,
            resource: Vec::new(),
        }
    }
}

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        for chunk in batch.chunks(CHUNK) {
            let spans = chunk.iter().map(|span| self.convert(span)).collect();
            let library = &self.files.library;
            library
                .export_traces(spans)
                .await
                .map_err(|error| failure(&error))?;
            library.flush().await.map_err(|error| failure(&error))?;
        }
        self.files.tidy();
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource
            .iter()
            .map(|(key, value)| old::KeyValue::new(format!("resource.{key}"), plain(value)))
            .collect();
    }
}

impl Spans {
    fn convert(&self, span: &SpanData) -> old_sdk::SpanData {
        let context = &span.span_context;
        let mut attributes: Vec<_> = span.attributes.iter().map(attribute).collect();
        attributes.extend(self.resource.iter().cloned());
        let scope = &span.instrumentation_scope;
        let mut add = |key: &'static str, value: String| {
            if !value.is_empty() {
                attributes.push(old::KeyValue::new(key, value));
            }
        };
        add("otel.scope.name", scope.name().to_owned());
        add(
            "otel.scope.version",
            scope.version().unwrap_or("").to_owned(),
        );
        add("otel.kind", kind_name(&span.span_kind).to_owned());
        add("otel.trace_state", context.trace_state().header());
        if let Status::Error { description } = &span.status {
            add("otel.status_description", description.to_string());
        }
        add("otel.events", events(span));
        add("otel.links", links(span));
        old_sdk::SpanData {
            span_context: old_trace::SpanContext::new(
                old_trace::TraceId::from_bytes(context.trace_id().to_bytes()),
                old_trace::SpanId::from_bytes(context.span_id().to_bytes()),
                old_trace::TraceFlags::new(context.trace_flags().to_u8()),
                context.is_remote(),
                old_trace::TraceState::default(),
            ),
            parent_span_id: old_trace::SpanId::from_bytes(span.parent_span_id.to_bytes()),
            parent_span_is_remote: span.parent_span_is_remote,
            span_kind: kind(&span.span_kind),
            name: span.name.clone(),
            start_time: span.start_time,
            end_time: span.end_time,
            attributes,
            dropped_attributes_count: span.dropped_attributes_count,
            events: old_sdk::SpanEvents::default(),
            links: old_sdk::SpanLinks::default(),
            status: match &span.status {
                Status::Unset => old_trace::Status::Unset,
                Status::Ok => old_trace::Status::Ok,
                Status::Error { description } => old_trace::Status::error(description.to_string()),
            },
            instrumentation_scope: old::InstrumentationScope::default(),
        }
    }
}

fn kind(kind: &SpanKind) -> old_trace::SpanKind {
    match kind {
        SpanKind::Client => old_trace::SpanKind::Client,
        SpanKind::Server => old_trace::SpanKind::Server,
        SpanKind::Producer => old_trace::SpanKind::Producer,
        SpanKind::Consumer => old_trace::SpanKind::Consumer,
        SpanKind::Internal => old_trace::SpanKind::Internal,
    }
}

fn kind_name(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    }
}

/// As JSON; nothing if there are none.
fn events(span: &SpanData) -> String {
    let events = span.events.iter().map(|event| {
        let time = event.timestamp.duration_since(std::time::UNIX_EPOCH);
        json!({
            "name": event.name,
            "time_unix_nano": u64::try_from(time.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX),
            "attributes": object(&event.attributes),
        })
    });
    text(events.collect())
}

fn links(span: &SpanData) -> String {
    let links = span.links.iter().map(|link| {
        json!({
            "trace_id": link.span_context.trace_id().to_string(),
            "span_id": link.span_context.span_id().to_string(),
            "attributes": object(&link.attributes),
        })
    });
    text(links.collect())
}

fn text(values: Vec<serde_json::Value>) -> String {
    if values.is_empty() {
        return String::new();
    }
    serde_json::Value::Array(values).to_string()
}

fn object(attributes: &[KeyValue]) -> serde_json::Value {
    let pairs = attributes
        .iter()
        .map(|pair| (pair.key.to_string(), json_value(&pair.value)));
    serde_json::Value::Object(pairs.collect())
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => json!(value),
        Value::I64(value) => json!(value),
        Value::F64(value) => json!(value),
        Value::String(value) => json!(value.as_str()),
        Value::Array(Array::Bool(values)) => json!(values),
        Value::Array(Array::I64(values)) => json!(values),
        Value::Array(Array::F64(values)) => json!(values),
        Value::Array(Array::String(values)) => values
            .iter()
            .map(opentelemetry::StringValue::as_str)
            .collect(),
        other => json!(other.to_string()),
    }
}

fn attribute(pair: &KeyValue) -> old::KeyValue {
    old::KeyValue::new(pair.key.to_string(), plain(&pair.value))
}

/// A value that the library keeps as it is. Arrays become JSON, and so do numbers that are none, which
/// it would make zero.
fn plain(value: &Value) -> old::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        Value::F64(value) if value.is_finite() => (*value).into(),
        Value::F64(value) => value.to_string().into(),
        Value::String(value) => value.as_str().to_owned().into(),
        other => json_value(other).to_string().into(),
    }
}

pub(crate) fn failure(error: &otlp_arrow_library::OtlpError) -> OTelSdkError {
    OTelSdkError::InternalFailure(error.to_string())
}
