//! The spans of a batch, with `tracing` alone. `zb-telemetry` exports those of this target, and says
//! what their names and fields mean.

use tracing::{Span, field::Empty};
use zb_types::TableName;

/// A batch on its way, from being handed in until every row has its fate. Its parent is the span that
/// the caller is in.
pub(crate) fn send(table: &TableName, rows: usize) -> Span {
    tracing::info_span!(
        target: "zb",
        "send",
        otel.name = format_args!("send {table}"),
        otel.kind = "producer",
        otel.status_code = Empty,
        "messaging.system" = "zerobus",
        "messaging.operation.name" = "send",
        "messaging.operation.type" = "send",
        "messaging.destination.name" = table.as_str(),
        "messaging.batch.message_count" = rows as u64,
        "error.type" = Empty,
    )
}

/// Says of a span that what it is about has failed, with a word of a small set.
pub(crate) fn fail(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}

/// The rows of one request are encoded.
pub(crate) fn convert(send: &Span) -> Span {
    tracing::info_span!(
        target: "zb",
        parent: send,
        "convert",
        "messaging.batch.message_count" = Empty,
        "zb.bytes" = Empty,
    )
}

/// They are: this is what came of it.
pub(crate) fn converted(span: &Span, rows: usize, bytes: usize) {
    span.record("messaging.batch.message_count", rows as u64);
    span.record("zb.bytes", bytes as u64);
}

/// A request waits for room and is queued.
pub(crate) fn submit(send: &Span, rows: usize, bytes: usize) -> Span {
    tracing::info_span!(
        target: "zb",
        parent: send,
        "submit",
        "messaging.batch.message_count" = rows as u64,
        "zb.bytes" = bytes as u64,
    )
}

/// A request waits for its acknowledgement.
pub(crate) fn wait(send: &Span, rows: usize, bytes: usize) -> Span {
    tracing::info_span!(
        target: "zb",
        parent: send,
        "wait",
        otel.kind = "client",
        otel.status_code = Empty,
        "messaging.batch.message_count" = rows as u64,
        "zb.bytes" = bytes as u64,
        "zb.attempt" = 1_u64,
        "error.type" = Empty,
    )
}

/// Rows of a request are sent again, for a `cause`, and linked to the attempt before.
pub(crate) fn retry(
    send: &Span,
    failed: &Span,
    cause: &str,
    attempt: u32,
    rows: usize,
    bytes: usize,
) -> Span {
    let span = tracing::info_span!(
        target: "zb",
        parent: send,
        "retry",
        otel.kind = "client",
        otel.status_code = Empty,
        "messaging.batch.message_count" = rows as u64,
        "zb.bytes" = bytes as u64,
        "zb.attempt" = u64::from(attempt),
        "error.type" = cause,
    );
    span.follows_from(failed);
    span
}
