//! The handle of an open table: its schema, and a queue to the task that commits.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};
use zb_types::TableName;

use super::{group::Order, lane::Lane};

/// How many requests may wait in the queue of one table; bytes are bounded elsewhere.
pub(super) const QUEUE: usize = 4096;

/// Rows of one stream that wait for a commit.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) batch: RecordBatch,
    pub(crate) lane: Arc<Lane>,
    /// The offset that is durable, with all before it, once these rows are; none where no request
    /// is complete with them, and more of it is to come.
    pub(crate) last_offset: Option<i64>,
    /// What the rows weighed on the wire.
    pub(crate) bytes: usize,
    pub(crate) queued_at: Instant,
    /// Gives the room back when the rows are committed.
    pub(crate) _room: OwnedSemaphorePermit,
}

/// An open table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) name: TableName,
    pub(super) schema: SchemaRef,
    pub(super) version: Arc<AtomicU64>,
    pub(super) orders: mpsc::Sender<Order>,
}

/// The task of the table is gone: a commit failed, or the server is being stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the table is closed")]
pub(crate) struct Closed;

impl Table {
    pub(crate) fn name(&self) -> &TableName {
        &self.name
    }

    /// The columns as they read back from the table.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The newest version that this server has read or written.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Whether nothing can be committed through this handle any more.
    pub(super) fn is_closed(&self) -> bool {
        self.orders.is_closed()
    }

    /// Queues rows; their lane learns when they are committed.
    pub(crate) async fn commit(&self, rows: Rows) -> Result<(), Closed> {
        let (lane, last_offset) = (rows.lane.clone(), rows.last_offset);
        // Room first: an offset counts as queued only once nothing can come between any more.
        let slot = self.orders.reserve().await.map_err(|_| Closed)?;
        if lane.queue(last_offset, || slot.send(Order::Commit(rows))) {
            Ok(())
        } else {
            Err(Closed)
        }
    }

    /// Has everything that is queued committed now, and waits for it.
    pub(crate) async fn flush(&self) -> Result<(), Closed> {
        let (done, settled) = oneshot::channel();
        self.orders
            .send(Order::Flush(done))
            .await
            .map_err(|_| Closed)?;
        settled.await.map_err(|_| Closed)
    }
}
