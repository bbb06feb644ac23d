//! The client, as Python holds it.

use std::{
    mem,
    path::PathBuf,
    process,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pyo3::{prelude::*, types::PyDict};
use tokio::runtime::Runtime;
use zb_core::{
    Client as Facade, ClientBuilder, ExposeSecret as _, SenderBuilder, TableName,
    telemetry::{FanOut, Stats},
};

use crate::{
    call::Call,
    delivery::{Delivery, Target},
    errors,
    input::Batches,
    logging,
    outcome::undelivered,
    place::Place,
    runtime,
    sender::Sender,
    sending,
    settings::{self, Keywords},
    stats::snapshot,
    table,
    telemetry::Exporting,
    ticket::Ticket,
};

/// A client of this process.
#[pyclass(module = "zerobus_arrow._native", frozen)]
pub(crate) struct Client {
    process: u32,
    runtime: Arc<Runtime>,
    /// None once it is closed.
    facade: Mutex<Option<Arc<Facade>>>,
    stats: Arc<Stats>,
    exporting: Mutex<Option<Arc<Exporting>>>,
}

#[pymethods]
impl Client {
    /// `place` is what [`Place::of`] takes; `keywords` are settings by their names.
    #[new]
    #[pyo3(signature = (place, keywords, telemetry))]
    fn new(
        py: Python<'_>,
        place: &Bound<'_, PyAny>,
        keywords: &Bound<'_, PyDict>,
        telemetry: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        logging::refresh(py);
        let place = Place::of(place)?;
        let keywords = Keywords::of(keywords)?;
        let builder = keywords.apply(py, Facade::builder(), ClientBuilder::set)?;
        let runtime = runtime::runtime(py)?;
        let stats = Arc::new(Stats::new());
        let mut recorders = FanOut::new().with(Arc::clone(&stats));
        let exporting = telemetry
            .map(|settings| Exporting::start(py, settings, &runtime))
            .transpose()?;
        if let Some(exporting) = &exporting {
            recorders = recorders.with(exporting.recorder());
        }
        let builder = builder.recorder(recorders);
        let opening = async move {
            let opened = place.open(builder).await;
            opened.map_err(|error| Python::attach(|py| errors::raise(py, &error)))
        };
        let facade = runtime::wait(py, &runtime, opening, |_| Ok(()))?;
        Ok(Self {
            process: process::id(),
            runtime,
            facade: Mutex::new(Some(Arc::new(facade))),
            stats,
            exporting: Mutex::new(exporting),
        })
    }

    /// Sends everything and waits; gives the facts of the receipt. `tick` is called now and then.
    #[pyo3(signature = (table, batches, call, tick=None))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        batches: &Batches,
        call: Call,
        tick: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let delivery = self.delivery(py, table, call)?;
        sending::send(py, &self.runtime, delivery, batches, tick)
    }

    /// The same as an awaitable.
    fn send_async<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        batches: &Batches,
        call: Call,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delivery = self.delivery(py, table, call)?;
        sending::send_async(py, &self.runtime, delivery, batches)
    }

    /// Hands everything in, and gives a ticket when all of it is on its way.
    fn submit(
        &self,
        py: Python<'_>,
        table: &str,
        batches: &Batches,
        call: Call,
    ) -> PyResult<Ticket> {
        let delivery = self.delivery(py, table, call)?;
        sending::submit(py, &self.runtime, delivery, batches)
    }

    /// The same as an awaitable.
    fn submit_async<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        batches: &Batches,
        call: Call,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delivery = self.delivery(py, table, call)?;
        sending::submit_async(py, &self.runtime, delivery, batches)
    }

    /// A ticket that nothing was handed in with yet.
    fn ticket(&self, py: Python<'_>, table: &str, call: Call) -> PyResult<Ticket> {
        let delivery = self.delivery(py, table, call)?;
        Ok(Ticket::new(Arc::clone(&self.runtime), delivery))
    }

    /// Opens a sender of its own for batches of one schema.
    fn sender(
        &self,
        py: Python<'_>,
        table: &str,
        schema: pyo3_arrow::PySchema,
        keywords: &Bound<'_, PyDict>,
    ) -> PyResult<Sender> {
        let opening = self.opening(py, table, schema, keywords)?;
        runtime::wait(py, &self.runtime, opening, |_| Ok(()))
    }

    /// The same as an awaitable.
    fn sender_async<'py>(
        &self,
        py: Python<'py>,
        table: &str,
        schema: pyo3_arrow::PySchema,
        keywords: &Bound<'_, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let opening = self.opening(py, table, schema, keywords)?;
        runtime::spawn(py, &self.runtime, opening)
    }

    /// Waits until everything submitted before is durable or refused.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        let facade = self.facade(py)?;
        runtime::wait(py, &self.runtime, flush(facade), |_| Ok(()))
    }

    /// The same as an awaitable.
    fn flush_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let facade = self.facade(py)?;
        runtime::spawn(py, &self.runtime, flush(facade))
    }

    /// Ends the client; gives how many rows were not sent, and how many have an unknown fate.
    fn close(&self, py: Python<'_>, deadline: Duration) -> PyResult<(usize, usize)> {
        let Some(closing) = self.closing(py, deadline)? else {
            return Ok((0, 0));
        };
        runtime::wait(py, &self.runtime, closing, |_| Ok(()))
    }

    /// The same as an awaitable.
    fn close_async<'py>(&self, py: Python<'py>, deadline: Duration) -> PyResult<Bound<'py, PyAny>> {
        let closing = self.closing(py, deadline)?;
        runtime::spawn(py, &self.runtime, async move {
            match closing {
                Some(closing) => closing.await,
                None => Ok((0, 0)),
            }
        })
    }

    /// The columns of a table as Unity Catalog has them: name, type, whether they may be null.
    fn describe_table(&self, py: Python<'_>, table: &str) -> PyResult<Vec<(String, String, bool)>> {
        let describing = describe(self.facade(py)?, table::named(py, table)?);
        runtime::wait(py, &self.runtime, describing, |_| Ok(()))
    }

    /// The same as an awaitable.
    fn describe_table_async<'py>(
        &self,
        py: Python<'py>,
        table: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let describing = describe(self.facade(py)?, table::named(py, table)?);
        runtime::spawn(py, &self.runtime, describing)
    }

    /// What was counted so far.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        snapshot(py, &self.stats.snapshot())
    }

    /// Every setting with its value, secrets masked, and where it was found.
    fn settings(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, Option<String>, String)>> {
        Ok(settings::shown(self.facade(py)?.settings()))
    }

    /// The files of the quarantine so far.
    fn quarantine_files(&self, py: Python<'_>) -> PyResult<Vec<PathBuf>> {
        let facade = self.facade(py)?;
        Ok(facade.quarantine().map_or_else(Vec::new, |q| q.files()))
    }

    /// How others reach the endpoint of this process: its URL, that of the catalog, the client's id and
    /// its secret. None without such an endpoint.
    fn local_address(&self, py: Python<'_>) -> PyResult<Option<(String, String, String, String)>> {
        let facade = self.facade(py)?;
        Ok(facade.local_address().map(|address| {
            let secret = address.client_secret.expose_secret().to_owned();
            let (endpoint, catalog) = (address.endpoint.clone(), address.unity_catalog_url.clone());
            (endpoint, catalog, address.client_id.clone(), secret)
        }))
    }

    /// Whether it was closed, or belongs to the parent of this process.
    #[getter]
    fn closed(&self) -> bool {
        self.process != process::id() || self.lock().is_none()
    }
}

