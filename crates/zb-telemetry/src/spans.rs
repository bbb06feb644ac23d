//! The spans of a send. They are `tracing` spans; with feature `otlp` they reach a collector.
//!
//! | span | parent | kind | fields |
//! |---|---|---|---|
//! | `send` (exported as `send {table}`) | the caller's | producer | `messaging.*`, `error.type`, `otel.status_code` |
//! | `convert` | `send` | internal | `messaging.batch.message_count`, `zb.bytes` |
//! | `submit` | `send` | internal | `messaging.batch.message_count`, `zb.bytes` |
//! | `wait` | `send` | client | `messaging.batch.message_count`, `zb.bytes`, `zb.attempt`, `error.type`, `otel.status_code` |
//! | `retry` | `send`, with a link to what it repeats | client | the same |
//!
//! `zb.attempt` is how often the request, or a part of it, was handed over, this time included. The
//! `error.type` of a retry is what the attempt before has failed with, until it fails itself.
//!
//! A crate that only has `tracing` can open the same spans without this one: the target is [`TARGET`],
//! names and fields are those above, and `otel.name`, `otel.kind` and `otel.status_code` are read by
//! the exporter and not exported. So does `zb-ingest`. The functions here are the reference; tests hold
//! them against what a collector receives, and those of a sender against them. A link is `Span::follows_from`; it arrives if the span that is
//! followed is still open.
//!
//! No value of a row and no message goes into a field. Nothing is exported but spans, and events, of
//! [`TARGET`].

use tracing::{Span, field::Empty};
use zb_types::TableName;

use crate::names::{SYSTEM, attribute};

/// The `tracing` target of these spans, and of nothing else.
pub const TARGET: &str = "zb";

/// A batch on its way, from handing it in until every row has its fate. Its parent is the span that
/// the caller is in.
pub fn send(table: &TableName, rows: u64) -> Span {
    tracing::info_span!(
        target: TARGET,
        "send",
        otel.name = format_args!("send {table}"),
        otel.kind = "producer",
        otel.status_code = Empty,
        { attribute::MESSAGING_SYSTEM } = SYSTEM,
        { attribute::OPERATION_NAME } = "send",
        { attribute::OPERATION_TYPE } = "send",
        { attribute::DESTINATION } = table.as_str(),
        { attribute::MESSAGE_COUNT } = rows,
        { attribute::ERROR_TYPE } = Empty,
    )
}

/// Says of a `send`, or of any other of these spans, that it failed, with a word of a small set.
pub fn fail(span: &Span, kind: &str) {
    span.record(attribute::ERROR_TYPE, kind);
    span.record("otel.status_code", "ERROR");
}

/// The rows of one request are encoded.
pub fn convert(send: &Span, rows: u64) -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: send,
        "convert",
        { attribute::MESSAGE_COUNT } = rows,
        { attribute::BYTES } = Empty,
    )
}

/// A request waits for room in the budget and is queued.
pub fn submit(send: &Span, rows: u64, bytes: u64) -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: send,
        "submit",
        { attribute::MESSAGE_COUNT } = rows,
        { attribute::BYTES } = bytes,
    )
}

/// A request waits for its acknowledgement.
pub fn wait(send: &Span, rows: u64, bytes: u64) -> Span {
    tracing::info_span!(
        target: TARGET,
        parent: send,
        "wait",
        otel.kind = "client",
        otel.status_code = Empty,
        { attribute::MESSAGE_COUNT } = rows,
        { attribute::BYTES } = bytes,
        { attribute::ATTEMPT } = 1_u64,
        { attribute::ERROR_TYPE } = Empty,
    )
}

/// Rows of a request are sent again, for a `cause`. It is linked to the span of the attempt that failed.
pub fn retry(send: &Span, failed: &Span, cause: &str, attempt: u32, rows: u64, bytes: u64) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        parent: send,
        "retry",
        otel.kind = "client",
        otel.status_code = Empty,
        { attribute::MESSAGE_COUNT } = rows,
        { attribute::BYTES } = bytes,
        { attribute::ATTEMPT } = u64::from(attempt),
        { attribute::ERROR_TYPE } = cause,
    );
    span.follows_from(failed);
    span
}
