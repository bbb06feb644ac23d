//! The way of one call's batches: read, handed in, and waited for.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use zb_core::{Client, Error, Receipt, Sender, TableName, Ticket, Totals, ingest};

use crate::{call::Call, input::Source, outcome::Outcome, telemetry::Context};

/// How many batches may wait for their receipt. The budget of bytes is reached long before; this
/// bounds what costs no bytes, such as batches of which every row is rejected.
const OPEN_TICKETS: usize = 1_024;

/// Who takes the batches.
#[derive(Clone)]
pub(crate) enum Target {
    Client(Arc<Client>, TableName),
    Sender(Arc<Sender>),
}

impl Target {
    async fn submit(&self, batch: RecordBatch) -> Result<Ticket, Error> {
        match self {
            Self::Client(client, table) => client.submit(table, batch).await,
            Self::Sender(sender) => Ok(sender.submit(batch).await?),
        }
    }

    fn table(&self) -> &TableName {
        match self {
            Self::Client(_, table) => table,
            Self::Sender(sender) => sender.table(),
        }
    }
}

/// Who reads the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The thread that waits, which may be held up.
    Here,
    /// A thread of its own: others share this one.
    Aside,
}

/// Batches that are on their way, and what is known of those that have arrived.
pub(crate) struct Delivery {
    target: Target,
    call: Call,
    started: Instant,
    open: VecDeque<Ticket>,
    totals: Totals,
    rejected: Vec<RecordBatch>,
    rejected_kept: usize,
    quarantine_error: Option<String>,
    failure: Option<Failure>,
}

/// Why rows were not delivered.
pub(crate) enum Failure {
    /// Nothing of a batch was taken in.
    Refused(Error),
    /// Rows that were taken in did not get through.
    Lost(ingest::Error),
    /// Their source failed.
    Source(PyErr),
}

impl Delivery {
    pub(crate) fn new(target: Target, call: Call) -> Self {
        Self {
            target,
            call,
            started: Instant::now(),
            open: VecDeque::new(),
            totals: Totals::default(),
            rejected: Vec::new(),
            rejected_kept: 0,
            quarantine_error: None,
            failure: None,
        }
    }

    /// Hands in all batches where the caller is in a trace, until there are no more or something fails.
    pub(crate) async fn hand_in(&mut self, source: Source, reading: Reading) {
        let context = self.call.context.clone();
        Context::scope(context, self.take_in(source, reading)).await;
    }

    async fn take_in(&mut self, source: Source, reading: Reading) {
        let mut source = Some(source);
        while !self.has_failed() {
            let batch = match next(&mut source, reading).await {
                Ok(Some(batch)) => batch,
                Ok(None) => return,
                Err(error) => {
                    self.failure.get_or_insert(Failure::Source(error));
                    return;
                }
            };
            let rows = batch.num_rows();
            self.call.hand_in(rows);
            match self.target.submit(batch).await {
                Ok(ticket) => self.open.push_back(ticket),
                Err(error) => {
                    // Their receipts come first, so that rows are counted in order.
                    self.settle_all().await;
                    self.totals.add_not_sent(rows);
                    self.failure.get_or_insert(Failure::Refused(error));
                    return;
                }
            }
            self.settle_some().await;
        }
    }

    /// Whether something has gone wrong, so that nothing more is taken in.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Waits for the fate of every row.
    pub(crate) async fn settle_all(&mut self) {
        while self.settle_first().await {}
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_settled(&mut self) -> bool {
        self.settle_ready();
        self.open.is_empty()
    }

    async fn settle_some(&mut self) {
        self.settle_ready();
        while self.open.len() > OPEN_TICKETS && self.settle_first().await {}
    }

    /// Waits for the oldest; says whether there was one. Safe to cancel.
    async fn settle_first(&mut self) -> bool {
        let Some(oldest) = self.open.front() else {
            return false;
        };
        oldest.settled().await;
        self.settle_ready();
        true
    }

    fn settle_ready(&mut self) {
        while let Some(ticket) = self.open.pop_front() {
            match ticket.try_receipt() {
                Ok(receipt) => self.settle(&receipt),
                Err(ticket) => {
                    self.open.push_front(ticket);
                    return;
                }
            }
        }
    }

    fn settle(&mut self, receipt: &Receipt) {
        self.call.settle(receipt);
        if let Some(error) = receipt.error() {
            self.failure
                .get_or_insert_with(|| Failure::Lost(error.clone()));
        }
        if let Some(error) = receipt.quarantine_error() {
            self.quarantine_error
                .get_or_insert_with(|| error.to_owned());
        }
        let room = self.call.keep_rejected - self.rejected_kept;
        if room > 0 && !receipt.rejected().is_empty() {
            // Only offsets near their limits bring it about; the rows are counted all the same.
            if let Ok(rows) = receipt.rejected_batch_from(self.totals.rows as u64) {
                let rows = rows.slice(0, rows.num_rows().min(room));
                self.rejected_kept += rows.num_rows();
                self.rejected.push(rows);
            }
        }
        self.totals.add(receipt);
    }

    pub(crate) fn outcome(self) -> Outcome {
        let dropped = self.totals.rejected() - self.rejected_kept;
        Outcome {
            table: self.target.table().clone(),
            totals: self.totals,
            elapsed: self.started.elapsed(),
            rejected: self.rejected,
            rejected_not_kept: dropped,
            quarantine_error: self.quarantine_error,
            failure: self.failure,
        }
    }
}

/// The next batch. The source is lent to the thread that reads.
async fn next(source: &mut Option<Source>, reading: Reading) -> PyResult<Option<RecordBatch>> {
    let Some(mut held) = source.take() else {
        return Ok(None);
    };
    if reading == Reading::Here || !held.is_slow() {
        let batch = held.next();
        *source = Some(held);
        return batch;
    }
    let read = tokio::task::spawn_blocking(move || {
        let batch = held.next();
        (held, batch)
    });
    match read.await {
        Ok((held, batch)) => {
            *source = Some(held);
            batch
        }
        Err(panic) => Err(Python::attach(|py| {
            crate::runtime::panicked(py, &*panic.into_panic())
        })),
    }
}

/// Seconds, as Python counts them.
pub(crate) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
