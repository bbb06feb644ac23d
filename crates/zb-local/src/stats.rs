//! What the endpoint has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

/// A snapshot of what the endpoint has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens that were issued.
    pub tokens_issued: u64,
    /// Streams that clients asked for.
    pub opens: u64,
    /// Streams that were accepted.
    pub streams_opened: u64,
    /// Requests (single records and batches) that were received in accepted streams.
    pub requests: u64,
    /// Rows that are in a Delta table.
    pub rows: u64,
    /// Delta commits that brought rows.
    pub commits: u64,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) tokens_issued: Counter,
    pub(crate) opens: Counter,
    pub(crate) streams_opened: Counter,
    pub(crate) requests: Counter,
    pub(crate) rows: Counter,
    pub(crate) commits: Counter,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            tokens_issued: self.tokens_issued.get(),
            opens: self.opens.get(),
            streams_opened: self.streams_opened.get(),
            requests: self.requests.get(),
            rows: self.rows.get(),
            commits: self.commits.get(),
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
