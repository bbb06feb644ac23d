//! The sender: from a record batch to requests on their way, and from acknowledgements to rows
//! that are durable.

use std::{
    sync::{
        Arc, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use tokio::{sync::Mutex, task::JoinHandle, time::Instant};
use zb_convert::{ChunkLimit, Encoded, Encoder};
use zb_types::TableName;

use crate::{
    Closed, Error, Event, Observer, Receipt, Rejection, RowRanges, SenderOptions, Ticket,
    TokenSource,
    budget::Budget,
    ledger::{Ledger, Request},
    pacing::Pace,
    sdk::{MAX_IN_FLIGHT_REQUESTS, Stream, Waited},
    ticket::Tracking,
};

/// Sends the record batches of one schema to one table.
///
/// Shared by `&self`: any number of tasks may submit at once. The rows of one batch stay in their
/// order, and batches stay in the order in which [`submit`](Self::submit) was called.
///
/// Close it with [`close`](Self::close), which waits for what is in flight and hands back what was
/// not delivered. A sender that is dropped instead stops at once; its open tickets come back with
/// their rows as [`unknown`](Receipt::unknown).
pub struct Sender {
    shared: Arc<Shared>,
    /// Taken by one submit at a time, so that the requests of two batches do not mix. Holds the
    /// buffer that is encoded into.
    turn: Mutex<Encoded>,
    /// `None` once the sender is closed.
    line: std::sync::Mutex<Option<Line>>,
    closing: AtomicBool,
}

/// The stream, and the task that waits for its acknowledgements.
struct Line {
    stream: Arc<Stream>,
    settling: JoinHandle<()>,
}

/// What submitting and settling share.
struct Shared {
    table: TableName,
    encoder: Arc<Encoder>,
    limit: ChunkLimit,
    ledger: Arc<Ledger>,
    budget: Budget,
    pace: Arc<Pace>,
    observer: Arc<dyn Observer>,
}

impl Sender {
    /// Opens a stream to `table` for record batches of `schema`.
    ///
    /// The columns must agree with those of the table, which the service checks here and now.
    ///
    /// # Errors
    ///
    /// When the schema cannot be sent, a setting is wrong, there is no token, the service refuses
    /// the stream, or no connection comes about within the bounds of the retry policy.
    pub async fn open(
        table: TableName,
        schema: &Schema,
        tokens: Arc<dyn TokenSource>,
        options: SenderOptions,
    ) -> Result<Self, Error> {
        let limit = options.check()?;
        let encoder = Encoder::new(schema, options.encoding.clone()).map_err(Error::Schema)?;
        let ledger = Arc::new(Ledger::default());
        let pace = Arc::new(Pace::new(options.retry));
        let stream = Stream::open(
            &table,
            encoder.descriptor().clone(),
            tokens,
            &options,
            Arc::clone(&ledger),
            Arc::clone(&pace),
        )
        .await?;
        let stream = Arc::new(stream);
        let shared = Arc::new(Shared {
            table,
            encoder: Arc::new(encoder),
            limit,
            ledger,
            budget: Budget::new(options.max_in_flight_bytes, MAX_IN_FLIGHT_REQUESTS),
            pace,
            observer: options.observer,
        });
        let settling = tokio::spawn(settle(Arc::clone(&shared), Arc::clone(&stream)));
        Ok(Self {
            shared,
            turn: Mutex::default(),
            line: std::sync::Mutex::new(Some(Line { stream, settling })),
            closing: AtomicBool::new(false),
        })
    }

    /// The table that is sent to.
    pub fn table(&self) -> &TableName {
        &self.shared.table
    }

    /// The schema of the batches. Those handed in may order their columns differently and leave
    /// out nullable ones.
    pub fn schema(&self) -> &SchemaRef {
        self.shared.encoder.schema()
    }

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
        let stream = self.stream()?;
        if let Some(error) = self.shared.ledger.error() {
            return Err(error);
        }
        let shared = &*self.shared;
        let tracking = Arc::new(Tracking::new(batch.clone()));
        let rows = batch.num_rows();
        let mut next = 0;
        // Once at least: a batch without rows may have the wrong columns, too.
        loop {
            let (after, mut chunk) = match shared
                .encode(&batch, next, std::mem::take(&mut *buffer))
                .await
            {
                Ok(encoded) => encoded,
                // The schema is wrong for every chunk alike, so nothing was sent.
                Err(error @ Error::Schema(_)) => return Err(error),
                Err(error) => {
                    let rest = std::iter::once(next..rows).collect();
                    shared.ledger.not_sent(&tracking, &rest, &error);
                    break;
                }
            };
            shared.note_rejections(&tracking, &mut chunk);
            if let Err(error) = shared.hand_over(&stream, &tracking, &chunk).await {
                let mut rest: RowRanges = chunk.row_ranges().iter().cloned().collect();
                rest.insert(after..rows);
                shared.ledger.not_sent(&tracking, &rest, &error);
                break;
            }
            *buffer = chunk;
            next = after;
            if next == rows {
                break;
            }
        }
        tracking.seal();
        Ok(Ticket::new(tracking))
    }

    /// Hands in a batch and waits until the fate of every row is known.
    ///
    /// To keep the line full, use [`submit`](Self::submit) and wait for tickets later: waiting for
    /// each batch makes the throughput that of one acknowledgement at a time.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit). Rows that could not be delivered are no error here but in the
    /// receipt.
    pub async fn send(&self, batch: RecordBatch) -> Result<Receipt, Error> {
        Ok(self.submit(batch).await?.wait().await)
    }

    /// Waits until everything that was submitted before is durable.
    ///
    /// # Errors
    ///
    /// Why the sender has failed, when it has.
    pub async fn flush(&self) -> Result<(), Error> {
        if let Some(newest) = self.shared.ledger.newest() {
            self.shared.ledger.settled(newest).await;
        }
        self.shared.ledger.error().map_or(Ok(()), Err)
    }

    /// How many requests are on their way.
    pub fn in_flight(&self) -> usize {
        self.shared.ledger.in_flight()
    }

    /// Takes in no more, waits for what is in flight until `deadline` has passed, ends the stream,
    /// and hands back the rows that were not delivered. When the future is dropped half-way, call it
    /// again: it goes on where it was. What was handed back once is not handed back again.
    ///
    /// A [`submit`](Self::submit) that is half-way when the deadline has passed is cut off. One that
    /// nobody polls cannot be, and keeps the rest of its rows for its own receipt.
    pub async fn close(&self, deadline: Duration) -> Closed {
        let now = Instant::now();
        let until = now.checked_add(deadline).unwrap_or(now + FAR);
        let shared = &*self.shared;
        self.closing.store(true, Ordering::SeqCst);
        // A submit that is half-way may finish.
        let turn = tokio::time::timeout_at(until, self.turn.lock()).await;
        let drained = tokio::time::timeout_at(until, shared.ledger.settled(i64::MAX)).await;
        if turn.is_err() || drained.is_err() {
            shared.ledger.fail(&self.closed());
        }
        shared.budget.close();
        if turn.is_err() {
            // A submit that is cut off says what it has not sent, and lets go.
            let _ = tokio::time::timeout(CUT_OFF, self.turn.lock()).await;
        }
        drop(turn);

        let undelivered = shared.ledger.take_undelivered();
        let line = self.line().take();
        if let Some(Line { stream, settling }) = line {
            settling.abort();
            let _ = settling.await;
            // Nobody else holds the stream now. With rows given up there is nothing to wait for:
            // it is dropped, which ends it without ceremony.
            if let Some(stream) = Arc::into_inner(stream)
                && undelivered.is_empty()
            {
                let _ = tokio::time::timeout(GRACE, stream.close()).await;
            }
        }
        Closed {
            error: (!undelivered.is_empty())
                .then(|| shared.ledger.error().unwrap_or_else(|| self.closed())),
            undelivered,
        }
    }

    fn stream(&self) -> Result<Arc<Stream>, Error> {
        match &*self.line() {
            Some(line) if !self.closing.load(Ordering::SeqCst) => Ok(Arc::clone(&line.stream)),
            _ => Err(self.closed()),
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        // Nothing panics while it holds the lock; if something did, the line is still whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> Error {
        Error::Closed {
            table: self.shared.table.clone(),
        }
    }
}

/// How long a stream with nothing in flight may take to end in good order.
const GRACE: Duration = Duration::from_secs(2);

/// A deadline that no clock can tell from none.
const FAR: Duration = Duration::from_hours(24 * 365);

/// How long a submit may take to notice that the sender is closed: no longer than it takes to
/// encode one request.
const CUT_OFF: Duration = Duration::from_millis(500);

impl Shared {
    /// Encodes the next chunk away from the async threads; gives back where to go on.
    async fn encode(
        &self,
        batch: &RecordBatch,
        start: usize,
        mut chunk: Encoded,
    ) -> Result<(usize, Encoded), Error> {
        let encoder = Arc::clone(&self.encoder);
        let batch = batch.clone();
        let limit = self.limit;
        let work = move || {
            let next = encoder.encode_chunk(&batch, start, limit, &mut chunk)?;
            Ok((next, chunk))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(Error::Schema),
            Err(error) => Err(Error::Internal {
                table: self.table.clone(),
                problem: format!("encoding was cut off: {error}"),
            }),
        }
    }

    fn note_rejections(&self, tracking: &Tracking, chunk: &mut Encoded) {
        let rejections: Vec<_> = chunk
            .take_errors()
            .into_iter()
            .map(Rejection::conversion)
            .collect();
        if !rejections.is_empty() {
            self.observer.observe(&Event::Rejected {
                rejections: &rejections,
            });
        }
        tracking.converted(rejections, chunk.null_lists());
    }

    /// Sends one chunk as one request, if it has rows.
    async fn hand_over(
        &self,
        stream: &Stream,
        tracking: &Arc<Tracking>,
        chunk: &Encoded,
    ) -> Result<(), Error> {
        if chunk.is_empty() {
            return Ok(());
        }
        let bytes = chunk.framed_len();
        let Some(share) = self.budget.take(bytes).await else {
            return Err(self.ledger.error().unwrap_or_else(|| Error::Closed {
                table: self.table.clone(),
            }));
        };
        let losses = self.ledger.losses();
        let offset = stream.ingest(chunk.to_vecs()).await?;
        self.observer.observe(&Event::Sent {
            rows: chunk.len(),
            bytes,
        });
        self.ledger.insert(Request {
            offset,
            tracking: Arc::clone(tracking),
            rows: chunk.row_ranges().iter().cloned().collect(),
            bytes,
            handed_over: Instant::now(),
            losses,
            _share: share,
        });
        Ok(())
    }
}

/// Waits for acknowledgements, oldest first, and settles the rows. One task for each sender.
async fn settle(shared: Arc<Shared>, stream: Arc<Stream>) {
    let _watch = Watch(&shared);
    loop {
        let offset = shared.ledger.oldest().await;
        match stream.wait(offset).await {
            Ok(Waited::NotYet) => {}
            Ok(Waited::Acknowledged) => {
                shared.pace.progress();
                for request in shared.ledger.acknowledge(offset) {
                    shared.observer.observe(&Event::Acknowledged {
                        rows: request.rows.count(),
                        bytes: request.bytes,
                        latency: request.handed_over.elapsed(),
                    });
                }
            }
            Err(error) => {
                tracing::warn!(table = %shared.table, %error, "the stream is lost");
                shared.ledger.fail(&error);
                shared.budget.close();
                return;
            }
        }
    }
}

/// Ends the sender should the task that settles panic, which only an observer can bring about:
/// nobody shall wait for rows that nobody settles.
struct Watch<'a>(&'a Shared);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.ledger.fail(&Error::Internal {
                table: self.0.table.clone(),
                problem: "an observer panicked".to_owned(),
            });
            self.0.budget.close();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(line) = self.line().take() {
            line.settling.abort();
        }
        self.shared.budget.close();
        let in_flight = self.shared.ledger.in_flight();
        if in_flight > 0 {
            tracing::warn!(
                table = %self.shared.table, in_flight,
                "a sender was dropped and not closed; the rows in flight may or may not be stored"
            );
        }
        self.shared.ledger.fail(&self.closed());
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender")
            .field("table", &self.shared.table)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
