//! How far a send has come, for whoever looks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use pyo3::prelude::*;
use zb_core::Receipt;

/// Rows that were handed in, and what is known of them. Read while others count.
#[pyclass(module = "zerobus_arrow._native", frozen, from_py_object)]
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Counts>);

#[derive(Default)]
struct Counts {
    handed_in: AtomicU64,
    durable: AtomicU64,
    rejected: AtomicU64,
    settled: AtomicU64,
    bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn hand_in(&self, rows: usize) {
        self.0.handed_in.fetch_add(rows as u64, Relaxed);
    }

    pub(crate) fn settle(&self, receipt: &Receipt) {
        let counts = &self.0;
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
impl Counters {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Rows taken in so far.
    #[getter]
    fn handed_in(&self) -> u64 {
        self.0.handed_in.load(Relaxed)
    }

    /// Rows known to be durable.
    #[getter]
    fn durable(&self) -> u64 {
        self.0.durable.load(Relaxed)
    }

    /// Rows refused.
    #[getter]
    fn rejected(&self) -> u64 {
        self.0.rejected.load(Relaxed)
    }

    /// Rows whose fate is known.
    #[getter]
    fn settled(&self) -> u64 {
        self.0.settled.load(Relaxed)
    }

    /// Bytes of records handed to the transport.
    #[getter]
    fn bytes(&self) -> u64 {
        self.0.bytes.load(Relaxed)
    }
}
