//! Metrics and spans to a collector or into files, for the clients that ask for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use pyo3::{prelude::*, types::PyDict};
use tokio::runtime::Runtime;
use zb_core::telemetry::{Recorder, Telemetry, TraceContext};

use crate::{errors, logging};

/// How long the last metrics and spans may take to be delivered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where telemetry goes. Clients that name the same place share one.
#[derive(FromPyObject, Clone, PartialEq, Eq, Hash)]
#[pyo3(from_item_all)]
struct Place {
    /// Whether a collector gets it.
    collector: bool,
    /// Its URL, if the environment does not say.
    endpoint: Option<String>,
    /// Where Arrow files of it are kept.
    directory: Option<std::path::PathBuf>,
}

/// What is started. Locked only by who holds the GIL and keeps it.
static STARTED: Mutex<Option<HashMap<Place, Weak<Exporting>>>> = Mutex::new(None);

/// Telemetry that is exported until the last client that uses it is closed.
pub(crate) struct Exporting {
    telemetry: Telemetry,
    /// Of its layer.
    number: u64,
}

impl Exporting {
    /// Starts exporting to the place that a dict names, or shares what was started before.
    pub(crate) fn start(
        py: Python<'_>,
        place: &Bound<'_, PyDict>,
        runtime: &Runtime,
    ) -> PyResult<Arc<Self>> {
        let place: Place = place.extract()?;
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        let started = started.get_or_insert_default();
        if let Some(exporting) = started.get(&place).and_then(Weak::upgrade) {
            return Ok(exporting);
        }
        let mut builder = Telemetry::builder();
        match (&place.endpoint, place.collector) {
            (Some(url), _) => builder = builder.with_endpoint(url),
            (None, false) => builder = builder.without_collector(),
            (None, true) => {}
        }
        if let Some(directory) = &place.directory {
            builder = builder.with_arrow_files(directory);
        }
        let _entered = runtime.enter();
        let telemetry = builder
            .start()
            .map_err(|error| errors::configuration(py, &format!("telemetry: {error}")))?;
        let number = logging::add_layer(Box::new(telemetry.layer()));
        let exporting = Arc::new(Self { telemetry, number });
        started.insert(place, Arc::downgrade(&exporting));
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
        logging::remove_layer(last.number);
        let ending = tokio::task::spawn_blocking(move || last.telemetry.shutdown(PATIENCE));
        if let Ok(Err(error)) = ending.await {
            tracing::warn!(%error, "the collector did not get all metrics and spans");
        }
    }
}

/// Where the caller is in a trace: the headers `traceparent` and `tracestate`.
#[derive(FromPyObject)]
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
