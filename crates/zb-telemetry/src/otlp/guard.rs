//! What keeps exporting, and ends it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{
    error::OTelSdkResult, metrics::SdkMeterProvider, trace::SdkTracerProvider,
};
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

use super::{Error, Signal, TelemetryBuilder, layer};
use crate::{OtelRecorder, names};

/// How long dropping waits for the collector.
const PATIENCE: Duration = Duration::from_secs(2);

/// Exports metrics and spans to a collector, until it is [shut down](Self::shutdown) or dropped.
///
/// ```no_run
/// use std::time::Duration;
/// use tracing_subscriber::prelude::*;
/// use zb_telemetry::Telemetry;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = Telemetry::from_env()?;
/// let subscriber = tracing_subscriber::registry().with(telemetry.layer());
/// tracing::subscriber::set_global_default(subscriber)?;
/// let recorder = telemetry.recorder(); // for the client
/// // … send …
/// telemetry.shutdown(Duration::from_secs(5))?;
/// # Ok(())
/// # }
/// ```
///
/// # The environment
///
/// | variable | means | default |
/// |---|---|---|
/// | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector | `http://localhost:4318`, with gRPC `:4317` |
/// | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf` or `grpc` | `http/protobuf` |
/// | `OTEL_EXPORTER_OTLP_HEADERS` | `key=value,…` for every request | none |
/// | `OTEL_EXPORTER_OTLP_TIMEOUT` | milliseconds that one export may take | 10000 |
/// | `OTEL_EXPORTER_OTLP_COMPRESSION` | `gzip` | none |
/// | `OTEL_EXPORTER_OTLP_CERTIFICATE` | PEM file of an authority to trust, too | the machine's |
/// | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `…_CLIENT_KEY` | PEM files, for mutual TLS | none |
/// | `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES` | who this is | `zb` |
/// | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | which traces are kept | all, or as the parent |
/// | `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_BSP_*` | how often | the SDK's |
/// | `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER` | `otlp` or `none` | `otlp` |
/// | `OTEL_SDK_DISABLED` | `true`: nothing is exported | |
///
/// Each of the `OTEL_EXPORTER_OTLP_…` exists with `TRACES` or `METRICS` after `OTLP_` for one signal
/// alone; an endpoint for one signal is taken as it is, path included.
///
/// # What it promises
///
/// Export happens on threads of its own, from any runtime or none, and never delays a send. What the
/// collector does not take is tried again for as long as the timeout allows, and then lost: telemetry
/// is not a ledger. Nothing is installed for the process. Headers are never shown.
#[must_use = "exporting ends when it is dropped"]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
    meter: SdkMeterProvider,
    recorder: Arc<OtelRecorder>,
    targets: Arc<[String]>,
    is_shut_down: AtomicBool,
    #[cfg(feature = "arrow")]
    lost: Vec<Arc<super::arrow::Lost>>,
}

impl Telemetry {
    pub(super) fn new(
        tracer: Option<SdkTracerProvider>,
        meter: SdkMeterProvider,
        recorder: OtelRecorder,
        targets: Arc<[String]>,
    ) -> Self {
        Self {
            tracer,
            meter,
            recorder: Arc::new(recorder),
            targets,
            is_shut_down: AtomicBool::new(false),
            #[cfg(feature = "arrow")]
            lost: Vec::new(),
        }
    }

    #[cfg(feature = "arrow")]
    pub(super) fn with_files(mut self, lost: Vec<Arc<super::arrow::Lost>>) -> Self {
        self.lost = lost;
        self
    }

