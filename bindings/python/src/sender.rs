//! A sender of one schema to one table, as Python holds it.

use std::{mem, process, sync::Arc, time::Duration};

use pyo3::{prelude::*, types::PyDict};
use tokio::runtime::Runtime;
use zb_core::{Client as Facade, Sender as Inner};

use crate::{
    call::Call,
    delivery::{Delivery, Target},
    errors,
    input::Batches,
    logging,
    outcome::undelivered,
    runtime, sending,
    ticket::Ticket,
};

/// A sender of this process.
#[pyclass(module = "zerobus_arrow._native", frozen)]
pub(crate) struct Sender {
    process: u32,
    runtime: Arc<Runtime>,
    inner: Arc<Inner>,
    /// The endpoint inside this process lives as long as its client.
    facade: Arc<Facade>,
}

impl Sender {
    pub(crate) fn new(inner: Inner, facade: Arc<Facade>, runtime: Arc<Runtime>) -> Self {
        Self {
            process: process::id(),
            runtime,
            inner: Arc::new(inner),
            facade,
        }
    }

    fn check(&self, py: Python<'_>) -> PyResult<()> {
        logging::refresh(py);
        if self.process == process::id() {
            Ok(())
        } else {
            Err(errors::forked(py, "sender"))
        }
    }

    fn delivery(&self, py: Python<'_>, call: Call) -> PyResult<Delivery> {
        self.check(py)?;
        let target = Target::Sender(Arc::clone(&self.inner));
        Ok(Delivery::new(target, call))
    }
}

#[pymethods]
impl Sender {
    /// As `Client.send`.
    #[pyo3(signature = (batches, call, tick=None))]
    fn send<'py>(
        &self,
        py: Python<'py>,
        batches: &Batches,
        call: Call,
        tick: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let delivery = self.delivery(py, call)?;
        sending::send(py, &self.runtime, delivery, batches, tick)
    }

    /// The same as an awaitable.
    fn send_async<'py>(
        &self,
        py: Python<'py>,
        batches: &Batches,
        call: Call,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delivery = self.delivery(py, call)?;
        sending::send_async(py, &self.runtime, delivery, batches)
    }

    /// As `Client.submit`.
    fn submit(&self, py: Python<'_>, batches: &Batches, call: Call) -> PyResult<Ticket> {
        let delivery = self.delivery(py, call)?;
        sending::submit(py, &self.runtime, delivery, batches)
    }

    /// The same as an awaitable.
    fn submit_async<'py>(
        &self,
        py: Python<'py>,
        batches: &Batches,
        call: Call,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delivery = self.delivery(py, call)?;
        sending::submit_async(py, &self.runtime, delivery, batches)
    }

    /// A ticket that nothing was handed in with yet.
    fn ticket(&self, py: Python<'_>, call: Call) -> PyResult<Ticket> {
        let delivery = self.delivery(py, call)?;
        Ok(Ticket::new(Arc::clone(&self.runtime), delivery))
    }

    /// Waits until everything submitted before is durable or refused.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.check(py)?;
        runtime::wait(
            py,
            &self.runtime,
            flush(Arc::clone(&self.inner)),
            |_| Ok(()),
        )
    }

    /// The same as an awaitable.
    fn flush_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check(py)?;
        runtime::spawn(py, &self.runtime, flush(Arc::clone(&self.inner)))
    }

    /// Ends the sender; gives how many rows were not sent, and how many have an unknown fate.
    fn close(&self, py: Python<'_>, deadline: Duration) -> PyResult<(usize, usize)> {
        self.check(py)?;
        let closing = close(Arc::clone(&self.inner), deadline);
        runtime::wait(py, &self.runtime, closing, |_| Ok(()))
    }

    /// The same as an awaitable.
    fn close_async<'py>(&self, py: Python<'py>, deadline: Duration) -> PyResult<Bound<'py, PyAny>> {
        self.check(py)?;
        runtime::spawn(py, &self.runtime, close(Arc::clone(&self.inner), deadline))
    }

    /// The table that is sent to.
    #[getter]
    fn table(&self) -> &str {
        self.inner.table().as_str()
    }

    /// The schema of its batches.
    #[getter]
    fn schema(&self) -> pyo3_arrow::PySchema {
        pyo3_arrow::PySchema::new(Arc::clone(self.inner.schema()))
    }

    /// How many requests are on their way.
    #[getter]
    fn in_flight(&self) -> usize {
        self.inner.in_flight()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if self.process != process::id() {
            // Its tasks are the parent's.
            mem::forget(Arc::clone(&self.inner));
            mem::forget(Arc::clone(&self.facade));
            mem::forget(Arc::clone(&self.runtime));
        }
    }
}

async fn flush(sender: Arc<Inner>) -> PyResult<()> {
    let flushed = sender.flush().await;
    flushed.map_err(|error| Python::attach(|py| errors::raise_delivery(py, &error)))
}

async fn close(sender: Arc<Inner>, deadline: Duration) -> PyResult<(usize, usize)> {
    let closed = sender.close(deadline).await;
    Ok(undelivered(&[closed]))
}
