//! What belongs to one call: how much it keeps, whose trace it is in, and how far it has come.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use pyo3::prelude::*;
use zb_core::Receipt;

use crate::telemetry::Context;

/// One call. Its counts are read while others count.
#[pyclass(module = "zerobus_arrow._native", frozen, from_py_object)]
#[derive(Clone)]
pub(crate) struct Call {
    /// How many rejected rows its receipt holds at most.
    pub(crate) keep_rejected: usize,
    /// Where the caller is in a trace.
    pub(crate) context: Option<Context>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    handed_in: AtomicU64,
    durable: AtomicU64,
    rejected: AtomicU64,
    settled: AtomicU64,
    bytes: AtomicU64,
}

impl Call {
    pub(crate) fn hand_in(&self, rows: usize) {
        self.counts.handed_in.fetch_add(rows as u64, Relaxed);
    }

    pub(crate) fn settle(&self, receipt: &Receipt) {
        let counts = &self.counts;
        counts
            .durable
            .fetch_add(receipt.durable().count() as u64, Relaxed);
        counts
            .rejected
            .fetch_add(receipt.rejected().len() as u64, Relaxed);
        counts.bytes.fetch_add(receipt.bytes(), Relaxed);
        counts.settled.fetch_add(receipt.rows() as u64, Relaxed);
    }
}

#[pymethods]
impl Call {
    #[new]
    #[pyo3(signature = (keep_rejected, context=None))]
    fn new(keep_rejected: usize, context: Option<Context>) -> Self {
        Self {
            keep_rejected,
            context,
            counts: Arc::default(),
        }
    }

    /// Rows taken in so far.
    #[getter]
    fn handed_in(&self) -> u64 {
        self.counts.handed_in.load(Relaxed)
    }

    /// Rows known to be durable.
    #[getter]
    fn durable(&self) -> u64 {
        self.counts.durable.load(Relaxed)
    }

    /// Rows refused.
    #[getter]
    fn rejected(&self) -> u64 {
        self.counts.rejected.load(Relaxed)
    }

    /// Rows whose fate is known.
    #[getter]
    fn settled(&self) -> u64 {
        self.counts.settled.load(Relaxed)
    }

    /// Bytes of records handed to the transport.
    #[getter]
    fn bytes(&self) -> u64 {
        self.counts.bytes.load(Relaxed)
    }
}
