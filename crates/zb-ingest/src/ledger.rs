//! What a sender has taken in and not settled yet, on whichever lane it is, and what was given up.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard},
};

use tokio::sync::Notify;

use crate::{
    Error, Fate, RowRanges, Undelivered, lock::lock, receipt::take_rows, ticket::Tracking,
};

/// The requests that are open, by their place in the order in which rows were handed in.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    /// A request was settled, or the sender has failed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    open: BTreeSet<u64>,
    next: u64,
    undelivered: Vec<(u64, Undelivered)>,
    error: Option<Error>,
}

impl Ledger {
    /// A place for a request.
    pub(crate) fn open(&self) -> u64 {
        let mut state = self.lock();
        let place = state.next;
        state.next += 1;
        state.open.insert(place);
        place
    }

    /// Nothing of the request is open any more.
    pub(crate) fn settle(&self, place: u64) {
        self.lock().open.remove(&place);
        self.changed.notify_waiters();
    }

    /// Keeps rows that were given up, to be handed back.
    pub(crate) fn put_aside(&self, place: u64, tracking: &Tracking, rows: &RowRanges, fate: Fate) {
        if rows.is_empty() {
            return;
        }
        let batch = tracking.batch();
        let mut state = self.lock();
        let mut keep = |batch| state.undelivered.push((place, Undelivered { batch, fate }));
        // Slices always can be made; only when they cannot be put together, they stay apart.
        match take_rows(&batch, rows) {
            Ok(rows) => keep(rows),
            Err(_) => {
                for range in rows.as_slice() {
                    keep(batch.slice(range.start, range.len()));
                }
            }
        }
    }

    /// The sender delivers no more. Gives back the first cause there was.
    pub(crate) fn fail(&self, error: &Error) -> Error {
        let first = self
            .lock()
            .error
            .get_or_insert_with(|| error.clone())
            .clone();
        self.changed.notify_waiters();
        first
    }

    /// Why the sender delivers no more, if it does not.
    pub(crate) fn error(&self) -> Option<Error> {
        self.lock().error.clone()
    }

    /// The number of open requests.
    pub(crate) fn in_flight(&self) -> usize {
        self.lock().open.len()
    }

    /// The newest open request.
    pub(crate) fn newest(&self) -> Option<u64> {
        self.lock().open.last().copied()
    }

    /// Waits until no request up to `place` is open.
    pub(crate) async fn settled(&self, place: u64) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.lock().open.first() {
                Some(&oldest) if oldest <= place => {}
                _ => return,
            }
            changed.await;
        }
    }

    /// Takes out what was given up, in the order in which it was handed in.
    pub(crate) fn take_undelivered(&self) -> Vec<Undelivered> {
        let mut kept = std::mem::take(&mut self.lock().undelivered);
        kept.sort_by_key(|(place, _)| *place);
        kept.into_iter().map(|(_, rows)| rows).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_settled_in_any_order() {
        let ledger = Ledger::default();
        let places = [ledger.open(), ledger.open(), ledger.open()];
        assert_eq!((ledger.in_flight(), ledger.newest()), (3, Some(places[2])));
        ledger.settle(places[2]);
        ledger.settle(places[0]);
        assert_eq!(ledger.newest(), Some(places[1]));
        let waiting = ledger.settled(places[1]);
        tokio::pin!(waiting);
        assert!(futures_pending(waiting.as_mut()).await);
        ledger.settle(places[1]);
        waiting.await;
        ledger.settled(u64::MAX).await;
    }

    async fn futures_pending(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        tokio::select! {
            biased;
            () = future => false,
            () = std::future::ready(()) => true,
        }
    }
}
