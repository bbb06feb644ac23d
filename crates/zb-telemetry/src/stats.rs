//! Counting in memory, without any backend.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    Event, Recorder,
    lock::lock,
    snapshot::{Snapshot, Times, nanos},
};

/// Adds up what it is told, over all tables.
///
/// Numbers are atomic and independent of one another: a [`snapshot`](Self::snapshot) taken while
/// something happens may have one half of it. Only words (the kind of a rejection, the cause of a
/// retry) take a lock, and those are rare.
#[derive(Debug, Default)]
pub struct Stats {
    submitted: Load,
    submitted_batches: AtomicU64,
    encoded: Load,
    encode: Timing,
    queue: Timing,
    admitted: Load,
    released: Load,
    sent: Load,
    sent_requests: AtomicU64,
    durable: Load,
    ack: Timing,
    rejected: Words,
    not_sent: AtomicU64,
    unknown: AtomicU64,
    possibly_duplicated: AtomicU64,
    settled: Timing,
    connections: AtomicU64,
    reconnects: AtomicU64,
    retries: Words,
    failures: Words,
    token: Timing,
    token_failures: Words,
    token_age: AtomicU64,
    debug_dropped: AtomicU64,
}

impl Stats {
    /// Everything is zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The numbers as they are now.
    pub fn snapshot(&self) -> Snapshot {
        // What is released is read first: it may not be more than what was admitted.
        let released = self.released.get();
        let admitted = self.admitted.get();
        Snapshot {
            submitted_batches: self.submitted_batches.load(Relaxed),
            submitted_rows: self.submitted.get().0,
            submitted_bytes: self.submitted.get().1,
            encoded_rows: self.encoded.get().0,
            encoded_bytes: self.encoded.get().1,
            encode: self.encode.get(),
            queue: self.queue.get(),
            inflight_rows: admitted.0.saturating_sub(released.0),
            inflight_bytes: admitted.1.saturating_sub(released.1),
            sent_requests: self.sent_requests.load(Relaxed),
            sent_rows: self.sent.get().0,
            sent_bytes: self.sent.get().1,
            ack: self.ack.get(),
            durable_rows: self.durable.get().0,
            durable_bytes: self.durable.get().1,
            rejected_rows: self.rejected.get(),
            not_sent_rows: self.not_sent.load(Relaxed),
            unknown_rows: self.unknown.load(Relaxed),
            possibly_duplicated_rows: self.possibly_duplicated.load(Relaxed),
            settled: self.settled.get(),
            connections: self.connections.load(Relaxed),
            reconnects: self.reconnects.load(Relaxed),
            retries: self.retries.get(),
            failures: self.failures.get(),
            token_requests: self.token.get(),
            token_failures: self.token_failures.get(),
            token_age: match self.token_age.load(Relaxed) {
                0 => None,
                nanos => Some(Duration::from_nanos(nanos - 1)),
            },
            debug_dropped_batches: self.debug_dropped.load(Relaxed),
        }
    }
}

impl Recorder for Stats {
    fn record(&self, event: &Event<'_>) {
        match *event {
            Event::Submitted { rows, bytes, .. } => {
                self.submitted_batches.fetch_add(1, Relaxed);
                self.submitted.add(rows, bytes);
            }
            Event::Encoded {
                rows,
                bytes,
                elapsed,
                ..
            } => {
                self.encoded.add(rows, bytes);
                self.encode.add(elapsed);
            }
            Event::Admitted {
                rows,
                bytes,
                waited,
                ..
            } => {
                self.admitted.add(rows, bytes);
                self.queue.add(waited);
            }
            Event::Sent { rows, bytes, .. } => {
                self.sent_requests.fetch_add(1, Relaxed);
                self.sent.add(rows, bytes);
            }
            Event::Acknowledged {
                rows,
                bytes,
                latency,
                ..
            } => {
                self.durable.add(rows, bytes);
                self.ack.add(latency);
            }
            Event::Rejected { kind, rows, .. } => self.rejected.add(kind, rows),
            Event::Released { rows, bytes, .. } => self.released.add(rows, bytes),
            Event::PossiblyDuplicated { rows, .. } => {
                self.possibly_duplicated.fetch_add(rows, Relaxed);
            }
            Event::Connecting { again, .. } => {
                self.connections.fetch_add(1, Relaxed);
                self.reconnects.fetch_add(u64::from(again), Relaxed);
            }
            Event::Retried { cause, .. } => self.retries.add(cause, 1),
            Event::Settled { fates, elapsed, .. } => {
                self.not_sent.fetch_add(fates.not_sent, Relaxed);
                self.unknown.fetch_add(fates.unknown, Relaxed);
                self.settled.add(elapsed);
            }
            Event::Failed { kind, .. } => self.failures.add(kind, 1),
            Event::TokenRequested { elapsed, error } => {
                self.token.add(elapsed);
                if let Some(error) = error {
                    self.token_failures.add(error, 1);
                }
            }
            // One more than it is, so that zero means that none was used.
            Event::TokenUsed { age } => {
                self.token_age.store(nanos(age).saturating_add(1), Relaxed);
            }
            Event::DebugDropped { batches, .. } => {
                self.debug_dropped.fetch_add(batches, Relaxed);
            }
        }
    }
}

/// Rows and bytes.
#[derive(Debug, Default)]
struct Load {
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Load {
    fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }

    fn get(&self) -> (u64, u64) {
        (self.rows.load(Relaxed), self.bytes.load(Relaxed))
    }
}

#[derive(Debug, Default)]
struct Timing {
    count: AtomicU64,
    total: AtomicU64,
    max: AtomicU64,
}

impl Timing {
    fn add(&self, time: Duration) {
        let time = nanos(time);
        self.count.fetch_add(1, Relaxed);
        self.total.fetch_add(time, Relaxed);
        self.max.fetch_max(time, Relaxed);
    }

    fn get(&self) -> Times {
        Times {
            count: self.count.load(Relaxed),
            total: Duration::from_nanos(self.total.load(Relaxed)),
            max: Duration::from_nanos(self.max.load(Relaxed)),
        }
    }
}

/// Numbers by word.
#[derive(Debug, Default)]
struct Words(Mutex<BTreeMap<String, u64>>);

impl Words {
    fn add(&self, word: &str, number: u64) {
        let mut words = lock(&self.0);
        match words.get_mut(word) {
            Some(count) => *count += number,
            None => {
                words.insert(word.to_owned(), number);
            }
        }
    }

    fn get(&self) -> BTreeMap<String, u64> {
        lock(&self.0).clone()
    }
}
