//! Recording through the API of OpenTelemetry (feature `otel`).

mod attributes;
mod instruments;

use std::fmt;

use opentelemetry::{
    InstrumentationScope, KeyValue,
    metrics::{Counter, MeterProvider},
};

use self::{attributes::Tables, instruments::Instruments};
use crate::{Event, Recorder, names};

/// Records what it is told through the metrics API of OpenTelemetry 0.33.
///
/// Instruments are made once, and the attributes of a table once for each table. Which
/// [`names`] and units they have is in [`names::METRICS`].
///
/// ```
/// use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
/// use zb_telemetry::{Event, OtelRecorder, Recorder};
///
/// let exporter = InMemoryMetricExporter::default();
/// let provider = SdkMeterProvider::builder()
///     .with_periodic_exporter(exporter.clone())
///     .build();
///
/// let recorder = OtelRecorder::new(&provider).with_server_address("ingest.example.com");
/// let table = "main.nyc.flights".parse()?;
/// recorder.record(&Event::Submitted { table: &table, rows: 3, bytes: 96 });
///
/// provider.force_flush()?;
/// assert_eq!(exporter.get_finished_metrics()?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OtelRecorder {
    instruments: Instruments,
    tables: Tables,
    /// The attributes of what is about no table.
    none: Vec<KeyValue>,
}

impl OtelRecorder {
    /// Records with meters of this provider.
    #[must_use]
    pub fn new(provider: &dyn MeterProvider) -> Self {
        let scope = InstrumentationScope::builder(names::SCOPE)
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let none = vec![KeyValue::new(
            names::attribute::MESSAGING_SYSTEM,
            names::SYSTEM,
        )];
        Self {
            instruments: Instruments::new(&provider.meter_with_scope(scope)),
            tables: Tables::new(none.clone()),
            none,
        }
    }

    /// Adds `server.address`: the host of the ingest endpoint, without a port.
    #[must_use]
    pub fn with_server_address(mut self, host: impl Into<String>) -> Self {
        let address = KeyValue::new(names::attribute::SERVER_ADDRESS, host.into());
        self.none.push(address);
        self.tables.set_shared(self.none.clone());
        self
    }

    /// Leaves `messaging.destination.name` out, for clients with so many tables that a time series
    /// for each is too many.
    #[must_use]
    pub fn without_table_names(mut self) -> Self {
        self.tables.leave_out_names();
        self
    }
}

impl Recorder for OtelRecorder {
    fn record(&self, event: &Event<'_>) {
        let on = &self.instruments;
        let table = event.table().map(|table| self.tables.get(table));
        // What is about no table has no attributes of one.
        let base = table.as_ref().map_or(&self.none[..], |table| &table.base);
        match *event {
            Event::Submitted { rows, bytes, .. } => {
                on.submitted_batches.add(1, base);
                on.submitted_rows.add(rows, base);
                on.submitted_bytes.add(bytes, base);
            }
            Event::Encoded {
                rows,
                bytes,
                elapsed,
                ..
            } => {
                on.encoded_rows.add(rows, base);
                on.encoded_bytes.add(bytes, base);
                on.encode_duration.record(elapsed.as_secs_f64(), base);
            }
            Event::Admitted {
                rows,
                bytes,
                waited,
                ..
            } => {
                on.inflight_rows.add(signed(rows), base);
                on.inflight_bytes.add(signed(bytes), base);
                on.queue_duration.record(waited.as_secs_f64(), base);
            }
            Event::Released { rows, bytes, .. } => {
                on.inflight_rows.add(-signed(rows), base);
                on.inflight_bytes.add(-signed(bytes), base);
            }
            Event::Sent { rows, bytes, .. } => {
                let sent = table.as_ref().map_or(base, |table| &table.sent);
                on.sent_messages.add(rows, sent);
                on.sent_requests.add(1, base);
                on.sent_bytes.add(bytes, base);
            }
            Event::Acknowledged {
                rows,
                bytes,
                latency,
                ..
            } => {
                on.durable_rows.add(rows, base);
                on.durable_bytes.add(bytes, base);
                on.ack_duration.record(latency.as_secs_f64(), base);
            }
            Event::Rejected { kind, rows, .. } => {
                on.rejected_rows.add(rows, &with_error(base, Some(kind)));
            }
            Event::PossiblyDuplicated { rows, .. } => some(&on.duplicated_rows, rows, base),
            Event::Connecting { wait, again, .. } => {
                on.connections.add(1, base);
                some(&on.reconnects, u64::from(again), base);
                on.backoff_duration.record(wait.as_secs_f64(), base);
            }
            Event::Retried { cause, .. } => {
                on.retries.add(1, &with_error(base, Some(cause)));
            }
            Event::Settled { fates, elapsed, .. } => {
                some(&on.not_sent_rows, fates.not_sent, base);
                some(&on.unknown_rows, fates.unknown, base);
                let Some(table) = &table else { return };
                let outcome = table.outcome(fates.outcome());
                on.settled_batches.add(1, &outcome.settled);
                on.operation_duration
                    .record(elapsed.as_secs_f64(), &outcome.operation);
            }
            Event::Failed { kind, .. } => {
                on.failures.add(1, &with_error(base, Some(kind)));
            }
            Event::TokenRequested { elapsed, error } => {
                let attributes = with_error(base, error);
                on.token_requests.add(1, &attributes);
                on.token_request_duration
                    .record(elapsed.as_secs_f64(), &attributes);
            }
            Event::TokenUsed { age } => on.token_age.record(age.as_secs_f64(), base),
            Event::DebugDropped { mirror, batches } => {
                let mut attributes = base.to_vec();
                attributes.push(KeyValue::new(names::attribute::MIRROR, mirror.to_owned()));
                on.debug_dropped.add(batches, &attributes);
            }
        }
    }
}

impl fmt::Debug for OtelRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtelRecorder").finish_non_exhaustive()
    }
}

/// A counter that is zero makes no time series.
fn some(counter: &Counter<u64>, number: u64, attributes: &[KeyValue]) {
    if number > 0 {
        counter.add(number, attributes);
    }
}

/// These attributes, and why it failed if it did.
fn with_error(base: &[KeyValue], error: Option<&str>) -> Vec<KeyValue> {
    let mut all = base.to_vec();
    all.extend(error.map(error_type));
    all
}

fn error_type(word: &str) -> KeyValue {
    KeyValue::new(names::attribute::ERROR_TYPE, word.to_owned())
}

/// A number of rows or bytes in memory is never beyond `i64::MAX`.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
