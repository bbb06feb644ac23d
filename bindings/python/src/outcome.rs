//! What Python is told when the fate of every row is known, or nobody waits for it any more.

use std::time::Duration;

use arrow_array::RecordBatch;
use pyo3::{prelude::*, types::PyDict};
use zb_core::{Closed, Fate, RowRanges, TableName, Totals};

use crate::{
    delivery::{Failure, seconds},
    errors,
    rows::Rows,
};

/// What became of all rows of a call. `zerobus_arrow.Receipt` is made of it.
pub(crate) struct Outcome {
    pub(crate) table: TableName,
    pub(crate) totals: Totals,
    pub(crate) elapsed: Duration,
    pub(crate) rejected: Vec<RecordBatch>,
    pub(crate) rejected_not_kept: usize,
    pub(crate) quarantine_error: Option<String>,
    pub(crate) failure: Option<Failure>,
}

impl Outcome {
    /// The facts of a receipt by their names, and the exception, if there is one.
    pub(crate) fn facts(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let Totals {
            rows,
            durable,
            not_sent,
            unknown,
            possibly_duplicated,
            rejections,
            bytes,
            attempts,
            null_lists,
            slowed,
            ..
        } = self.totals;
        let facts = PyDict::new(py);
        facts.set_item("table", self.table.as_str())?;
        facts.set_item("rows", rows)?;
        for (name, ranges) in [
            ("durable", durable),
            ("not_sent", not_sent),
            ("unknown", unknown),
            ("possibly_duplicated", possibly_duplicated),
        ] {
            facts.set_item(name, pairs(&ranges))?;
        }
        facts.set_item("rejections", rejections)?;
        facts.set_item("bytes", bytes)?;
        facts.set_item("attempts", attempts)?;
        facts.set_item("null_lists", null_lists)?;
        facts.set_item("slowed", seconds(slowed))?;
        facts.set_item("elapsed", seconds(self.elapsed))?;
        facts.set_item("quarantine_error", self.quarantine_error)?;
        let groups = groups(self.rejected).into_iter();
        let groups: PyResult<Vec<_>> = groups.map(|rows| Py::new(py, rows)).collect();
        facts.set_item("rejected", groups?)?;
        facts.set_item("rejected_not_kept", self.rejected_not_kept)?;
        let error = self.failure.map(|failure| match failure {
            Failure::Refused(error) => errors::raise(py, &error),
            Failure::Lost(error) => errors::raise_delivery(py, &error),
            Failure::Source(error) => error,
        });
        facts.set_item("error", error.map(|error| error.into_value(py)))?;
        Ok(facts)
    }
}

/// How many rows closing left that were not sent, and how many with an unknown fate.
pub(crate) fn undelivered(left: &[Closed]) -> (usize, usize) {
    let mut counts = (0, 0);
    for rows in left.iter().flat_map(|closed| &closed.undelivered) {
        match rows.fate {
            Fate::NotSent => counts.0 += rows.batch.num_rows(),
            // Nothing is known of any other fate.
            _ => counts.1 += rows.batch.num_rows(),
        }
    }
    counts
}

fn pairs(ranges: &RowRanges) -> Vec<(usize, usize)> {
    let ranges = ranges.as_slice().iter();
    ranges.map(|rows| (rows.start, rows.end)).collect()
}

/// Batches of the same columns together.
fn groups(batches: Vec<RecordBatch>) -> Vec<Rows> {
    let mut groups: Vec<Vec<RecordBatch>> = Vec::new();
    for batch in batches {
        match groups.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| first.schema() == batch.schema())
        }) {
            Some(group) => group.push(batch),
            None => groups.push(vec![batch]),
        }
    }
    groups.into_iter().map(Rows::new).collect()
}
