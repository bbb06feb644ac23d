//! The token of one scope: the tasks that fetch it and keep it fresh.

use std::{
    sync::{Arc, Mutex, MutexGuard, Weak},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};
use tracing::{Instrument as _, info, warn};

use crate::{
    Error, Generation, Outage, Scope, TokenSource,
    flight::{Boarding, Flight, Outcome, Pilot},
    lock::lock,
    state::{Freshness, State},
};

/// The token of one scope.
pub(crate) struct Slot {
    source: Arc<dyn TokenSource>,
    scope: Scope,
    time_limit: Duration,
    state: Mutex<State>,
}

impl Slot {
    pub(crate) fn new(source: Arc<dyn TokenSource>, scope: Scope, time_limit: Duration) -> Self {
        Self {
            source,
            scope,
            time_limit,
            state: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Sees to it that the request is under way. It is a task of its own, so that a caller who goes
    /// away does not take it along.
    ///
    /// Never to be called with the state locked: a runtime that shuts down drops the task at once.
    pub(crate) fn board(self: &Arc<Self>, boarding: Boarding) -> Flight {
        if let Some(pilot) = boarding.pilot {
            let slot = Arc::clone(self);
            tokio::spawn(async move { slot.fly(pilot).await }.in_current_span());
        }
        boarding.flight
    }

    async fn fly(self: Arc<Self>, pilot: Pilot) {
        let start = Instant::now();
        let fetched = timeout(self.time_limit, self.source.fetch(&self.scope)).await;
        let after = self.time_limit;
        let fetched = fetched.unwrap_or_else(|_| Err(Error::outage(Outage::Slow { after })));
        let outcome = self.state().land(fetched);
        self.report(&outcome, start.elapsed());
        if let Ok(lease) = &outcome
            && lease.expires_at.is_some()
        {
            let task = tokio::spawn(keep_fresh(Arc::downgrade(&self), lease.generation));
            self.state().watch(lease.generation, task.abort_handle());
        }
        pilot.land(outcome);
    }

    fn report(&self, outcome: &Outcome, elapsed: Duration) {
        let scope = &self.scope;
        match outcome {
            Ok(lease) => {
                let generation = lease.generation.0;
                let lives = lease.expires_at.map(|end| end - Instant::now());
                info!(?scope, generation, ?lives, ?elapsed, "new token");
            }
            Err(error) => warn!(?scope, ?elapsed, %error, "no token"),
        }
    }
}

/// Renews a token when it is time, and again after a failure, until there is another one, it has
/// ended, or nobody wants it. While it waits it keeps nothing alive.
async fn keep_fresh(slot: Weak<Slot>, generation: Generation) {
    while let Some(slot) = slot.upgrade() {
        let freshness = slot.state().freshness(generation, Instant::now());
        match freshness {
            Freshness::Until(due) => {
                drop(slot);
                sleep_until(due).await;
            }
            Freshness::Renew(boarding) => {
                let flight = slot.board(boarding);
                drop(slot);
                // If it failed, the next look says how long to pause.
                let _ = flight.landed().await;
            }
            Freshness::Over => return,
        }
    }
}
