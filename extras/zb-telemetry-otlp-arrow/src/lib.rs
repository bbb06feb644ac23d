//! Spans and metrics of zb in the Arrow IPC files of [`otlp-arrow-library`](otlp_arrow_library).
//!
//! ```
//! use tracing_subscriber::prelude::*;
//! use zb_telemetry::{Event, Recorder};
//! use zb_telemetry_otlp_arrow::ArrowTelemetry;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let telemetry = ArrowTelemetry::open(directory.path())?;
//! let subscriber = tracing_subscriber::registry().with(telemetry.layer());
//! let recorder = telemetry.recorder(); // for the client
//! let table = "main.nyc.flights".parse::<zb_types::TableName>()?;
//! tracing::subscriber::with_default(subscriber, || drop(zb_telemetry::spans::send(&table, 3)));
//! recorder.record(&Event::Submitted { table: &table, rows: 3, bytes: 96 });
//! telemetry.shutdown()?;
//!
//! let files = telemetry.directory().join("otlp/traces");
//! assert_eq!(std::fs::read_dir(files)?.count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is worked around
//!
//! Version 0.6.4 of the library is what the faults below were found in; it is pinned.
//!
//! | the library | here |
//! |---|---|
//! | leaves resource, scope, status text, trace state, events and links of spans out | attributes `resource.*`, `otel.scope.*`, `otel.status_description`, `otel.trace_state`, `otel.events`, `otel.links` |
//! | numbers kinds of spans as nobody else does | attribute `otel.kind`, in words; the column stays wrong |
//! | writes arrays as Rust writes them, or not at all; makes zero of what is not a number | as JSON, as text |
//! | leaves resource, scope, unit, temporality and start of metrics out | attributes of every point |
//! | keeps the sum of a histogram alone | `NAME.sum`, `.count`, `.bucket` with `le`, `.min`, `.max` as metrics |
//! | keeps integers as floats | attribute `otel.value` where that is not exact |
//! | reads the first resource of a request, and fails on one without points | one request for each; none without points |
//! | writes late, and not at all when a provider is flushed or shut down | writes with every export |
//! | refuses a batch larger than its buffer | batches of 1000 |
//! | overwrites files of the same second | a directory for each process, of mode 0700 |
//! | never deletes a file | the oldest go, beyond [a number of bytes](Settings::max_bytes) |
//! | forwards empty requests, serves a dashboard to anybody | both stay off; forwarding is `zb-telemetry`'s, with its feature `otlp` |
//!
//! # What is not
//!
//! A stream has no end mark until the library opens the next file, at 100 MiB: readers take it
//! nevertheless. Files have the mode that the umask gives. Exponential histograms and summaries are left
//! out; zb makes none. Dependencies are as old as the library wants them, and some have advisories: the
//! HTTP client among them is never used here.
//!
//! # When to use this alone
//!
//! When the files of that library are what your other programs read. It is a crate outside the
//! workspace, since the library wants pyo3 0.20, always, and a lockfile holds one version of what links to
//! Python: no program can have both this and another pyo3. Nothing of Python is linked in. Still, pyo3
//! looks for one when it is built: `.cargo/config.toml` and `python.cfg` of this crate show how to tell
//! it of one that need not be there. The headers of OpenSSL have to be.

mod error;
mod files;
mod metrics;
mod retention;
mod spans;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::SdkTracerProvider,
};
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};
use zb_telemetry::{OtelRecorder, names};

pub use error::Error;

/// Where files go, and how many may stay.
#[derive(Debug, Clone)]
#[must_use]
pub struct Settings {
    root: PathBuf,
    max_bytes: u64,
    metric_interval: Option<Duration>,
}

impl Settings {
    /// Files go below this directory, and may take 1 GiB.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            max_bytes: 1 << 30,
            metric_interval: None,
        }
    }

    /// What the files of all processes that use the directory may take together. Those that are being
    /// written to stay in any case.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How often metrics are written; if this is not said, `OTEL_METRIC_EXPORT_INTERVAL`, or a minute.
    pub fn metric_interval(mut self, interval: Duration) -> Self {
        self.metric_interval = Some(interval);
        self
    }

    /// Starts writing.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used.
    pub fn open(self) -> Result<ArrowTelemetry, Error> {
        let files = Arc::new(files::Files::open(&self.root, self.max_bytes)?);
        let resource = Resource::builder().build();
        let tracer = SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(spans::Spans::new(files.clone()))
            .build();
        let mut reader = PeriodicReader::builder(metrics::Metrics::new(files.clone()));
        if let Some(interval) = self.metric_interval {
            reader = reader.with_interval(interval);
        }
        let meter = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.build())
            .build();
        Ok(ArrowTelemetry {
            recorder: Arc::new(OtelRecorder::new(&meter)),
            tracer,
            meter,
            files,
        })
    }
}

/// Writes metrics and spans into files, until it is shut down or dropped.
#[derive(Debug)]
pub struct ArrowTelemetry {
    recorder: Arc<OtelRecorder>,
    tracer: SdkTracerProvider,
    meter: SdkMeterProvider,
    files: Arc<files::Files>,
}

impl ArrowTelemetry {
    /// As [`Settings::new`] has it.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Error> {
        Settings::new(root).open()
    }

    /// The directory of this process.
    pub fn directory(&self) -> &Path {
        &self.files.directory
    }

    /// Makes metrics of what it is told.
    pub fn recorder(&self) -> Arc<OtelRecorder> {
        self.recorder.clone()
    }

    /// Writes the spans of a send, for a subscriber of `tracing`, and no others.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let filter = Targets::new().with_target(zb_telemetry::spans::TARGET, Level::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.tracer.tracer(names::SCOPE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter)
    }

    /// Writes what there is.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn flush(&self) -> Result<(), Error> {
        self.tracer.force_flush().map_err(Error::Unwritten)?;
        self.meter.force_flush().map_err(Error::Unwritten)
    }

    /// Writes what there is and ends writing. To do it again does nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn shutdown(&self) -> Result<(), Error> {
        use opentelemetry_sdk::error::OTelSdkError::AlreadyShutdown;
        let ended = [self.tracer.shutdown(), self.meter.shutdown()];
        self.files.shutdown()?;
        for result in ended {
            match result {
                Ok(()) | Err(AlreadyShutdown) => {}
                Err(error) => return Err(Error::Unwritten(error)),
            }
        }
        Ok(())
    }
}

impl Drop for ArrowTelemetry {
    fn drop(&mut self) {
        if let Err(error) = self.shutdown() {
            tracing::warn!(%error, "not all telemetry was written");
        }
    }
}
