//! What the endpoint has done so far, in numbers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A snapshot of what the endpoint has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tokens that clients asked for.
    pub token_requests: u64,
    /// Tokens that were issued.
    pub tokens_issued: u64,
    /// Streams that clients asked for.
    pub opens: u64,
    /// Streams that were accepted.
    pub streams_opened: u64,
    /// Requests (single records and batches) that were received in accepted streams.
    pub requests: u64,
    /// The highest offset of these; every stream begins with 0.
    pub highest_offset: Option<i64>,
    /// Rows that these held.
    pub rows_received: u64,
    /// Rows that are in a Delta table; with [`Landing::Memory`](crate::Landing::Memory), that would be.
    pub rows: u64,
    /// Commits that brought rows.
    pub commits: u64,
    /// Commits that put small files together; see
    /// [`ServerBuilder::compact_over`](crate::ServerBuilder::compact_over).
    pub compactions: u64,
    /// Acknowledgements that were sent.
    pub acks_sent: u64,
    /// How often a fault of the script happened, over all of them. See
    /// [`Server::faults`](crate::Server::faults).
    pub faults_fired: u64,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) token_requests: Counter,
    pub(crate) tokens_issued: Counter,
    pub(crate) opens: Counter,
    pub(crate) streams_opened: Counter,
    pub(crate) requests: Counter,
    pub(crate) offsets: Highest,
    pub(crate) rows_received: Counter,
    pub(crate) rows: Counter,
    pub(crate) commits: Counter,
    pub(crate) compactions: Counter,
    pub(crate) acks_sent: Counter,
    pub(crate) faults_fired: Counter,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            token_requests: self.token_requests.get(),
            tokens_issued: self.tokens_issued.get(),
            opens: self.opens.get(),
            streams_opened: self.streams_opened.get(),
            requests: self.requests.get(),
            highest_offset: self.offsets.get(),
            rows_received: self.rows_received.get(),
            rows: self.rows.get(),
            commits: self.commits.get(),
            compactions: self.compactions.get(),
            acks_sent: self.acks_sent.get(),
            faults_fired: self.faults_fired.get(),
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

/// The highest offset so far.
#[derive(Debug)]
pub(crate) struct Highest(AtomicI64);

impl Default for Highest {
    fn default() -> Self {
        Self(AtomicI64::new(-1))
    }
}

impl Highest {
    pub(crate) fn saw(&self, offset: i64) {
        self.0.fetch_max(offset, Ordering::Relaxed);
    }

    fn get(&self) -> Option<i64> {
        let highest = self.0.load(Ordering::Relaxed);
        (highest >= 0).then_some(highest)
    }
}
