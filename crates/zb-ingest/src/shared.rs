//! What a sender and its lanes share.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use tokio::sync::Mutex;
use zb_convert::{ChunkLimit, EncodedVecs};
use zb_types::TableName;

use crate::{
    Code, Error, Event, Rejection, RowRanges, SenderOptions, Status, TokenSource,
    budget::Budget,
    lane::Line,
    ledger::Ledger,
    observer::Observers,
    plan::{Form, Plan, Plans},
    receipt::take_rows,
    records::{Chunk, Records},
    sdk::Stream,
    slow_down::Outcomes,
    spans,
    ticket::Tracking,
};

pub(crate) struct Shared {
    pub(crate) table: TableName,
    pub(crate) plans: Plans,
    pub(crate) limit: ChunkLimit,
    pub(crate) ledger: Ledger,
    pub(crate) budget: Budget,
    pub(crate) outcomes: Arc<Outcomes>,
    pub(crate) options: SenderOptions,
    pub(crate) observers: Observers,
    pub(crate) tokens: Arc<dyn TokenSource>,
    /// Rows that are sent again are encoded into it, one request at a time.
    pub(crate) again: Mutex<EncodedVecs>,
}

impl Shared {
    /// One attempt to open a stream for records of a plan.
    pub(crate) async fn open(&self, line: &Arc<Line>, plan: &Plan) -> Result<Stream, Error> {
        let tokens = Arc::clone(&self.tokens);
        let line = Arc::clone(line);
        let observers = self.observers.clone();
        Stream::open(
            &self.table,
            &plan.form,
            tokens,
            &self.options,
            observers,
            line,
        )
        .await
    }

    /// Tells of records that are about to be handed over.
    pub(crate) fn sending(&self, plan: &Plan, records: &Records, again: bool) {
        match (records, &plan.form) {
            (Records::Protobuf(records), Form::Protobuf(_, descriptor)) => {
                self.observers.tell(&Event::Sending {
                    descriptor,
                    records,
                    again,
                });
            }
            #[cfg(feature = "flight")]
            (Records::Flight(batch), _) => {
                self.observers.tell(&Event::SendingBatch { batch, again });
            }
            #[cfg(feature = "flight")]
            (Records::Protobuf(_), Form::Flight(_)) => {
                debug_assert!(false, "records of another plan");
            }
        }
    }

    /// Encodes the next chunk away from the async threads; gives back where to go on.
    pub(crate) async fn encode(
        &self,
        plan: &Arc<Plan>,
        tracking: &Tracking,
        start: usize,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Chunk), Error> {
        let span = spans::convert(&tracking.span());
        let batch = tracking.stamped();
        let (next, chunk, elapsed) = self.convert(plan, batch, start, self.limit, buffer).await?;
        let (rows, bytes) = (chunk.records.len(), chunk.bytes);
        spans::converted(&span, rows, bytes);
        self.observers.tell(&Event::Encoded {
            rows,
            bytes,
            elapsed,
        });
        Ok((next, chunk))
    }

    async fn convert(
        &self,
        plan: &Arc<Plan>,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Chunk, Duration), Error> {
        let plan = Arc::clone(plan);
        let batch = batch.clone();
        let mut taken = std::mem::take(buffer);
        let work = move || {
            let started = Instant::now();
            let encoded = plan.encode(&batch, start, limit, &mut taken);
            (encoded, taken, started.elapsed())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((encoded, given_back, elapsed)) => {
                *buffer = given_back;
                let (next, chunk) = encoded.map_err(Error::Schema)?;
                Ok((next, chunk, elapsed))
            }
            Err(error) => Err(self.internal(format!("encoding was cut off: {error}"))),
        }
    }

    /// Encodes rows that were encoded before. Under another plan some may be none that the table
    /// takes any more.
    pub(crate) async fn encode_rows(
        &self,
        plan: &Arc<Plan>,
        batch: &RecordBatch,
        rows: &RowRanges,
    ) -> Result<(Records, Vec<Rejection>), Error> {
        let taken = take_rows(batch, rows).map_err(|error| self.internal(error.to_string()))?;
        let mut buffer = self.again.lock().await;
        let (_, chunk, _) = self
            .convert(plan, &taken, 0, ChunkLimit::NONE, &mut buffer)
            .await?;
        let errors = chunk.errors.into_iter();
        let rejections: Vec<_> = errors
            .map(|error| Rejection::conversion_among(error, rows))
            .collect();
        if chunk.records.len() + rejections.len() != taken.num_rows() {
            return Err(self.internal("rows were lost in encoding".to_owned()));
        }
        Ok((chunk.records, rejections))
    }

    /// The sender delivers no more; gives back the first cause.
    pub(crate) fn fail(&self, error: &Error) -> Error {
        self.budget.close();
        self.ledger.fail(error)
    }

    pub(crate) fn closed(&self) -> Error {
        Error::Closed {
            table: self.table.clone(),
        }
    }

    pub(crate) fn unavailable(&self, line: &Line, code: Code, message: String) -> Error {
        let (attempts, elapsed) = line.pace.spent();
        Error::Unavailable {
            table: self.table.clone(),
            endpoint: self.options.endpoint.clone(),
            attempts,
            elapsed,
            status: Status::new(code.number(), message),
        }
    }

    fn internal(&self, problem: String) -> Error {
        Error::Internal {
            table: self.table.clone(),
            problem,
        }
    }
}