    /// Says where telemetry goes, as far as the environment does not.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::default()
    }

    /// Starts as the environment says.
    ///
    /// # Errors
    ///
    /// As [`TelemetryBuilder::start`].
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// Makes metrics of what it is told.
    pub fn recorder(&self) -> Arc<OtelRecorder> {
        self.recorder.clone()
    }

    /// Exports spans, for a subscriber of `tracing`. Spans of a send pass, and those of the targets
    /// that were [added](TelemetryBuilder::target); those of the SDK and of the transports do not.
    #[must_use = "nothing is exported before a subscriber has it"]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        self.tracer
            .as_ref()
            .map(|provider| layer::layer(provider.tracer(names::SCOPE), self.targets.clone()))
    }

    /// [`layer`](Self::layer) without its filter, for a subscriber that gets it while it runs, which a
    /// layer with a filter cannot stand. Whoever uses it passes spans of [`TARGET`] and no others: an
    /// exporter whose own requests became spans would export for ever.
    ///
    /// [`TARGET`]: crate::spans::TARGET
    #[must_use = "nothing is exported before a subscriber has it"]
    pub fn unfiltered_layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        self.tracer
            .as_ref()
            .map(|provider| layer::unfiltered(provider.tracer(names::SCOPE)))
    }

    /// Exports what there is, and waits for it, but not longer than `limit`. It blocks the thread.
    ///
    /// # Errors
    ///
    /// If something did not arrive; the first such thing is named.
    pub fn flush(&self, limit: Duration) -> Result<(), Error> {
        let meter = self.meter.clone();
        let tracer = self.tracer.clone();
        let done = all_within(
            limit,
            move || tracer.map_or(Ok(()), |tracer| tracer.force_flush()),
            move || meter.force_flush(),
        );
        self.with_lost(done)
    }

    /// Exports what there is and ends exporting. It blocks the thread, but not longer than `limit`. To
    /// do it again does nothing.
    ///
    /// # Errors
    ///
    /// If something did not arrive; the first such thing is named.
    pub fn shutdown(&self, limit: Duration) -> Result<(), Error> {
        if self.is_shut_down.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let meter = self.meter.clone();
        let tracer = self.tracer.clone();
        let done = all_within(
            limit,
            move || tracer.map_or(Ok(()), |tracer| tracer.shutdown_with_timeout(limit)),
            move || meter.shutdown_with_timeout(limit),
        );
        self.with_lost(done)
    }

    /// How many records of Arrow files, which are spans or points of metrics, could not be written up to
    /// now. [`flush`](Self::flush) and [`shutdown`](Self::shutdown) say why.
    #[cfg(feature = "arrow")]
    pub fn unwritten_records(&self) -> u64 {
        self.lost.iter().map(|lost| lost.ever()).sum()
    }

    /// What files lost comes first: it has a number and a cause, where the SDK only says that there was
    /// a failure.
    #[cfg(feature = "arrow")]
    fn with_lost(&self, done: Result<(), Error>) -> Result<(), Error> {
        let mut told: Vec<_> = self.lost.iter().map(|lost| lost.tell()).collect();
        told.push(done);
        told.into_iter().collect()
    }

    #[cfg(not(feature = "arrow"))]
    #[expect(clippy::unused_self, reason = "no file can lose anything")]
    fn with_lost(&self, done: Result<(), Error>) -> Result<(), Error> {
        done
    }
}

impl Drop for Telemetry {
    /// Shuts down, for at most two seconds. What did not arrive is said in the log.
    fn drop(&mut self) {
        if let Err(error) = self.shutdown(PATIENCE) {
            tracing::warn!(%error, "not all telemetry was exported");
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("exports_spans", &self.tracer.is_some())
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// Both at once, each on a thread that may outlive the limit: the SDK's own limits are not kept by
/// every part of it.
fn all_within(
    limit: Duration,
    traces: impl FnOnce() -> OTelSdkResult + Send + 'static,
    metrics: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> Result<(), Error> {
    let end = Instant::now() + limit;
    let traces = begin(traces);
    let metrics = begin(metrics);
    let traces = finish(Signal::Traces, traces, end, limit);
    let metrics = finish(Signal::Metrics, metrics, end, limit);
    traces.and(metrics)
}

type Pending = Result<mpsc::Receiver<OTelSdkResult>, std::io::Error>;

fn begin(job: impl FnOnce() -> OTelSdkResult + Send + 'static) -> Pending {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("zb-telemetry-end".to_owned());
    // Nobody may be listening any more; then there is nobody to tell.
    thread.spawn(move || drop(sender.send(job())))?;
    Ok(receiver)
}

fn finish(signal: Signal, pending: Pending, end: Instant, limit: Duration) -> Result<(), Error> {
    let left = end.saturating_duration_since(Instant::now());
    match pending.map_err(Error::Threads)?.recv_timeout(left) {
        Ok(result) => result.map_err(|error| Error::export(signal, error)),
        Err(_) => Err(Error::TimedOut { signal, limit }),
    }
}
