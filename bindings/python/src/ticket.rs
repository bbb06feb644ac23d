//! Batches that were handed in, to be waited for later.

use std::{
    mem, process,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pyo3::{prelude::*, types::PyDict};
use tokio::{runtime::Runtime, sync::Mutex as AsyncMutex, time::timeout};

use crate::{
    delivery::{Delivery, Reading},
    errors,
    input::Batches,
    outcome::Outcome,
    runtime,
};

/// What is on its way. Waited for by one at a time; the first who sees the end takes it.
#[pyclass(module = "zerobus_arrow._native", frozen)]
pub(crate) struct Ticket {
    process: u32,
    runtime: Arc<Runtime>,
    delivery: Mutex<Option<Arc<AsyncMutex<Option<Delivery>>>>>,
}

impl Ticket {
    /// A ticket for what was handed in so far.
    pub(crate) fn new(runtime: Arc<Runtime>, delivery: Delivery) -> Self {
        let delivery = Arc::new(AsyncMutex::new(Some(delivery)));
        Self {
            process: process::id(),
            runtime,
            delivery: Mutex::new(Some(delivery)),
        }
    }

    fn delivery(&self, py: Python<'_>) -> PyResult<Arc<AsyncMutex<Option<Delivery>>>> {
        if self.process != process::id() {
            return Err(errors::forked(py, "ticket"));
        }
        let held = self.delivery.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
            .ok_or_else(|| errors::internal(py, "a ticket without a delivery"))
    }
}

#[pymethods]
impl Ticket {
    /// The facts of the receipt; `None` when the time is over before all is known, or someone else has
    /// taken them.
    #[pyo3(signature = (patience=None))]
    fn wait<'py>(
        &self,
        py: Python<'py>,
        patience: Option<Duration>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let settling = settle(self.delivery(py)?, patience);
        let outcome = runtime::wait(py, &self.runtime, settling, |_| Ok(()))?;
        outcome.map(|outcome| outcome.facts(py)).transpose()
    }

    /// Hands in more, as an awaitable that says whether the delivery goes on.
    fn hand_in_async<'py>(
        &self,
        py: Python<'py>,
        batches: &Batches,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (delivery, source) = (self.delivery(py)?, batches.take()?);
        runtime::spawn(py, &self.runtime, async move {
            let mut held = delivery.lock().await;
            let Some(delivery) = &mut *held else {
                return Ok(false);
            };
            delivery.hand_in(source, Reading::Aside).await;
            Ok(!delivery.has_failed())
        })
    }

    /// `wait` without an end, as an awaitable.
    fn wait_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let settling = settle(self.delivery(py)?, None);
        runtime::spawn(py, &self.runtime, async move {
            let outcome = settling.await?;
            Python::attach(|py| {
                let facts = outcome.map(|outcome| outcome.facts(py)).transpose()?;
                Ok(facts.map(Bound::unbind))
            })
        })
    }

    /// Whether the fate of every row is known.
    fn done(&self, py: Python<'_>) -> PyResult<bool> {
        let delivery = self.delivery(py)?;
        // Whoever waits at this moment holds it.
        Ok(match delivery.try_lock() {
            Ok(mut delivery) => delivery.as_mut().is_none_or(Delivery::is_settled),
            Err(_) => false,
        })
    }
}

/// Settles what can be within `patience`. Safe to cancel: what was seen stays seen.
async fn settle(
    delivery: Arc<AsyncMutex<Option<Delivery>>>,
    patience: Option<Duration>,
) -> PyResult<Option<Outcome>> {
    let settling = async {
        let mut held = delivery.lock().await;
        if let Some(delivery) = &mut *held {
            delivery.settle_all().await;
        }
        held.take().map(Delivery::outcome)
    };
    Ok(match patience {
        Some(patience) => timeout(patience, settling).await.unwrap_or(None),
        None => settling.await,
    })
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.process != process::id() {
            let held = self.delivery.lock().map(|mut held| held.take());
            mem::forget(held);
            mem::forget(Arc::clone(&self.runtime));
        }
    }
}
