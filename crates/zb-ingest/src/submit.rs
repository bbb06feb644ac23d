//! Taking in a batch: encoded, split into requests, and queued within the budget.

use std::{sync::Arc, time::Duration};

use arrow_array::RecordBatch;
use tokio::time::Instant;
use zb_convert::EncodedVecs;

use crate::{
    Error, Event, Fate, RowRanges, Sender, Ticket, budget::Share, lane::Queued, plan::Plan,
    records::Chunk, request::Request, spans, stamp, ticket::Tracking,
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

/// Rows that could not be queued, and why.
struct Left(RowRanges, Error);

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
            let (after, plan, mut chunk) = match self.chunk(&tracking, next, &mut buffer).await {
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
            tracking.left_out(rejections, chunk.null_lists);
            if let Err(left) = self.queue(&tracking, plan, chunk).await {
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
        let quarantine = self.quarantine.as_ref();
        if quarantine.is_some_and(|quarantine| !quarantine.has_room()) {
            return full(batch);
        }
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
            let (after, plan, mut chunk) = self.chunk(&tracking, next, &mut buffer).await?;
            rejections.extend(chunk.take_rejections());
            null_lists += chunk.null_lists;
            if !chunk.payload.records.is_empty() {
                ready.push((plan, chunk));
            }
            next = after;
            if next == rows {
                break;
            }
        }
        let bytes = ready.iter().map(|(_, chunk)| chunk.payload.bytes).sum();
        let mut share = match shared.budget.try_take(bytes) {
            Some(share) => share,
            None if ready.is_empty() => return Err(shared.closed().into()),
            None => return full(batch),
        };
        shared.observers.tell(&Event::HandedIn { batch: &batch });
        tracking.left_out(rejections, null_lists);
        let last = ready.len().saturating_sub(1);
        for (i, (plan, chunk)) in ready.into_iter().enumerate() {
            let part = if i == last {
                share.split(usize::MAX)
            } else {
                share.split(chunk.payload.bytes)
            };
            if let Err(left) = self.put(&tracking, plan, chunk, part, Duration::ZERO) {
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

    /// The next chunk of a batch, what it was encoded by, and where to go on.
    async fn chunk(
        &self,
        tracking: &Tracking,
        start: usize,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Arc<Plan>, Chunk), Error> {
        let plan = self.shared.plans.present();
        let (next, chunk) = self.shared.encode(&plan, tracking, start, buffer).await?;
        Ok((next, plan, chunk))
    }

    /// Queues one chunk as one request, if it has rows, when there is room.
    async fn queue(
        &self,
        tracking: &Arc<Tracking>,
        plan: Arc<Plan>,
        chunk: Chunk,
    ) -> Result<(), Box<Left>> {
        // Asked of batches without a row to send, too: they may be all that comes.
        if let Some(quarantine) = &self.quarantine {
            quarantine.room().await;
        }
        let (rows, bytes) = (chunk.payload.records.len(), chunk.payload.bytes);
        if rows == 0 {
            return Ok(());
        }
        let shared = &*self.shared;
        let asked = Instant::now();
        let _span = spans::submit(&tracking.span(), rows, bytes);
        let pause = shared.outcomes.pause();
        if !pause.is_zero() {
            tracing::warn!(table = %shared.table, ?pause, "holding back, since too much goes wrong");
            tracking.slowed(pause);
            tokio::time::sleep(pause).await;
        }
        match shared.budget.take(bytes).await {
            Some(share) => self.put(tracking, plan, chunk, share, asked.elapsed()),
            None => Err(Box::new(Left(chunk.rows, self.cause()))),
        }
    }

    /// Gives a request, which has waited for room, to the lane with the least to do.
    fn put(
        &self,
        tracking: &Arc<Tracking>,
        plan: Arc<Plan>,
        chunk: Chunk,
        share: Share,
        waited: Duration,
    ) -> Result<(), Box<Left>> {
        let shared = &*self.shared;
        let Chunk { payload, rows, .. } = chunk;
        if shared.options.dry_run {
            shared.sending(&plan, &payload.records, false);
            tracking.kept_back(&rows);
            return Ok(());
        }
        let lanes = self.lanes();
        let Some(lane) = lanes.iter().min_by_key(|lane| lane.bytes()) else {
            return Err(Box::new(Left(rows, self.cause())));
        };
        let (count, bytes) = (payload.records.len(), payload.bytes);
        tracking.open_request(bytes);
        shared.observers.tell(&Event::Admitted {
            rows: count,
            bytes,
            waited,
        });
        let request = Request {
            place: shared.ledger.open(),
            tracking: Arc::clone(tracking),
            open: rows,
            rows: count,
            bytes,
            offset: None,
            sent: None,
            attempts: 1,
            span: spans::wait(&tracking.span(), count, bytes),
            share,
        };
        let queued = Queued {
            request,
            plan,
            payload,
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
