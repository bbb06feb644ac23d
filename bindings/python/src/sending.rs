//! The four ways of a call: it waits for the fate of its rows or leaves a ticket, on the thread of the
//! caller or as an awaitable on those of the runtime.

use std::sync::Arc;

use pyo3::{prelude::*, types::PyDict};
use tokio::runtime::Runtime;

use crate::{
    delivery::{Delivery, Reading},
    input::{Batches, Source},
    outcome::Outcome,
    runtime,
    ticket::Ticket,
};

/// Hands everything in and waits; gives the facts of the receipt. `tick` is called now and then.
pub(crate) fn send<'py>(
    py: Python<'py>,
    runtime: &Runtime,
    delivery: Delivery,
    batches: &Batches,
    tick: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let sending = delivered(delivery, batches.take()?, Reading::Here);
    let tick = tick.map(Bound::unbind);
    let outcome = runtime::wait(py, runtime, async { Ok(sending.await) }, |py| match &tick {
        Some(tick) => tick.bind(py).call0().map(drop),
        None => Ok(()),
    })?;
    outcome.facts(py)
}

/// The same as an awaitable.
pub(crate) fn send_async<'py>(
    py: Python<'py>,
    runtime: &Runtime,
    delivery: Delivery,
    batches: &Batches,
) -> PyResult<Bound<'py, PyAny>> {
    let sending = delivered(delivery, batches.take()?, Reading::Aside);
    runtime::spawn(py, runtime, async {
        let outcome = sending.await;
        Python::attach(|py| outcome.facts(py).map(Bound::unbind))
    })
}

/// Hands everything in, and gives a ticket when all of it is on its way.
pub(crate) fn submit(
    py: Python<'_>,
    runtime: &Arc<Runtime>,
    delivery: Delivery,
    batches: &Batches,
) -> PyResult<Ticket> {
    let handing = handed_in(delivery, batches.take()?, Reading::Here);
    let delivery = runtime::wait(py, runtime, async { Ok(handing.await) }, |_| Ok(()))?;
    Ok(Ticket::new(Arc::clone(runtime), delivery))
}

/// The same as an awaitable.
pub(crate) fn submit_async<'py>(
    py: Python<'py>,
    runtime: &Arc<Runtime>,
    delivery: Delivery,
    batches: &Batches,
) -> PyResult<Bound<'py, PyAny>> {
    let handing = handed_in(delivery, batches.take()?, Reading::Aside);
    let held = Arc::clone(runtime);
    runtime::spawn(py, runtime, async { Ok(Ticket::new(held, handing.await)) })
}

async fn handed_in(mut delivery: Delivery, source: Source, reading: Reading) -> Delivery {
    delivery.hand_in(source, reading).await;
    delivery
}

async fn delivered(delivery: Delivery, source: Source, reading: Reading) -> Outcome {
    let mut delivery = handed_in(delivery, source, reading).await;
    delivery.settle_all().await;
    delivery.outcome()
}
