//! Which rows are on their way: from the offset of a request to the rows it carries.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    Error, RowRanges, Undelivered, budget::Share, closed::Fate, receipt::take_rows,
    ticket::Tracking,
};

/// The requests in flight, oldest first, and the rows that were given up.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    /// A request came, or the last one went.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    in_flight: VecDeque<Request>,
    undelivered: Vec<Undelivered>,
    error: Option<Error>,
    /// How many connections went down so far.
    losses: u32,
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) offset: i64,
    pub(crate) tracking: Arc<Tracking>,
    pub(crate) rows: RowRanges,
    pub(crate) bytes: usize,
    pub(crate) handed_over: Instant,
    /// How many connections had gone down before it was handed over.
    pub(crate) losses: u32,
    /// Its part of the budget, given back when it is settled.
    pub(crate) _share: Share,
}

impl Ledger {
    /// Notes a request that was handed to the transport. When the sender has failed in between,
    /// its rows are given up at once.
    pub(crate) fn insert(&self, request: Request) {
        let mut state = self.lock();
        request.tracking.sent(request.bytes);
        match state.error.clone() {
            Some(error) => state.give_up(&request, &error),
            None => state.in_flight.push_back(request),
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The offset of the oldest request in flight, as soon as there is one.
    pub(crate) async fn oldest(&self) -> i64 {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(request) = self.lock().in_flight.front() {
                return request.offset;
            }
            changed.await;
        }
    }

    /// Settles every request up to `offset` as durable and returns them.
    pub(crate) fn acknowledge(&self, offset: i64) -> Vec<Request> {
        let mut state = self.lock();
        let durable = state.in_flight.partition_point(|r| r.offset <= offset);
        let settled: Vec<_> = state.in_flight.drain(..durable).collect();
        let losses = state.losses;
        drop(state);
        for request in &settled {
            request
                .tracking
                .acknowledged(&request.rows, losses - request.losses);
        }
        self.changed.notify_waiters();
        settled
    }

    /// A connection went down: what is in flight may be stored twice. Returns how many requests
    /// that is.
    pub(crate) fn connection_lost(&self) -> usize {
        let mut state = self.lock();
        state.losses += 1;
        state.in_flight.len()
    }

    /// How many connections went down so far. Asked for before a request is handed over: the one
    /// that it goes out on may be lost before it is noted here.
    pub(crate) fn losses(&self) -> u32 {
        self.lock().losses
    }

    /// Gives up everything in flight, and everything that comes after.
    pub(crate) fn fail(&self, error: &Error) {
        let mut state = self.lock();
        let first = state.error.get_or_insert_with(|| error.clone()).clone();
        for request in std::mem::take(&mut state.in_flight) {
            state.give_up(&request, &first);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Rows that will not be handed to the transport any more.
    pub(crate) fn not_sent(&self, tracking: &Tracking, rows: &RowRanges, error: &Error) {
        tracking.not_sent(rows, error);
        let mut state = self.lock();
        state.put_aside(tracking, rows, Fate::NotSent);
        state.error.get_or_insert_with(|| error.clone());
    }

    /// Why the sender delivers no more, if it does not.
    pub(crate) fn error(&self) -> Option<Error> {
        self.lock().error.clone()
    }

    /// The number of requests in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().in_flight.len()
    }

    /// The offset of the newest request in flight.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.lock().in_flight.back().map(|r| r.offset)
    }

    /// Waits until no request up to `offset` is in flight.
    pub(crate) async fn settled(&self, offset: i64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.lock().in_flight.front() {
                Some(request) if request.offset <= offset => {}
                _ => return,
            }
            changed.await;
        }
    }

    /// Takes out what was given up.
    pub(crate) fn take_undelivered(&self) -> Vec<Undelivered> {
        std::mem::take(&mut self.lock().undelivered)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the queue is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn give_up(&mut self, request: &Request, error: &Error) {
        request.tracking.lost(&request.rows, error);
        self.put_aside(&request.tracking, &request.rows, Fate::Unknown);
    }

    fn put_aside(&mut self, tracking: &Tracking, rows: &RowRanges, fate: Fate) {
        if rows.is_empty() {
            return;
        }
        let batch = tracking.batch();
        // Slices always can be made; only when they cannot be put together, they stay apart.
        match take_rows(&batch, rows) {
            Ok(batch) => self.undelivered.push(Undelivered { batch, fate }),
            Err(_) => self
                .undelivered
                .extend(rows.as_slice().iter().map(|r| Undelivered {
                    batch: batch.slice(r.start, r.len()),
                    fate,
                })),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{RecordBatch, RecordBatchOptions};
    use arrow_schema::Schema;

    use super::*;
    use crate::{Ticket, budget::Budget};

    #[tokio::test]
    async fn a_connection_that_is_lost_before_its_request_is_noted_counts() {
        let rows = RecordBatchOptions::new().with_row_count(Some(10));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &rows);
        let tracking = Arc::new(Tracking::new(batch.unwrap()));
        let budget = Budget::new(100, 100);
        let ledger = Ledger::default();
        for (offset, rows, lost) in [(0, 0..5, true), (1, 5..10, false)] {
            let losses = ledger.losses();
            if lost {
                assert_eq!(ledger.connection_lost(), 0, "it is not noted yet");
            }
            ledger.insert(Request {
                offset,
                tracking: Arc::clone(&tracking),
                rows: [rows].into_iter().collect(),
                bytes: 1,
                handed_over: Instant::now(),
                losses,
                _share: budget.take(1).await.unwrap(),
            });
        }
        tracking.seal();
        assert_eq!(ledger.acknowledge(1).len(), 2);
        let receipt = Ticket::new(tracking).try_receipt().unwrap();
        assert!(receipt.is_all_durable());
        assert!(receipt.possibly_duplicated().rows().eq(0..5));
    }
}
