//! What a lane and the hook of its streams share.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
};

use tokio::time::Instant;

use crate::{SenderOptions, pacing::Pace, slow_down::Outcomes};

/// The connections of a lane, one after another.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) pace: Pace,
    outcomes: Arc<Outcomes>,
    connected_before: AtomicBool,
    losses: AtomicU32,
    in_flight: AtomicUsize,
    sign_of_life: Mutex<Instant>,
}

impl Line {
    pub(crate) fn new(options: &SenderOptions, outcomes: Arc<Outcomes>) -> Self {
        Self {
            pace: Pace::new(options.retry, options.retry_budget.clone()),
            outcomes,
            connected_before: AtomicBool::new(false),
            losses: AtomicU32::new(0),
            in_flight: AtomicUsize::new(0),
            sign_of_life: Mutex::new(Instant::now()),
        }
    }

    /// How many connections went down so far. Asked for before a request is handed over: the one
    /// that it goes out on may be lost before it is noted.
    pub(crate) fn losses(&self) -> u32 {
        self.losses.load(Ordering::SeqCst)
    }

    /// A connection went down: what is in flight may be stored twice.
    pub(crate) fn lost(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
        self.outcomes.badly(self.in_flight());
    }

    /// A connection is attempted; says whether one was before.
    pub(crate) fn connecting(&self) -> bool {
        self.connected_before.swap(true, Ordering::SeqCst)
    }

    /// How many requests are in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn set_in_flight(&self, requests: usize) {
        self.in_flight.store(requests, Ordering::SeqCst);
    }

    /// Rows were acknowledged: the next loss starts a new count.
    pub(crate) fn progress(&self) {
        self.pace.progress();
        self.alive();
    }

    /// Something happened that gives the service its time anew.
    pub(crate) fn alive(&self) {
        *self.lock() = Instant::now();
    }

    /// When that was last.
    pub(crate) fn sign_of_life(&self) -> Instant {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.sign_of_life
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
