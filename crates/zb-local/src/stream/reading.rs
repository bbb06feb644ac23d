//! What the reading half of a stream works with, in every protocol.

use std::{sync::Arc, time::Duration};

use arrow_array::RecordBatch;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, sleep},
};
use tonic::Status;

use super::{Client, Ending, Last, session::stopping};
use crate::{
    endpoint::Endpoint,
    faults::{Action, CloseSignal, Event, Faults, Verdict},
    lake::{Lane, Rows, Table},
    limits::MAX_WAITING_BYTES,
    watch::Watched,
};

/// One stream's rows on their way into its table.
pub(crate) struct Reading {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) client: Arc<Client>,
    pub(super) table: Arc<Table>,
    pub(super) lane: Arc<Lane>,
    pub(super) watched: Watched,
    /// Where close signals go that a script of faults has ordered.
    pub(super) signals: mpsc::UnboundedSender<CloseSignal>,
}

impl Reading {
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.endpoint.faults
    }

    /// Counts a request that has arrived, and says what a script of faults has in store for it;
    /// nothing, as a rule.
    pub(crate) fn arrived(&self, offset: i64, rows: usize, bytes: usize) -> Option<Verdict> {
        let counters = &self.endpoint.counters;
        counters.requests.add(1);
        counters.offsets.saw(offset);
        counters.rows_received.add(rows);
        self.watched.received(rows, bytes);
        if !self.faults().exist() {
            return None;
        }
        let event = Event::request(self.table.name(), offset);
        let verdict = self.faults().judge(&event);
        (!verdict.is_nothing()).then_some(verdict)
    }

    /// Does what is to be done at a request. Gives an ending if that is one.
    pub(crate) async fn meet(&self, verdict: Verdict) -> Result<(), Ending> {
        wait(verdict.delay).await;
        match self.faults().unless_freezing(verdict.action) {
            None => Ok(()),
            Some(Action::CloseSignal(signal)) => {
                // The session that reads them outlives this.
                let _ = self.signals.send(signal);
                Ok(())
            }
            Some(action) => match self.last(&action) {
                Some(last) => Err(Ending::Settled(last)),
                None => {
                    self.client.disturb(&action);
                    Ok(())
                }
            },
        }
    }

    /// What an injected action ends the stream with; nothing, where it does not end it.
    pub(crate) fn last(&self, action: &Action) -> Option<Last> {
        self.client.last(&self.endpoint, action)
    }

    /// Queues rows as soon as there is room for them.
    pub(crate) async fn commit(
        &self,
        batch: RecordBatch,
        last_offset: Option<i64>,
        bytes: usize,
    ) -> Result<(), Status> {
        let (endpoint, table, lane) = (&self.endpoint, &self.table, &self.lane);
        queue(endpoint, table, lane, batch, last_offset, bytes).await
    }
}

/// Queues rows as soon as there is room for them. `bytes` is what they weighed on the wire;
/// `last_offset` is durable, with all before it, once these rows are.
pub(crate) async fn queue(
    endpoint: &Endpoint,
    table: &Table,
    lane: &Arc<Lane>,
    batch: RecordBatch,
    last_offset: Option<i64>,
    bytes: usize,
) -> Result<(), Status> {
    let weight = bytes.max(batch.get_array_memory_size());
    let rows = Rows {
        _room: endpoint.room(weight).await?,
        batch,
        lane: lane.clone(),
        last_offset,
        bytes,
        queued_at: Instant::now(),
    };
    table.commit(rows).await.map_err(|closed| {
        let table = table.name();
        Status::unavailable(format!("Rows could not be committed to {table}: {closed}"))
    })
}

impl Endpoint {
    /// Room for rows that weigh this much, as soon as there is some.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Status> {
        let kib = bytes.clamp(1024, MAX_WAITING_BYTES) / 1024;
        self.room
            .clone()
            .acquire_many_owned(kib as u32)
            .await
            .map_err(|_| stopping())
    }
}

/// No time at all, where it is none.
pub(crate) async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}
