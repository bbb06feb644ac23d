//! What was written and what was not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::output::Tally;

/// What [`Mirrors`](crate::Mirrors) have written so far, and what they have not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The mirror of what was handed in.
    pub arrow: Counts,
    /// The mirror of what was sent.
    pub proto: Counts,
}

impl Stats {
    /// The rows that are in neither file, of both mirrors.
    pub fn dropped_rows(&self) -> u64 {
        self.arrow.dropped_rows + self.proto.dropped_rows
    }

    /// The batches that are not in the files, or not in whole, of both mirrors.
    pub fn dropped_batches(&self) -> u64 {
        self.arrow.dropped_batches + self.proto.dropped_batches
    }
}

/// What one of the mirrors has written so far, and what it has not.
///
/// What was handed over is in `rows` or in `dropped_rows`, or it still waits; after
/// [`flush`](crate::Mirrors::flush) nothing waits. The same is true of the batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Batches (or calls of [`records`](crate::Mirrors::records)) that the system has in whole.
    pub batches: u64,
    /// Rows that the system has.
    pub rows: u64,
    /// Bytes that the system has.
    pub bytes: u64,
    /// Files that were begun.
    pub files: u64,
    /// Old files that were deleted to keep within the limits.
    pub deleted_files: u64,
    /// Batches that were not written, or not in whole.
    pub dropped_batches: u64,
    /// Rows that were not written.
    pub dropped_rows: u64,
    /// How often something could not be written. One failure may cost many batches, or none.
    pub failures: u64,
}

/// [`Counts`] that several threads add to.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    batches: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
    files: AtomicU64,
    deleted_files: AtomicU64,
    dropped_batches: AtomicU64,
    dropped_rows: AtomicU64,
    failures: AtomicU64,
}

impl Counters {
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            batches: self.batches.load(Relaxed),
            rows: self.rows.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            files: self.files.load(Relaxed),
            deleted_files: self.deleted_files.load(Relaxed),
            dropped_batches: self.dropped_batches.load(Relaxed),
            dropped_rows: self.dropped_rows.load(Relaxed),
            failures: self.failures.load(Relaxed),
        }
    }

    pub(crate) fn written(&self, tally: Tally) {
        self.batches.fetch_add(tally.batches, Relaxed);
        self.rows.fetch_add(tally.rows, Relaxed);
        self.bytes.fetch_add(tally.bytes, Relaxed);
    }

    pub(crate) fn dropped(&self, batches: u64, rows: u64) {
        self.dropped_batches.fetch_add(batches, Relaxed);
        self.dropped_rows.fetch_add(rows, Relaxed);
    }

    pub(crate) fn began_file(&self) {
        self.files.fetch_add(1, Relaxed);
    }

    pub(crate) fn deleted_file(&self) {
        self.deleted_files.fetch_add(1, Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }
}