impl Client {
    /// The client, while it is open and in its own process.
    fn facade(&self, py: Python<'_>) -> PyResult<Arc<Facade>> {
        if self.process != process::id() {
            return Err(errors::forked(py, "client"));
        }
        let facade = self.lock().clone();
        facade.ok_or_else(|| errors::closed(py, "client"))
    }

    fn delivery(&self, py: Python<'_>, table: &str, call: Call) -> PyResult<Delivery> {
        logging::refresh(py);
        let target = Target::Client(self.facade(py)?, table::named(py, table)?);
        Ok(Delivery::new(target, call))
    }

    fn opening(
        &self,
        py: Python<'_>,
        table: &str,
        schema: pyo3_arrow::PySchema,
        keywords: &Bound<'_, PyDict>,
    ) -> PyResult<impl Future<Output = PyResult<Sender>> + Send + use<>> {
        logging::refresh(py);
        let keywords = Keywords::of(keywords)?;
        let (facade, table) = (self.facade(py)?, table::named(py, table)?);
        let (schema, runtime) = (schema.into_inner(), Arc::clone(&self.runtime));
        Ok(async move {
            let sender = facade.sender(&table, &schema);
            let sender = Python::attach(|py| keywords.apply(py, sender, SenderBuilder::set))?;
            match sender.open().await {
                Ok(sender) => Ok(Sender::new(sender, Arc::clone(&facade), runtime)),
                Err(error) => Err(Python::attach(|py| errors::raise(py, &error))),
            }
        })
    }

    /// Ends the client, unless it has ended.
    fn closing(
        &self,
        py: Python<'_>,
        deadline: Duration,
    ) -> PyResult<Option<impl Future<Output = PyResult<(usize, usize)>> + Send + use<>>> {
        if self.process != process::id() {
            return Err(errors::forked(py, "client"));
        }
        // Whoever comes next finds it closed.
        let Some(facade) = self.lock().take() else {
            return Ok(None);
        };
        let exporting = self.exporting();
        Ok(Some(async move {
            let closed = facade.close_within(deadline).await;
            if let Some(exporting) = exporting {
                exporting.end().await;
            }
            match closed {
                Ok(left) => Ok(undelivered(&left)),
                Err(error) => Err(Python::attach(|py| errors::raise(py, &error))),
            }
        }))
    }

    /// What is exported for it, once.
    fn exporting(&self) -> Option<Arc<Exporting>> {
        let mut held = self
            .exporting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        held.take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Facade>>> {
        // Nothing panics while it holds the lock.
        self.facade.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.process != process::id() {
            // Its tasks and its server are the parent's: there is nothing here that could end them.
            mem::forget(self.lock().take());
            mem::forget(self.exporting());
            mem::forget(Arc::clone(&self.runtime));
        }
    }
}

async fn flush(facade: Arc<Facade>) -> PyResult<()> {
    let flushed = facade.flush().await;
    flushed.map_err(|error| Python::attach(|py| errors::raise(py, &error)))
}

async fn describe(facade: Arc<Facade>, table: TableName) -> PyResult<Vec<(String, String, bool)>> {
    match facade.describe_table(&table).await {
        Ok(described) => {
            let columns = described.columns.into_iter();
            Ok(columns
                .map(|column| (column.name, column.type_text, column.nullable))
                .collect())
        }
        Err(error) => Err(Python::attach(|py| errors::raise(py, &error))),
    }
}
