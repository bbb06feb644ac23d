//! Metrics and spans to a collector or into files, for the clients that ask for it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use pyo3::{prelude::*, types::PyDict};
use tokio::runtime::Runtime;
use zb_core::telemetry::{Recorder, Telemetry, TraceContext};

use crate::{errors, logging};

/// How long the last metrics and spans may take to be delivered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where telemetry goes.
#[derive(FromPyObject, Clone, PartialEq, Eq)]
#[pyo3(from_item_all)]
struct Place {
    /// Whether a collector gets it.
    collector: bool,
    /// Its URL, if the environment does not say.
    endpoint: Option<String>,
    /// Where Arrow files of it are kept.
    directory: Option<PathBuf>,
}

/// What is started, and for where. Locked only by who holds the GIL and keeps it.
static STARTED: Mutex<Option<(Place, Weak<Exporting>)>> = Mutex::new(None);

/// Telemetry that is exported until the last client that uses it is closed.
pub(crate) struct Exporting {
    telemetry: Telemetry,
}

impl Exporting {
    /// Starts exporting to the place that a dict names, or shares what was started before: a process
    /// has one place at a time.
    pub(crate) fn start(
        py: Python<'_>,
        place: &Bound<'_, PyDict>,
        runtime: &Runtime,
    ) -> PyResult<Arc<Self>> {
        let place: Place = place.extract()?;
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let running = started
            .as_ref()
            .and_then(|(place, exporting)| Some((place, exporting.upgrade()?)));
        match running {
            Some((known, exporting)) if *known == place => return Ok(exporting),
            Some(_) => {
                let text = "telemetry goes to one place for all clients that are open at a time, \
                            and another one is open with another place";
                return Err(errors::configuration(py, text));
            }
            None => {}
        }
        let mut builder = Telemetry::builder();
        match (&place.endpoint, place.collector) {
            (Some(url), _) => builder = builder.endpoint(url),
            (None, false) => builder = builder.without_collector(),
            (None, true) => {}
        }
        if let Some(directory) = &place.directory {
            builder = builder.arrow_files(directory);
        }
        let _entered = runtime.enter();
        let telemetry = builder
            .start()
            .map_err(|error| errors::configuration(py, &format!("telemetry: {error}")))?;
        logging::export(Some(Box::new(telemetry.unfiltered_layer())));
        let exporting = Arc::new(Self { telemetry });
        *started = Some((place, Arc::downgrade(&exporting)));
        Ok(exporting)
    }

    pub(crate) fn recorder(&self) -> Arc<impl Recorder + 'static> {
        self.telemetry.recorder()
    }

    /// Delivers what is left, if nobody else uses it.
    pub(crate) async fn end(self: Arc<Self>) {
        let Some(last) = Arc::into_inner(self) else {
            return;
        };
        let ending = tokio::task::spawn_blocking(move || last.telemetry.shutdown(PATIENCE));
        let ended = ending.await;
        logging::export(None);
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the collector did not get all metrics and spans");
        }
    }
}

/// Where the caller is in a trace: the headers `traceparent` and `tracestate`.
#[derive(FromPyObject, Clone)]
pub(crate) struct Context(String, Option<String>);

impl Context {
    /// Runs a future there.
    pub(crate) async fn scope<F: Future>(context: Option<Self>, future: F) -> F::Output {
        let parsed =
            context.and_then(|Self(parent, state)| TraceContext::parse(&parent, state.as_deref()));
        match parsed {
            Some(context) => context.scope(future).await,
            None => future.await,
        }
    }
}
