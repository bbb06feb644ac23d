//! The senders that a client keeps for the next batch: one for each table and its columns.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arrow_schema::Fields;
use tokio::{sync::OnceCell, time::Instant};
use zb_ingest::{Closed, Error, Sender};
use zb_types::TableName;

/// How many sets of columns of one table are kept. Batches that come by turns with and without a
/// column do not open a stream each time.
const PER_TABLE: usize = 4;

/// A place for a sender, which the first who needs it opens.
pub(crate) type Slot = Arc<OnceCell<Sender>>;

#[derive(Default)]
pub(crate) struct Senders(Mutex<State>);

#[derive(Default)]
struct State {
    /// The one used last is the last.
    kept: Vec<Kept>,
    /// Those that made room for others, until nothing of theirs is in flight.
    retired: Vec<Slot>,
    closed: bool,
}

struct Kept {
    table: TableName,
    fields: Fields,
    slot: Slot,
}

impl Senders {
    /// The place of the sender for these columns; a new one when the one that was has failed.
    pub(crate) fn slot(&self, table: &TableName, fields: &Fields) -> Result<Slot, Error> {
        let mut state = self.lock();
        if state.closed {
            let table = table.clone();
            return Err(Error::Closed { table });
        }
        state.retired.retain(is_busy);
        let found = state
            .kept
            .iter()
            .position(|kept| kept.table == *table && kept.fields == *fields);
        let kept = match found.map(|at| state.kept.remove(at)) {
            Some(kept) if !has_failed(&kept.slot) => kept,
            _ => {
                state.make_room(table);
                Kept {
                    table: table.clone(),
                    fields: fields.clone(),
                    slot: Slot::default(),
                }
            }
        };
        let slot = Arc::clone(&kept.slot);
        state.kept.push(kept);
        Ok(slot)
    }

    /// The next batch gets another sender than this one.
    pub(crate) fn forget(&self, slot: &Slot) {
        self.lock()
            .kept
            .retain(|kept| !Arc::ptr_eq(&kept.slot, slot));
    }

    /// Waits until everything that was submitted before is durable or refused; gives the first
    /// reason why a sender has failed.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let mut outcome = Ok(());
        for slot in self.all() {
            if let Some(sender) = slot.get() {
                outcome = outcome.and(sender.flush().await);
            }
        }
        outcome
    }

    /// Takes in no more, and closes every sender within `deadline`; gives those that left something.
    pub(crate) async fn close(&self, deadline: Duration) -> Vec<Closed> {
        self.lock().closed = true;
        let mut left = Vec::new();
        let begun = Instant::now();
        for slot in self.all() {
            if let Some(sender) = slot.get() {
                let rest = deadline.saturating_sub(begun.elapsed());
                let closed = sender.close(rest).await;
                if !closed.undelivered.is_empty() {
                    left.push(closed);
                }
            }
        }
        let mut state = self.lock();
        state.kept.clear();
        state.retired.clear();
        left
    }

    fn all(&self) -> Vec<Slot> {
        let state = self.lock();
        let kept = state.kept.iter().map(|kept| &kept.slot);
        kept.chain(&state.retired).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the lists are still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Sees to it that a table has room for one more.
    fn make_room(&mut self, table: &TableName) {
        let of_table = self.kept.iter().filter(|kept| kept.table == *table);
        if of_table.count() >= PER_TABLE
            && let Some(oldest) = self.kept.iter().position(|kept| kept.table == *table)
        {
            let slot = self.kept.remove(oldest).slot;
            if is_busy(&slot) {
                self.retired.push(slot);
            }
        }
    }
}

/// Whether something is in flight with it, or someone is about to use it.
fn is_busy(slot: &Slot) -> bool {
    Arc::strong_count(slot) > 1 || slot.get().is_some_and(|sender| sender.in_flight() > 0)
}

fn has_failed(slot: &Slot) -> bool {
    slot.get().is_some_and(|sender| sender.error().is_some())
}
