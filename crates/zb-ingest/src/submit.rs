//! Taking in a batch: encoded, split into requests, and queued within the budget.

use std::{sync::Arc, time::Duration};

use arrow_array::RecordBatch;
use tokio::time::Instant;

use crate::{
    Error, Event, Fate, Rejection, RowRanges, Sender, Ticket,
    budget::Share,
    lane::Queued,
    plan::Plan,
    records::{Chunk, Records},
    request::Request,
    spans, stamp,
    ticket::Tracking,
};

/// Why a batch was not taken in at once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrySubmitError {
    /// There is no room for it now. Nothing of it was taken.
    #[error("no room for the batch among the bytes in flight")]
    Full(Box<RecordBatch>),
    /// Nothing of it was taken, and no waiting will help.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A chunk of a batch, ready to go.
struct Ready {
    plan: Arc<Plan>,
    records: Records,
    rows: RowRanges,
    bytes: usize,
}

/// Rows that could not be queued, and why.
struct Left(RowRanges, Error);

impl Ready {
    fn of(plan: Arc<Plan>, chunk: Chunk) -> Self {
        Self {
            plan,
            records: chunk.records,
            rows: chunk.rows,
            bytes: chunk.bytes,
        }
    }
}

impl Sender {
    /// Hands in a batch, and returns when all of it is on its way: encoded, split into requests,
    /// and within the budget of bytes in flight.
    ///
    /// Rows that cannot be sent are in the receipt and are no error. When the sender fails half-way
    /// the ticket comes all the same, and its receipt says which rows were not sent.
    ///
    /// Dropping the future half-way leaves out the rest of the batch; what was on its way stays on
    /// it, and [`flush`](Self::flush) and [`close`](Self::close) know of it.
    ///
    /// # Errors
    ///
    /// When nothing of the batch was taken in: it has another schema than the sender, or the sender
    /// is closed or has failed before.
    pub async fn submit(&self, batch: RecordBatch) -> Result<Ticket, Error> {
        let mut buffer = self.turn.lock().await;
        self.check_open()?;
        let shared = &*self.shared;
        shared.observers.tell(&Event::HandedIn { batch: &batch });
        let tracking = self.track(&batch)?;
        let rows = batch.num_rows();
        let mut next = 0;
        // Once at least: a batch without rows may have the wrong columns, too.
        loop {
            let plan = shared.plans.present();
            let encoded = shared.encode(&plan, &tracking, next, &mut buffer).await;
            let (after, mut chunk) = match encoded {
                Ok(encoded) => encoded,
                // The schema is wrong for every chunk alike, so nothing was sent.
                Err(error @ Error::Schema(_)) => return Err(error),
                Err(error) => {
                    let error = shared.fail(&error);
                    let rest = std::iter::once(next..rows).collect();
                    self.not_sent(&tracking, &rest, &error);
                    break;
                }
            };
            let rejections = chunk.take_rejections().collect();
            self.reject(&tracking, rejections, chunk.null_lists);
            let ready = Ready::of(plan, chunk);
            if let Err(left) = self.queue(&tracking, ready).await {
                let Left(mut rest, error) = *left;
                rest.insert(after..rows);
                self.not_sent(&tracking, &rest, &error);
                break;
            }
            next = after;
            if next == rows {
                break;
            }
        }
        tracking.seal();
        Ok(Ticket::new(tracking))
    }

    /// Hands in a batch if there is room for all of it now. Waits for its turn and for the
    /// encoding, which is work and not waiting, but not for acknowledgements.
    ///
    /// A batch that is larger than the whole budget is taken when nothing else is in flight.
    ///
    /// # Errors
    ///
    /// [`TrySubmitError::Full`] with the batch when there is no room, and otherwise as
    /// [`submit`](Self::submit).
    pub async fn try_submit(&self, batch: RecordBatch) -> Result<Ticket, TrySubmitError> {
        let mut buffer = self.turn.lock().await;
        self.check_open()?;
        let shared = &*self.shared;
        let full = |batch| Err(TrySubmitError::Full(Box::new(batch)));
        if shared.budget.try_take(1).is_none() {
            return match shared.ledger.error() {
                Some(error) => Err(error.into()),
                None => full(batch),
            };
        }
        let tracking = self.track(&batch)?;
        let rows = batch.num_rows();
        let (mut ready, mut rejections, mut null_lists) = (Vec::new(), Vec::new(), 0);
        let mut next = 0;
        loop {
            let plan = shared.plans.present();
            let (after, mut chunk) = shared.encode(&plan, &tracking, next, &mut buffer).await?;
            rejections.extend(chunk.take_rejections());
            null_lists += chunk.null_lists;
            if !chunk.records.is_empty() {
                ready.push(Ready::of(plan, chunk));
            }
            next = after;
            if next == rows {
                break;
            }
        }
        let bytes = ready.iter().map(|chunk| chunk.bytes).sum();
        let mut share = match shared.budget.try_take(bytes) {
            Some(share) => share,
            None if ready.is_empty() => return Err(shared.closed().into()),
            None => return full(batch),
        };
        shared.observers.tell(&Event::HandedIn { batch: &batch });
        self.reject(&tracking, rejections, null_lists);
        let last = ready.len().saturating_sub(1);
        for (i, chunk) in ready.into_iter().enumerate() {
            let part = if i == last {
                share.split(usize::MAX)
            } else {
                share.split(chunk.bytes)
            };
            if let Err(left) = self.put(&tracking, chunk, part, Duration::ZERO) {
                self.not_sent(&tracking, &left.0, &left.1);
            }
        }
        tracking.seal();
        Ok(Ticket::new(tracking))
    }

