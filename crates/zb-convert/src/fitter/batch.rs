//! What comes out: the rows that fit, and those that do not.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};

use super::measure;
use crate::RowError;

/// Rows with the types of a table, and which rows of the batch they are.
#[derive(Debug, Clone)]
pub struct FittedBatch {
    batch: RecordBatch,
    rows: Vec<Range<usize>>,
    errors: Vec<RowError>,
    bytes: usize,
}

impl FittedBatch {
    pub(super) fn new(batch: RecordBatch, rows: Vec<Range<usize>>, errors: Vec<RowError>) -> Self {
        Self {
            bytes: if batch.num_rows() == 0 {
                0
            } else {
                measure::bytes(&batch)
            },
            rows: rows.into_iter().filter(|rows| !rows.is_empty()).collect(),
            batch,
            errors,
        }
    }

    /// The rows that fit, in their order.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The rows that fit, in their order.
    pub fn into_batch(self) -> RecordBatch {
        self.batch
    }

    /// Which rows of the batch that was handed in they are.
    pub fn row_ranges(&self) -> &[Range<usize>] {
        &self.rows
    }

    /// The rows that do not fit, counted within the batch that was handed in.
    pub fn errors(&self) -> &[RowError] {
        &self.errors
    }

    /// Takes the errors out.
    pub fn take_errors(&mut self) -> Vec<RowError> {
        std::mem::take(&mut self.errors)
    }

    /// What the rows that fit take in memory, in bytes, without what other rows share with them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lets go of what other rows share with these, where that is far more than they are.
    pub(super) fn compact(self) -> Result<Self, ArrowError> {
        let batch = measure::compact(self.batch, self.bytes)?;
        Ok(Self { batch, ..self })
    }

    /// Refuses its only row.
    pub(super) fn refuse_all(&mut self, error: RowError, schema: &SchemaRef) {
        self.batch = RecordBatch::new_empty(SchemaRef::clone(schema));
        self.rows.clear();
        self.errors.push(error);
        self.bytes = 0;
    }
}
