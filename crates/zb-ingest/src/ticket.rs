//! What stands between a batch that was handed in and its receipt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;
use tokio::{sync::Notify, time::Instant};

use crate::{Error, Receipt, Rejection, RowRanges};

/// A batch on its way. Dropping it changes nothing about the delivery.
#[derive(Debug)]
#[must_use = "only the ticket tells what became of the rows; without it, `Sender::close` does"]
pub struct Ticket {
    tracking: Arc<Tracking>,
}

impl Ticket {
    pub(crate) fn new(tracking: Arc<Tracking>) -> Self {
        Self { tracking }
    }

    /// Waits until the fate of every row is known.
    ///
    /// Safe to cancel: a ticket whose wait was dropped is gone, its rows are not.
    pub async fn wait(self) -> Receipt {
        loop {
            if let Some(receipt) = self.tracking.receipt() {
                return receipt;
            }
            self.tracking.settled.notified().await;
        }
    }

    /// The receipt if the fate of every row is known, the ticket back if not.
    ///
    /// # Errors
    ///
    /// The ticket itself, while rows are open.
    pub fn try_receipt(self) -> Result<Receipt, Self> {
        self.tracking.receipt().ok_or(self)
    }
}

/// The rows of one batch and what is known of them.
#[derive(Debug)]
pub(crate) struct Tracking {
    progress: Mutex<Progress>,
    settled: Notify,
    started: Instant,
}

#[derive(Debug)]
struct Progress {
    receipt: Receipt,
    /// Requests that carry rows of this batch and are not settled.
    open_requests: usize,
    /// Whether all of the batch has been handed to requests.
    sealed: bool,
}

impl Tracking {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self {
            progress: Mutex::new(Progress {
                receipt: Receipt {
                    batch,
                    durable: RowRanges::new(),
                    rejected: Vec::new(),
                    not_sent: RowRanges::new(),
                    unknown: RowRanges::new(),
                    possibly_duplicated: RowRanges::new(),
                    bytes: 0,
                    attempts: 1,
                    elapsed: std::time::Duration::ZERO,
                    null_lists: 0,
                    error: None,
                },
                open_requests: 0,
                sealed: false,
            }),
            settled: Notify::new(),
            started: Instant::now(),
        }
    }

    pub(crate) fn batch(&self) -> RecordBatch {
        self.lock().receipt.batch.clone()
    }

    /// Rows that could not become records, and null lists that became empty ones.
    pub(crate) fn converted(&self, rejected: Vec<Rejection>, null_lists: u64) {
        let mut progress = self.lock();
        progress.receipt.rejected.extend(rejected);
        progress.receipt.null_lists += null_lists;
    }

    /// A request with rows of this batch was handed to the transport.
    pub(crate) fn sent(&self, bytes: usize) {
        let mut progress = self.lock();
        progress.open_requests += 1;
        progress.receipt.bytes += bytes as u64;
    }

    /// A request is durable; `lost` connections went down while it was in flight.
    pub(crate) fn acknowledged(&self, rows: &RowRanges, lost: u32) {
        self.settle(|receipt| {
            receipt.durable.extend(rows);
            receipt.attempts = receipt.attempts.max(1 + lost);
            if lost > 0 {
                receipt.possibly_duplicated.extend(rows);
            }
        });
    }

    /// A request was given up without an acknowledgement.
    pub(crate) fn lost(&self, rows: &RowRanges, error: &Error) {
        self.settle(|receipt| {
            receipt.unknown.extend(rows);
            receipt.error.get_or_insert_with(|| error.clone());
        });
    }

    /// Rows that will not be handed to the transport any more.
    pub(crate) fn not_sent(&self, rows: &RowRanges, error: &Error) {
        let mut progress = self.lock();
        progress.receipt.not_sent.extend(rows);
        progress.receipt.error.get_or_insert_with(|| error.clone());
    }

    /// All of the batch has been handed to requests, or settled without.
    pub(crate) fn seal(&self) {
        let mut progress = self.lock();
        progress.sealed = true;
        self.notice(&mut progress);
    }

    fn settle(&self, with: impl FnOnce(&mut Receipt)) {
        let mut progress = self.lock();
        progress.open_requests = progress.open_requests.saturating_sub(1);
        with(&mut progress.receipt);
        self.notice(&mut progress);
    }

    fn notice(&self, progress: &mut Progress) {
        if progress.is_settled() {
            progress.receipt.elapsed = self.started.elapsed();
            // Kept for a waiter that has not come yet.
            self.settled.notify_one();
        }
    }

    fn receipt(&self) -> Option<Receipt> {
        let progress = self.lock();
        progress.is_settled().then(|| progress.receipt.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing panics while it holds the lock; if something did, the counts are still whole.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    fn is_settled(&self) -> bool {
        self.sealed && self.open_requests == 0
    }
}