    /// What is known of a batch that is taken in.
    fn track(&self, batch: &RecordBatch) -> Result<Arc<Tracking>, Error> {
        let (stamped, id) = if self.shared.options.stamps {
            let id: Arc<str> = uuid::Uuid::now_v7().to_string().into();
            let stamped = stamp::batch(batch, &id).map_err(|error| Error::Internal {
                table: self.shared.table.clone(),
                problem: error.to_string(),
            })?;
            (stamped, Some(id))
        } else {
            (batch.clone(), None)
        };
        let queue = self.quarantine.clone();
        let observers = self.shared.observers.clone();
        let span = spans::send(&self.shared.table, batch.num_rows());
        let tracking = Tracking::new(batch.clone(), stamped, id, queue, observers, span);
        Ok(Arc::new(tracking))
    }

    fn reject(&self, tracking: &Tracking, rejections: Vec<Rejection>, null_lists: u64) {
        tracking.emptied(null_lists);
        if !rejections.is_empty() {
            self.shared.observers.tell(&Event::Rejected {
                rejections: &rejections,
            });
            tracking.rejected(rejections);
        }
    }

    /// Queues one chunk as one request, if it has rows, when there is room.
    async fn queue(&self, tracking: &Arc<Tracking>, ready: Ready) -> Result<(), Box<Left>> {
        if ready.records.is_empty() {
            return Ok(());
        }
        let shared = &*self.shared;
        let asked = Instant::now();
        let _span = spans::submit(&tracking.span(), ready.records.len(), ready.bytes);
        if let Some(quarantine) = &self.quarantine {
            quarantine.room().await;
        }
        let pause = shared.outcomes.pause();
        if !pause.is_zero() {
            tracing::warn!(table = %shared.table, ?pause, "holding back, since too much goes wrong");
            tracking.slowed(pause);
            tokio::time::sleep(pause).await;
        }
        match shared.budget.take(ready.bytes).await {
            Some(share) => self.put(tracking, ready, share, asked.elapsed()),
            None => Err(Box::new(Left(ready.rows, self.cause()))),
        }
    }

    /// Gives a request, which has waited for room, to the lane with the least to do.
    fn put(
        &self,
        tracking: &Arc<Tracking>,
        ready: Ready,
        share: Share,
        waited: Duration,
    ) -> Result<(), Box<Left>> {
        let shared = &*self.shared;
        if shared.options.dry_run {
            shared.sending(&ready.plan, &ready.records, false);
            tracking.kept_back(&ready.rows);
            return Ok(());
        }
        let lanes = self.lanes();
        let Some(lane) = lanes.iter().min_by_key(|lane| lane.bytes()) else {
            return Err(Box::new(Left(ready.rows, self.cause())));
        };
        let (rows, bytes) = (ready.records.len(), ready.bytes);
        tracking.open_request(bytes);
        shared.observers.tell(&Event::Admitted {
            rows,
            bytes,
            waited,
        });
        let request = Request {
            place: shared.ledger.open(),
            tracking: Arc::clone(tracking),
            open: ready.rows,
            rows,
            bytes,
            offset: None,
            sent: None,
            span: spans::wait(&tracking.span(), rows, bytes),
            share,
        };
        let queued = Queued {
            request,
            plan: ready.plan,
            records: ready.records,
        };
        if let Err(refused) = lane.put(queued) {
            let error = self.cause();
            refused.request.give_up(&shared.ledger, &error);
        }
        Ok(())
    }

    /// Rows that will not be sent any more.
    fn not_sent(&self, tracking: &Tracking, rows: &RowRanges, error: &Error) {
        let ledger = &self.shared.ledger;
        tracking.lost(rows, Fate::NotSent, error);
        let place = ledger.open();
        ledger.put_aside(place, tracking, rows, Fate::NotSent);
        ledger.settle(place);
    }

    /// Why nothing is taken in.
    fn cause(&self) -> Error {
        let error = self.shared.ledger.error();
        error.unwrap_or_else(|| self.shared.closed())
    }
}
