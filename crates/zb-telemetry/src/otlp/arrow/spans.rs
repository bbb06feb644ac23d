//! Spans as rows.

use std::{io, path::Path, sync::Arc, time::Duration};

use arrow_schema::{DataType, Field, Fields, Schema};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use serde::Serialize;

use super::{
    attributes::{self, Attributes, Scope, nanos},
    lost::Lost,
    writer::{MAX_BYTES, Writer},
};

/// Writes every span whole.
pub(crate) struct SpanFiles {
    writer: Writer,
    resource: Attributes,
    resource_schema: Option<String>,
}

impl SpanFiles {
    pub(crate) fn new(directory: &Path, lost: Arc<Lost>) -> io::Result<Self> {
        let schema = Arc::new(schema());
        Ok(Self {
            writer: Writer::new(directory, "spans", schema, MAX_BYTES, lost)?,
            resource: Attributes::new(),
            resource_schema: None,
        })
    }
}

impl std::fmt::Debug for SpanFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanFiles").finish_non_exhaustive()
    }
}

impl SpanExporter for SpanFiles {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let rows: Vec<Row<'_>> = batch.iter().map(|span| self.row(span)).collect();
        self.writer.write(&rows)
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.writer.end();
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = attributes::of_resource(resource);
        self.resource_schema = resource.schema_url().map(str::to_owned);
    }
}

#[derive(Serialize)]
struct Row<'a> {
    trace_id: String,
    span_id: String,
    parent_span_id: Option<String>,
    is_parent_remote: bool,
    trace_state: Option<String>,
    flags: u8,
    name: &'a str,
    /// As OTLP numbers them.
    kind: i32,
    start_time: i64,
    end_time: i64,
    status_code: i32,
    status_message: Option<&'a str>,
    attributes: Attributes,
    events: Vec<Event<'a>>,
    links: Vec<Link>,
    resource: &'a Attributes,
    resource_schema_url: Option<&'a str>,
    scope: Scope,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
}

#[derive(Serialize)]
struct Event<'a> {
    time: i64,
    name: &'a str,
    attributes: Attributes,
    dropped_attributes: u32,
}

#[derive(Serialize)]
struct Link {
    trace_id: String,
    span_id: String,
    trace_state: Option<String>,
    flags: u8,
    attributes: Attributes,
    dropped_attributes: u32,
}

impl SpanFiles {
    fn row<'a>(&'a self, span: &'a SpanData) -> Row<'a> {
        let context = &span.span_context;
        let parent = span.parent_span_id;
        let (status_code, status_message) = match &span.status {
            Status::Unset => (0, None),
            Status::Ok => (1, None),
            Status::Error { description } => (2, Some(description.as_ref())),
        };
        Row {
            trace_id: context.trace_id().to_string(),
            span_id: context.span_id().to_string(),
            parent_span_id: (parent != SpanId::INVALID).then(|| parent.to_string()),
            is_parent_remote: span.parent_span_is_remote,
            trace_state: state(context),
            flags: context.trace_flags().to_u8(),
            name: &span.name,
            kind: match span.span_kind {
                SpanKind::Internal => 1,
                SpanKind::Server => 2,
                SpanKind::Client => 3,
                SpanKind::Producer => 4,
                SpanKind::Consumer => 5,
            },
            start_time: nanos(span.start_time),
            end_time: nanos(span.end_time),
            status_code,
            status_message: status_message.filter(|message| !message.is_empty()),
            attributes: attributes::of(&span.attributes),
            events: span.events.iter().map(event).collect(),
            links: span.links.iter().map(link).collect(),
            resource: &self.resource,
            resource_schema_url: self.resource_schema.as_deref(),
            scope: Scope::of(&span.instrumentation_scope),
            dropped_attributes: span.dropped_attributes_count,
            dropped_events: span.events.dropped_count,
            dropped_links: span.links.dropped_count,
        }
    }
}

fn event(event: &opentelemetry::trace::Event) -> Event<'_> {
    Event {
        time: nanos(event.timestamp),
        name: &event.name,
        attributes: attributes::of(&event.attributes),
        dropped_attributes: event.dropped_attributes_count,
    }
}

fn link(link: &opentelemetry::trace::Link) -> Link {
    let context = &link.span_context;
    Link {
        trace_id: context.trace_id().to_string(),
        span_id: context.span_id().to_string(),
        trace_state: state(context),
        flags: context.trace_flags().to_u8(),
        attributes: attributes::of(&link.attributes),
        dropped_attributes: link.dropped_attributes_count,
    }
}

fn state(context: &SpanContext) -> Option<String> {
    Some(context.trace_state().header()).filter(|state| !state.is_empty())
}

fn schema() -> Schema {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let maybe = |name| Field::new(name, DataType::Utf8, true);
    let number = |name, kind| Field::new(name, kind, false);
    let events = Fields::from_iter([
        attributes::time("time", false),
        text("name"),
        attributes::attributes("attributes"),
        number("dropped_attributes", DataType::UInt32),
    ]);
    let links = Fields::from_iter([
        text("trace_id"),
        text("span_id"),
        maybe("trace_state"),
        number("flags", DataType::UInt8),
        attributes::attributes("attributes"),
        number("dropped_attributes", DataType::UInt32),
    ]);
    Schema::new(vec![
        text("trace_id"),
        text("span_id"),
        maybe("parent_span_id"),
        number("is_parent_remote", DataType::Boolean),
        maybe("trace_state"),
        number("flags", DataType::UInt8),
        text("name"),
        number("kind", DataType::Int32),
        attributes::time("start_time", false),
        attributes::time("end_time", false),
        number("status_code", DataType::Int32),
        maybe("status_message"),
        attributes::attributes("attributes"),
        attributes::list("events", DataType::Struct(events)),
        attributes::list("links", DataType::Struct(links)),
        attributes::attributes("resource"),
        maybe("resource_schema_url"),
        Scope::field(),
        number("dropped_attributes", DataType::UInt32),
        number("dropped_events", DataType::UInt32),
        number("dropped_links", DataType::UInt32),
    ])
}
