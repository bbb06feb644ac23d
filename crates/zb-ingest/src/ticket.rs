//! What stands between a batch that was handed in and its receipt.

use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::RecordBatch;
use tokio::{sync::Notify, time::Instant};
use tracing::Span;

use crate::{
    Error, Event, Fate, Receipt, Rejection, RowRanges, lock::lock, observer::Observers,
    quarantine::Queue, spans,
};

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

    /// Waits until the fate of every row is known, and leaves the receipt where it is: for waits that
    /// may be dropped and begun again.
    pub async fn settled(&self) {
        while !self.tracking.lock().is_settled() {
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
    /// As it is sent, with the columns of the sender's own.
    stamped: RecordBatch,
    quarantine: Option<Queue>,
    observers: Observers,
    /// Until all is settled, then disabled: a span ends when nobody holds it.
    span: Mutex<Span>,
}

#[derive(Debug)]
struct Progress {
    receipt: Receipt,
    /// Requests that carry rows of this batch and are not settled.
    open_requests: usize,
    /// Whether all of the batch has been handed to requests.
    sealed: bool,
    quarantine: Stage,
}

/// Rows that were refused are put into quarantine before the receipt is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Asked,
    Done,
}

impl Tracking {
    pub(crate) fn new(
        batch: RecordBatch,
        stamped: RecordBatch,
        batch_id: Option<Arc<str>>,
        quarantine: Option<Queue>,
        observers: Observers,
        span: Span,
    ) -> Self {
        Self {
            stamped,
            quarantine,
            span: Mutex::new(span),
            observers,
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
                    slowed: std::time::Duration::ZERO,
                    batch_id,
                    quarantine_error: None,
                    error: None,
                },
                open_requests: 0,
                sealed: false,
                quarantine: Stage::Open,
            }),
            settled: Notify::new(),
            started: Instant::now(),
        }
    }

    pub(crate) fn batch(&self) -> RecordBatch {
        self.lock().receipt.batch.clone()
    }

    /// The batch as it is sent.
    pub(crate) fn stamped(&self) -> &RecordBatch {
        &self.stamped
    }

    /// The span of the batch, for what is a part of it.
    pub(crate) fn span(&self) -> Span {
        self.span_slot().clone()
    }

    fn span_slot(&self) -> MutexGuard<'_, Span> {
        lock(&self.span)
    }

    /// Who is told of what happens to it.
    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    /// What encoding has left out: rows, and null lists, which became empty ones.
    pub(crate) fn left_out(&self, rejected: Vec<Rejection>, null_lists: u64) {
        self.lock().receipt.null_lists += null_lists;
        self.rejected(rejected);
    }

    /// Rows that will not be stored.
    pub(crate) fn rejected(&self, rejected: Vec<Rejection>) {
        if rejected.is_empty() {
            return;
        }
        let rejections = &rejected;
        self.observers.tell(&Event::Rejected { rejections });
        let mut progress = self.lock();
        let all = &mut progress.receipt.rejected;
        let in_order = match (all.last(), rejected.first()) {
            (Some(last), Some(first)) => last.row() < first.row(),
            _ => true,
        };
        all.extend(rejected);
        if !in_order {
            all.sort_by_key(Rejection::row);
        }
    }

    /// Waited because too much has gone wrong of late.
    pub(crate) fn slowed(&self, by: std::time::Duration) {
        self.lock().receipt.slowed += by;
    }

    /// A request with rows of this batch is on its way.
    pub(crate) fn open_request(&self, bytes: usize) {
        let mut progress = self.lock();
        progress.open_requests += 1;
        progress.receipt.bytes += bytes as u64;
    }

    /// Nothing of a request is open any more.
    pub(crate) fn close_request(self: &Arc<Self>) {
        let mut progress = self.lock();
        progress.open_requests = progress.open_requests.saturating_sub(1);
        self.notice(progress);
    }

    /// Rows are durable; `lost` connections went down while they were on their way.
    pub(crate) fn durable(&self, rows: &RowRanges, lost: u32) {
        let receipt = &mut self.lock().receipt;
        receipt.durable.insert_all(rows);
        receipt.attempts = receipt.attempts.max(1 + lost);
        if lost > 0 {
            receipt.possibly_duplicated.insert_all(rows);
        }
    }

    /// Rows were given up.
    pub(crate) fn lost(&self, rows: &RowRanges, fate: Fate, error: &Error) {
        let receipt = &mut self.lock().receipt;
        match fate {
            Fate::Unknown => receipt.unknown.insert_all(rows),
            Fate::NotSent => receipt.not_sent.insert_all(rows),
        }
        if !rows.is_empty() {
            receipt.error.get_or_insert_with(|| error.clone());
        }
    }

    /// Rows that nobody meant to send.
    pub(crate) fn kept_back(&self, rows: &RowRanges) {
        self.lock().receipt.not_sent.insert_all(rows);
    }

    /// All of the batch has been handed to requests, or settled without.
    pub(crate) fn seal(self: &Arc<Self>) {
        let mut progress = self.lock();
        progress.sealed = true;
        self.notice(progress);
    }

    /// What became of the refused rows.
    pub(crate) fn quarantined(self: &Arc<Self>, error: Option<String>) {
        let mut progress = self.lock();
        progress.receipt.quarantine_error = error;
        progress.quarantine = Stage::Done;
        self.notice(progress);
    }

    fn notice(self: &Arc<Self>, mut progress: MutexGuard<'_, Progress>) {
        if !progress.is_delivered() {
            return;
        }
        if progress.quarantine == Stage::Open {
            progress.receipt.elapsed = self.started.elapsed();
            progress.quarantine = match &self.quarantine {
                Some(queue) if !progress.receipt.rejected.is_empty() && queue.put(self) => {
                    Stage::Asked
                }
                _ => Stage::Done,
            };
        }
        if progress.quarantine == Stage::Done {
            let (fates, elapsed) = (progress.receipt.fates(), progress.receipt.elapsed);
            let failed = progress
                .receipt
                .error
                .as_ref()
                .map(|error| error.kind().name());
            drop(progress);
            self.observers.tell(&Event::Settled { fates, elapsed });
            let span = std::mem::replace(&mut *self.span_slot(), Span::none());
            if let Some(kind) = failed {
                spans::fail(&span, kind);
            }
            // Kept for a waiter that has not come yet.
            self.settled.notify_one();
        }
    }

    /// The receipt as far as it goes, for the quarantine.
    pub(crate) fn so_far(&self) -> Receipt {
        self.lock().receipt.clone()
    }

    fn receipt(&self) -> Option<Receipt> {
        let progress = self.lock();
        progress.is_settled().then(|| progress.receipt.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }
}

impl Progress {
    fn is_delivered(&self) -> bool {
        self.sealed && self.open_requests == 0
    }

    fn is_settled(&self) -> bool {
        self.is_delivered() && self.quarantine == Stage::Done
    }
}
