//! One instrument for each name.

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter};

use crate::names::{self, Metric};

/// Bounds of seconds: those that the conventions give for `messaging.client.operation.duration`,
/// continued to the minutes that an outage takes.
const SECONDS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0,
    300.0,
];

/// Bounds of seconds for what is done in memory.
const SHORT_SECONDS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

pub(super) struct Instruments {
    pub(super) submitted_batches: Counter<u64>,
    pub(super) submitted_rows: Counter<u64>,
    pub(super) submitted_bytes: Counter<u64>,
    pub(super) encoded_rows: Counter<u64>,
    pub(super) encoded_bytes: Counter<u64>,
    pub(super) encode_duration: Histogram<f64>,
    pub(super) queue_duration: Histogram<f64>,
    pub(super) inflight_rows: UpDownCounter<i64>,
    pub(super) inflight_bytes: UpDownCounter<i64>,
    pub(super) sent_messages: Counter<u64>,
    pub(super) sent_requests: Counter<u64>,
    pub(super) sent_bytes: Counter<u64>,
    pub(super) ack_duration: Histogram<f64>,
    pub(super) durable_rows: Counter<u64>,
    pub(super) durable_bytes: Counter<u64>,
    pub(super) rejected_rows: Counter<u64>,
    pub(super) not_sent_rows: Counter<u64>,
    pub(super) unknown_rows: Counter<u64>,
    pub(super) duplicated_rows: Counter<u64>,
    pub(super) settled_batches: Counter<u64>,
    pub(super) operation_duration: Histogram<f64>,
    pub(super) connections: Counter<u64>,
    pub(super) reconnects: Counter<u64>,
    pub(super) backoff_duration: Histogram<f64>,
    pub(super) retries: Counter<u64>,
    pub(super) failures: Counter<u64>,
    pub(super) token_requests: Counter<u64>,
    pub(super) token_request_duration: Histogram<f64>,
    pub(super) token_age: Gauge<f64>,
    pub(super) debug_dropped: Counter<u64>,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        let counter = |metric| counter(meter, metric);
        let up_down = |metric| up_down_counter(meter, metric);
        let histogram = |metric, bounds| histogram(meter, metric, bounds);
        Self {
            submitted_batches: counter(names::SUBMITTED_BATCHES),
            submitted_rows: counter(names::SUBMITTED_ROWS),
            submitted_bytes: counter(names::SUBMITTED_BYTES),
            encoded_rows: counter(names::ENCODED_ROWS),
            encoded_bytes: counter(names::ENCODED_BYTES),
            encode_duration: histogram(names::ENCODE_DURATION, SHORT_SECONDS),
            queue_duration: histogram(names::QUEUE_DURATION, SHORT_SECONDS),
            inflight_rows: up_down(names::INFLIGHT_ROWS),
            inflight_bytes: up_down(names::INFLIGHT_BYTES),
            sent_messages: counter(names::SENT_MESSAGES),
            sent_requests: counter(names::SENT_REQUESTS),
            sent_bytes: counter(names::SENT_BYTES),
            ack_duration: histogram(names::ACK_DURATION, SECONDS),
            durable_rows: counter(names::DURABLE_ROWS),
            durable_bytes: counter(names::DURABLE_BYTES),
            rejected_rows: counter(names::REJECTED_ROWS),
            not_sent_rows: counter(names::NOT_SENT_ROWS),
            unknown_rows: counter(names::UNKNOWN_ROWS),
            duplicated_rows: counter(names::DUPLICATED_ROWS),
            settled_batches: counter(names::SETTLED_BATCHES),
            operation_duration: histogram(names::OPERATION_DURATION, SECONDS),
            connections: counter(names::CONNECTIONS),
            reconnects: counter(names::RECONNECTS),
            backoff_duration: histogram(names::BACKOFF_DURATION, SECONDS),
            retries: counter(names::RETRIES),
            failures: counter(names::FAILURES),
            token_requests: counter(names::TOKEN_REQUESTS),
            token_request_duration: histogram(names::TOKEN_REQUEST_DURATION, SECONDS),
            token_age: gauge(meter, names::TOKEN_AGE),
            debug_dropped: counter(names::DEBUG_DROPPED),
        }
    }
}

fn counter(meter: &Meter, metric: Metric) -> Counter<u64> {
    meter
        .u64_counter(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .build()
}

fn up_down_counter(meter: &Meter, metric: Metric) -> UpDownCounter<i64> {
    meter
        .i64_up_down_counter(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .build()
}

fn histogram(meter: &Meter, metric: Metric, bounds: &[f64]) -> Histogram<f64> {
    meter
        .f64_histogram(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .with_boundaries(bounds.to_vec())
        .build()
}

fn gauge(meter: &Meter, metric: Metric) -> Gauge<f64> {
    meter
        .f64_gauge(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.description)
        .build()
}
