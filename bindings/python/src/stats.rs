//! Counts for Python.

use pyo3::{prelude::*, types::PyDict};
use zb_core::telemetry::{Snapshot, Times};

use crate::delivery::seconds;

/// A snapshot as a dict; times are dicts of `count`, `total` and `max`, in seconds.
pub(crate) fn snapshot<'py>(py: Python<'py>, now: &Snapshot) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    for (name, count) in [
        ("submitted_batches", now.submitted_batches),
        ("submitted_rows", now.submitted_rows),
        ("submitted_bytes", now.submitted_bytes),
        ("encoded_rows", now.encoded_rows),
        ("encoded_bytes", now.encoded_bytes),
        ("inflight_rows", now.inflight_rows),
        ("inflight_bytes", now.inflight_bytes),
        ("sent_requests", now.sent_requests),
        ("sent_rows", now.sent_rows),
        ("sent_bytes", now.sent_bytes),
        ("durable_rows", now.durable_rows),
        ("durable_bytes", now.durable_bytes),
        ("not_sent_rows", now.not_sent_rows),
        ("unknown_rows", now.unknown_rows),
        ("possibly_duplicated_rows", now.possibly_duplicated_rows),
        ("connections", now.connections),
        ("reconnects", now.reconnects),
        ("debug_dropped_batches", now.debug_dropped_batches),
    ] {
        facts.set_item(name, count)?;
    }
    for (name, counts) in [
        ("rejected_rows", &now.rejected_rows),
        ("retries", &now.retries),
        ("failures", &now.failures),
        ("token_failures", &now.token_failures),
    ] {
        facts.set_item(name, counts.clone())?;
    }
    for (name, times) in [
        ("encode", &now.encode),
        ("queue", &now.queue),
        ("ack", &now.ack),
        ("settled", &now.settled),
        ("token_requests", &now.token_requests),
    ] {
        facts.set_item(name, dict(py, times)?)?;
    }
    facts.set_item("token_age", now.token_age.map(seconds))?;
    Ok(facts)
}

fn dict<'py>(py: Python<'py>, times: &Times) -> PyResult<Bound<'py, PyDict>> {
    let facts = PyDict::new(py);
    facts.set_item("count", times.count)?;
    facts.set_item("total", seconds(times.total))?;
    facts.set_item("max", seconds(times.max))?;
    Ok(facts)
}
