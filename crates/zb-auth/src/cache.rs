//! One token per scope, fetched once for all who ask, renewed before it ends.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::OnceCell, time::Instant};
use tracing::{info, warn};

use crate::{Error, Generation, Lease, Outage, Scope, Token, TokenSource, token::Life};

/// A token is renewed when this much of its life is left, or half of it if that is less.
const EARLY: Duration = Duration::from_mins(5);

/// With this much left, or a tenth of its life if that is less, a token may end on the way: who asks
/// waits for the next one.
const LATE: Duration = Duration::from_secs(10);

/// How long after a failed renewal the next one is tried.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Keeps one token per [`Scope`].
///
/// Share it in an `Arc`. All methods want to be called within a tokio runtime.
pub struct TokenCache {
    source: Arc<dyn TokenSource>,
    slots: Mutex<HashMap<Scope, Arc<Slot>>>,
}

impl TokenCache {
    /// An empty cache before `source`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            slots: Mutex::default(),
        }
    }

    /// A token for `scope` that is alive: the one kept, or a new one.
    ///
    /// # Errors
    ///
    /// Why the source has none. Everyone who waited for the same request gets the same error; the
    /// next call asks again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: another caller that waits for the same token takes over.
    pub async fn token(&self, scope: &Scope) -> Result<Lease, Error> {
        let slot = self.slot(scope);
        let step = slot.state().step();
        match step {
            Step::Serve(lease) => Ok(lease),
            Step::ServeAndRenew(lease, flight) => {
                let slot = Arc::clone(&slot);
                tokio::spawn(async move { slot.join(&flight).await });
                Ok(lease)
            }
            Step::RenewOrServe(lease, flight) => match slot.join(&flight).await {
                Err(_) if lease.is_alive() => Ok(lease),
                outcome => outcome,
            },
            Step::Fetch(flight) => slot.join(&flight).await,
        }
    }

    /// Forgets the token of `scope` that the service refused: that one and older ones, but none that
    /// was fetched since.
    pub fn invalidate(&self, scope: &Scope, refused: Generation) {
        self.slot(scope).state().invalidate(refused);
    }

    fn slot(&self, scope: &Scope) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(scope) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot {
            source: Arc::clone(&self.source),
            scope: scope.clone(),
            state: Mutex::default(),
        });
        slots.insert(scope.clone(), Arc::clone(&slot));
        slot
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

/// The token of one scope.
struct Slot {
    source: Arc<dyn TokenSource>,
    scope: Scope,
    state: Mutex<State>,
}

/// A request under way. The first to wait for it carries it out; if that one goes away, the next.
type Flight = Arc<OnceCell<Result<Lease, Error>>>;

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    async fn join(&self, flight: &Flight) -> Result<Lease, Error> {
        flight.get_or_init(|| self.fly()).await.clone()
    }

    async fn fly(&self) -> Result<Lease, Error> {
        let start = Instant::now();
        let outcome = self.source.fetch(&self.scope).await;
        let outcome = self.state().land(outcome);
        let (scope, elapsed) = (&self.scope, start.elapsed());
        match &outcome {
            Ok(lease) => info!(
                ?scope,
                generation = lease.generation.0,
                ?elapsed,
                "new token"
            ),
            Err(error) => warn!(?scope, ?elapsed, %error, "no token"),
        }
        outcome
    }
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    flight: Option<Flight>,
    fetched: u64,
}

struct Kept {
    lease: Lease,
    life: Life,
    /// After a failed renewal: not again before this.
    pause_until: Option<Instant>,
}

/// What to do for someone who wants a token now.
enum Step {
    Serve(Lease),
    ServeAndRenew(Lease, Flight),
    RenewOrServe(Lease, Flight),
    Fetch(Flight),
}

impl State {
    fn step(&mut self) -> Step {
        let now = Instant::now();
        let Some(kept) = self.kept.as_ref().filter(|kept| now < kept.life.end()) else {
            return Step::Fetch(self.join_flight());
        };
        let Life { span, .. } = kept.life;
        let left = kept.life.end() - now;
        let lease = kept.lease.clone();
        let pausing = kept.pause_until.is_some_and(|until| now < until);
        if left > EARLY.min(span / 2) || pausing {
            Step::Serve(lease)
        } else if left <= LATE.min(span / 10) {
            Step::RenewOrServe(lease, self.join_flight())
        } else if self.flight.is_some() {
            Step::Serve(lease)
        } else {
            Step::ServeAndRenew(lease, self.join_flight())
        }
    }

    fn join_flight(&mut self) -> Flight {
        Arc::clone(self.flight.get_or_insert_default())
    }

    /// Ends the flight: keeps the token, if it says how long it lives.
    fn land(&mut self, outcome: Result<Token, Error>) -> Result<Lease, Error> {
        self.flight = None;
        let now = Instant::now();
        let token = outcome.and_then(|token| match token.life() {
            Some(life) if life.end() <= now => Err(Error::outage(Outage::ExpiredOnArrival)),
            _ => Ok(token),
        });
        match token {
            Ok(token) => Ok(self.keep(token)),
            Err(error) => {
                self.pause(&error, now);
                Err(error)
            }
        }
    }

    fn keep(&mut self, token: Token) -> Lease {
        self.fetched += 1;
        let life = token.life();
        let lease = Lease {
            generation: Generation(self.fetched),
            expires_at: token.expires_at(),
            secret: Arc::new(token.into_secret()),
        };
        self.kept = life.map(|life| Kept {
            lease: lease.clone(),
            life,
            pause_until: None,
        });
        lease
    }

    fn pause(&mut self, error: &Error, now: Instant) {
        if let Some(kept) = &mut self.kept {
            let left = kept.life.end().saturating_duration_since(now);
            let pause = (left / 2).clamp(MIN_PAUSE, MAX_PAUSE);
            let asked = error.retry_after().unwrap_or_default();
            // No longer than the token lives: then there is nothing left to serve meanwhile.
            kept.pause_until = Some(now + pause.max(asked).min(left));
        }
    }

    fn invalidate(&mut self, refused: Generation) {
        if self
            .kept
            .as_ref()
            .is_some_and(|kept| kept.lease.generation <= refused)
        {
            self.kept = None;
        }
    }
}

/// No code panics while holding these locks, and each state is whole between two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
