//! What a sender gives back when it is closed.

use arrow_array::RecordBatch;

use crate::Error;

/// What was left when a sender was closed. Nothing that was handed in is lost without being here
/// or in a [`Receipt`](crate::Receipt).
#[derive(Debug, Clone)]
#[must_use = "rows that were not delivered are in here and nowhere else"]
#[non_exhaustive]
pub struct Closed {
    /// The rows that were not acknowledged, in the order they were handed in.
    pub undelivered: Vec<Undelivered>,
    /// Why there are any, if there are.
    pub error: Option<Error>,
}

/// Rows of one batch that were not delivered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Undelivered {
    /// The rows, as they were handed in.
    pub batch: RecordBatch,
    /// What is known of them.
    pub fate: Fate,
}

/// What is known of rows that were not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// They never left: sending them again duplicates nothing.
    NotSent,
    /// They were handed to the transport: they may be stored, and sending them again may
    /// duplicate them.
    Unknown,
}
