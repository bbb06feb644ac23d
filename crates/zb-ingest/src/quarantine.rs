//! Where refused rows go besides the receipt.

use std::{
    error::Error as StdError,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arrow_array::RecordBatch;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use zb_types::TableName;

use crate::ticket::Tracking;

/// Keeps rows that were refused.
///
/// Called once for each batch that has some, before its receipt is given out, on a thread that may
/// block.
pub trait Quarantine: Send + Sync {
    /// Keeps the rows of [`Receipt::rejected_batch`](crate::Receipt::rejected_batch): as they were
    /// handed in, with the reasons as columns behind them.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from keeping them. The receipt says so, and has the rows all the same.
    fn put(&self, table: &TableName, rows: &RecordBatch) -> Result<(), Box<dyn StdError>>;
}

/// How many batches may wait for the quarantine before no more are taken in.
const MAX_WAITING: usize = 64;

/// The way to the task that calls the quarantine.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    sender: mpsc::UnboundedSender<Arc<Tracking>>,
    waiting: Arc<(AtomicUsize, Notify)>,
}

impl Queue {
    /// Whether the batch was taken.
    pub(crate) fn put(&self, tracking: &Arc<Tracking>) -> bool {
        self.waiting.0.fetch_add(1, Ordering::SeqCst);
        self.sender.send(Arc::clone(tracking)).is_ok()
    }

    /// Waits while too many batches wait.
    pub(crate) async fn room(&self) {
        self.fewer_than(MAX_WAITING).await;
    }

    /// Whether fewer batches wait than may.
    pub(crate) fn has_room(&self) -> bool {
        self.has_fewer_than(MAX_WAITING)
    }

    /// Waits until no batch waits.
    pub(crate) async fn idle(&self) {
        self.fewer_than(1).await;
    }

    fn has_fewer_than(&self, batches: usize) -> bool {
        self.waiting.0.load(Ordering::SeqCst) < batches
    }

    async fn fewer_than(&self, batches: usize) {
        loop {
            let changed = self.waiting.1.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.has_fewer_than(batches) {
                return;
            }
            changed.await;
        }
    }
}

/// Starts the task that calls the quarantine. It ends when the queue is gone and all are done.
pub(crate) fn start(table: TableName, quarantine: Arc<dyn Quarantine>) -> (Queue, JoinHandle<()>) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Arc<Tracking>>();
    let waiting = Arc::new((AtomicUsize::new(0), Notify::new()));
    let queue = Queue {
        sender,
        waiting: Arc::clone(&waiting),
    };
    let task = tokio::spawn(async move {
        while let Some(tracking) = receiver.recv().await {
            let receipt = tracking.so_far();
            let (table, quarantine) = (table.clone(), Arc::clone(&quarantine));
            let put = tokio::task::spawn_blocking(move || {
                let rows = receipt
                    .rejected_batch()
                    .map_err(|error| error.to_string())?;
                let put = quarantine.put(&table, &rows);
                put.map_err(|error| error.to_string())
            });
            let error = match put.await {
                Ok(put) => put.err(),
                Err(error) => Some(error.to_string()),
            };
            if let Some(error) = &error {
                tracing::error!(%error, "refused rows could not be put into quarantine");
            }
            tracking.quarantined(error);
            waiting.0.fetch_sub(1, Ordering::SeqCst);
            waiting.1.notify_waiters();
        }
    });
    (queue, task)
}
