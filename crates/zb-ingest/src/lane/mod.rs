//! A lane: one stream at a time, the requests on it, and what is done when it is lost.
//!
//! Requests come in through a queue. `flow.rs` has them handed to the stream (`handing.rs`) and settled
//! as they are acknowledged (`settling.rs`). When the stream is lost, `verdict.rs` says what that means,
//! and the requests go out again on another one (`opening.rs`), or `isolation.rs` finds the rows that
//! the service refuses.

mod flow;
mod handing;
mod isolation;
mod line;
mod opening;
mod settling;
mod verdict;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) use line::Line;
pub(crate) use opening::first_stream;

use crate::{Error, plan::Plan, records::Payload, request::Request, sdk::Stream, shared::Shared};
use verdict::{Attempts, Lost};

/// A request and its records, which are handed over once; sent again, they are encoded again.
pub(crate) struct Queued {
    pub(crate) request: Request,
    /// What they were encoded by.
    pub(crate) plan: Arc<Plan>,
    pub(crate) payload: Payload,
}

/// The way to a lane.
pub(crate) struct Lane {
    queue: mpsc::UnboundedSender<Queued>,
    waiting: Arc<AtomicUsize>,
    pub(crate) task: JoinHandle<()>,
}

impl Lane {
    /// Starts a lane; the first has a stream already, the others open theirs when they need one.
    pub(crate) fn start(
        shared: Arc<Shared>,
        line: Arc<Line>,
        stream: Option<Stream>,
        plan: Arc<Plan>,
        stop: CancellationToken,
    ) -> Self {
        let (queue, receiver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let delivery = Delivery {
            shared,
            line,
            queue: receiver,
            waiting: Arc::clone(&waiting),
            stream,
            plan,
            in_flight: VecDeque::new(),
            lost: "",
            attempts: Attempts::default(),
        };
        let task = tokio::spawn(delivery.run(stop));
        Self {
            queue,
            waiting,
            task,
        }
    }

    /// Hands a request over; one that comes too late is given back.
    pub(crate) fn put(&self, queued: Queued) -> Result<(), Box<Queued>> {
        self.waiting
            .fetch_add(queued.request.bytes, Ordering::Relaxed);
        self.queue
            .send(queued)
            .map_err(|refused| Box::new(refused.0))
    }

    /// How many bytes are on their way here.
    pub(crate) fn bytes(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// What runs a lane.
struct Delivery {
    shared: Arc<Shared>,
    line: Arc<Line>,
    queue: mpsc::UnboundedReceiver<Queued>,
    waiting: Arc<AtomicUsize>,
    stream: Option<Stream>,
    /// What the present stream takes, or the last one took.
    plan: Arc<Plan>,
    /// Oldest first.
    in_flight: VecDeque<Request>,
    /// What kind of loss the last one was.
    lost: &'static str,
    /// Those since the last acknowledgement.
    attempts: Attempts,
}

impl Delivery {
    async fn run(mut self, stop: CancellationToken) {
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err(self.shared.closed()),
            ended = self.deliver() => ended,
        };
        match ended {
            Ok(()) => {
                if let Some(stream) = self.stream.take() {
                    // Nothing is in flight: the stream may end in good order, or be cut off.
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = stream.close() => {}
                    }
                }
            }
            Err(error) => self.give_up(&error),
        }
    }

    /// Delivers until the queue has ended and nothing is in flight.
    async fn deliver(&mut self) -> Result<(), Error> {
        loop {
            let Err(lost) = self.flow().await else {
                return Ok(());
            };
            self.settle_acknowledged().await;
            if let Some(status) = self.take_verdict(lost)?
                && !self.has_another_plan().await?
            {
                self.isolate(status).await?;
            }
        }
    }

    /// Whether the table wants other rows than the last stream took. Then no row is to blame for what
    /// the service has refused; where none fits any more, the error says so.
    async fn has_another_plan(&mut self) -> Result<bool, Error> {
        match self.shared.plans.renew().await {
            Ok(plan) => Ok(!Arc::ptr_eq(&plan, &self.plan)),
            Err(error) => {
                let opening = true;
                self.take_verdict(Lost { error, opening })?;
                Ok(true)
            }
        }
    }

    /// Gives up what is in flight, and everything that comes after.
    fn give_up(&mut self, error: &Error) {
        let first = self.shared.fail(error);
        self.stream = None;
        self.queue.close();
        for request in self.in_flight.drain(..) {
            request.give_up(&self.shared.ledger, &first);
        }
        while let Ok(queued) = self.queue.try_recv() {
            queued.request.give_up(&self.shared.ledger, &first);
        }
    }
}

impl Drop for Delivery {
    /// When the task is cut off, or panics, which only an observer can bring about: nobody shall
    /// wait for rows that nobody settles.
    fn drop(&mut self) {
        let error = if std::thread::panicking() {
            Error::Internal {
                table: self.shared.table.clone(),
                problem: "an observer panicked".to_owned(),
            }
        } else if self.in_flight.is_empty() && self.queue.is_empty() {
            return;
        } else {
            self.shared.closed()
        };
        self.give_up(&error);
    }
}
