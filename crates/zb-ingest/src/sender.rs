//! The sender: opening, waiting, closing. How a batch is taken in is in `submit.rs`, how it is
//! delivered in `lane/`.

use std::{
    sync::{
        Arc, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use zb_convert::EncodedVecs;
use zb_types::TableName;

use crate::{
    Closed, Error, Receipt, SenderOptions, TokenSource,
    budget::Budget,
    lane::{Lane, Line, first_stream},
    ledger::Ledger,
    lock::lock,
    observer::Observers,
    plan::Plans,
    quarantine,
    sdk::MAX_IN_FLIGHT_REQUESTS,
    shared::Shared,
    slow_down::Outcomes,
};

/// Sends the record batches of one schema to one table.
///
/// Shared by `&self`: any number of tasks may submit at once. The rows of one batch stay in their
/// order, and batches stay in the order in which [`submit`](Self::submit) was called, unless there
/// are [several streams](SenderOptions::streams).
///
/// Close it with [`close`](Self::close), which waits for what is in flight and hands back what was
/// not delivered. A sender that is dropped instead stops at once, without blocking; its open tickets
/// come back with their rows as [`unknown`](Receipt::unknown) or [`not_sent`](Receipt::not_sent).
#[must_use = "what is in flight is waited for by `close`"]
pub struct Sender {
    pub(crate) shared: Arc<Shared>,
    /// As it was handed in.
    schema: SchemaRef,
    /// Taken by one submit at a time, so that the requests of two batches do not mix. Holds the
    /// buffer that is encoded into.
    pub(crate) turn: Mutex<EncodedVecs>,
    /// None once the sender is closed.
    lanes: std::sync::Mutex<Vec<Lane>>,
    pub(crate) quarantine: Option<quarantine::Queue>,
    keeping: std::sync::Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    closing: AtomicBool,
}

impl Sender {
    /// Opens a stream to `table` for record batches of `schema`.
    ///
    /// The columns must agree with those of the table, which the service checks here and now, or fit
    /// them, where [they are known](SenderOptions::table_schemas).
    ///
    /// # Errors
    ///
    /// When the schema cannot be sent or does not fit the table, a setting is wrong, there is no token, the service refuses
    /// the stream, or no connection comes about within the bounds of the retry policy.
    pub async fn open(
        table: TableName,
        schema: &Schema,
        tokens: Arc<dyn TokenSource>,
        options: SenderOptions,
    ) -> Result<Self, Error> {
        let limit = options.check()?;
        let plans = Plans::make(&table, schema, &options).await?;
        let plan = plans.present();
        let (quarantine, keeping) = options
            .quarantine
            .clone()
            .map(|quarantine| quarantine::start(table.clone(), quarantine))
            .unzip();
        let shared = Arc::new(Shared {
            plans,
            limit,
            ledger: Ledger::default(),
            budget: Budget::new(options.max_in_flight_bytes, MAX_IN_FLIGHT_REQUESTS),
            outcomes: Arc::new(Outcomes::new(options.slow_down)),
            observers: Observers::new(table.clone(), &options.observers),
            table,
            options,
            tokens,
            again: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let mut lanes = Vec::new();
        if !shared.options.dry_run {
            for number in 0..shared.options.streams {
                let outcomes = Arc::clone(&shared.outcomes);
                let line = Arc::new(Line::new(&shared.options, outcomes));
                let stream = match number {
                    0 => Some(first_stream(&shared, &line, &plan).await?),
                    _ => None,
                };
                let plan = Arc::clone(&plan);
                lanes.push(Lane::start(
                    Arc::clone(&shared),
                    line,
                    stream,
                    plan,
                    stop.clone(),
                ));
            }
        }
        Ok(Self {
            shared,
            schema: Arc::new(schema.clone()),
            turn: Mutex::default(),
            lanes: std::sync::Mutex::new(lanes),
            quarantine,
            keeping: std::sync::Mutex::new(keeping),
            stop,
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
        &self.schema
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

    /// Waits until everything that was submitted before is durable or refused.
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

    /// Why it delivers no more, when it has failed or was closed with rows in flight.
    pub fn error(&self) -> Option<Error> {
        self.shared.ledger.error()
    }

    /// How many requests are on their way.
    pub fn in_flight(&self) -> usize {
        self.shared.ledger.in_flight()
    }

    /// Takes in no more, waits for what is in flight until `deadline` has passed, ends the streams,
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
        let turn = timeout_at(until, self.turn.lock()).await;
        let drained = timeout_at(until, shared.ledger.settled(u64::MAX)).await;
        let in_time = turn.is_ok() && drained.is_ok();
        if !in_time {
            shared.fail(&shared.closed());
            self.stop.cancel();
        }
        shared.budget.close();
        if turn.is_err() {
            // A submit that is cut off says what it has not sent, and lets go.
            let _ = timeout(CUT_OFF, self.turn.lock()).await;
        }
        drop(turn);

        // Without the ways to them the lanes come to their end.
        let lanes: Vec<_> = std::mem::take(&mut *self.lanes()).into_iter().collect();
        let tasks: Vec<_> = lanes.into_iter().map(|lane| lane.task).collect();
        let grace = timeout(GRACE, async {
            for task in tasks {
                let _ = task.await;
            }
        });
        if grace.await.is_err() {
            self.stop.cancel();
        }
        let undelivered = shared.ledger.take_undelivered();
        let keeping = self.keeping().take();
        if let Some(keeping) = keeping {
            // The queue's last end is this sender's, so the task is waited for by its batches.
            let rest = until.saturating_duration_since(Instant::now()).max(GRACE);
            let _ = timeout(rest, self.quarantine_idle()).await;
            keeping.abort();
        }
        Closed {
            error: (!undelivered.is_empty())
                .then(|| shared.ledger.error().unwrap_or_else(|| shared.closed())),
            undelivered,
        }
    }

    /// Whether batches are taken in.
    pub(crate) fn check_open(&self) -> Result<(), Error> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(self.shared.closed());
        }
        self.shared.ledger.error().map_or(Ok(()), Err)
    }

    async fn quarantine_idle(&self) {
        if let Some(queue) = &self.quarantine {
            queue.idle().await;
        }
    }

    pub(crate) fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        lock(&self.lanes)
    }

    fn keeping(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        lock(&self.keeping)
    }
}

/// How long streams with nothing in flight may take to end in good order.
const GRACE: Duration = Duration::from_secs(2);

/// A deadline that no clock can tell from none.
const FAR: Duration = Duration::from_hours(24 * 365);

/// How long a submit may take to notice that the sender is closed: no longer than it takes to
/// encode one request.
const CUT_OFF: Duration = Duration::from_millis(500);

impl Drop for Sender {
    fn drop(&mut self) {
        let in_flight = self.shared.ledger.in_flight();
        if in_flight > 0 {
            tracing::warn!(
                table = %self.shared.table, in_flight,
                "a sender was dropped and not closed; the rows in flight may or may not be stored"
            );
        }
        self.shared.fail(&self.shared.closed());
        // The lanes settle what they have, each on its own task.
        self.stop.cancel();
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
