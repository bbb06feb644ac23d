//! What a Zerobus sender does, as numbers and spans: counted in memory, recorded through
//! OpenTelemetry, exported to any collector.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use zb_telemetry::{Event, Fates, Recorder, Stats};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let stats = Arc::new(Stats::new());
//! // A client is given `stats` as its recorder, and tells it what happens:
//! let table = "main.nyc.flights".parse()?;
//! let (rows, bytes) = (500, 48_000);
//! stats.record(&Event::Submitted { table: &table, rows, bytes: 64_000 });
//! stats.record(&Event::Sent { table: &table, rows, bytes });
//! let latency = Duration::from_millis(150);
//! stats.record(&Event::Acknowledged { table: &table, rows, bytes, latency });
//!
//! let now = stats.snapshot();
//! assert_eq!(now.durable_rows, 500);
//! assert_eq!(now.ack.mean(), Some(latency));
//! # Ok(())
//! # }
//! ```
//!
//! # Layers
//!
//! | feature | adds | depends on |
//! |---|---|---|
//! | none | [`Recorder`], [`Event`], [`Stats`], [`names`], [`spans`] | `tracing` |
//! | `otel` | `OtelRecorder`: metrics through the API of OpenTelemetry 0.33 | `opentelemetry` |
//! | `otlp` | `Telemetry`: providers and exporters to a collector, over HTTP and gRPC, with TLS; a `tracing` layer for spans; `TraceContext` | the SDK and its exporters |
//! | `arrow` | `TelemetryBuilder::arrow_files`: the same into Arrow IPC files, whole | `arrow-ipc`, `arrow-json` |
//!
//! No type of OpenTelemetry is in a public signature, but that `OtelRecorder::new` takes a meter
//! provider: every minor of it is breaking, and a program should not have to follow.
//!
//! # What it promises
//!
//! - [Names](names) are written once, after the semantic conventions for messaging clients where
//!   these have one.
//! - No value of a row, no message of an error and no secret is in an event, a metric or a span. What
//!   becomes an attribute is a table, a word of a small set, or a number.
//! - Recording never blocks and does no I/O. Without a recorder, and without a subscriber, it costs
//!   what a call costs that does nothing.
//! - Exporting goes on in the background and never fails a send. What a collector does not take in time
//!   is lost, and is said by `Telemetry::shutdown`.
//! - Nothing is installed for the whole process: no provider, no subscriber, no crypto provider.
//! - Only spans of the target [`spans::TARGET`] are exported, so that neither the transports' nor the
//!   exporters' own ones are, and exporting never feeds itself.
//!
//! # When to use this alone
//!
//! To count or export what another ingestion client does: map its callbacks to [`Event`]. Or, with
//! `otlp`, to give a program spans and metrics by the standard's environment variables, without globals
//! and with an end that waits two seconds at most. The page `docs/reference/metrics.md` lists
//! all metrics, and `docs/guides/telemetry.md` has a dashboard of Grafana beside it.

mod event;
mod lock;
pub mod names;
#[cfg(feature = "otel")]
mod otel;
#[cfg(feature = "otlp")]
mod otlp;
mod recorder;
mod snapshot;
pub mod spans;
mod stats;

pub use event::{Event, Fates};
#[cfg(feature = "otel")]
pub use otel::OtelRecorder;
#[cfg(feature = "otlp")]
pub use otlp::{Error, ErrorKind, Protocol, Signal, Telemetry, TelemetryBuilder, TraceContext};
pub use recorder::{FanOut, Recorder};
pub use snapshot::{Snapshot, Times};
pub use stats::Stats;
#[doc(no_inline)]
pub use zb_types::{Secret, TableName};
