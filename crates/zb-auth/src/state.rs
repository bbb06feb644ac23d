//! What is known of the token of one scope, and what follows from it: no I/O, no tasks.

use std::{sync::Arc, time::Duration};

use tokio::{task::AbortHandle, time::Instant};

use crate::{
    Error, Generation, Lease, Outage, Token,
    flight::{Boarding, Flight},
    retry_after::MAX_RETRY_AFTER,
    token::Life,
};

/// A token is renewed when this much of its life is left, or half of it if that is less.
const EARLY: Duration = Duration::from_mins(5);

/// With this much left, or a tenth of its life if that is less, a token may end on the way: who asks
/// waits for the next one.
const LATE: Duration = Duration::from_secs(10);

/// A token that nobody has asked for in this time, or in its life if that is longer, is let go. The
/// service closes a stream after a quarter of an hour: while there is one, somebody asks.
const UNWANTED: Duration = Duration::from_mins(20);

/// How long after a failed renewal the next one is tried: half of what is left, within bounds. What
/// was refused for good is asked again all the same, since grants come back, but not as often.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE_REFUSED: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(crate) struct State {
    kept: Option<Kept>,
    flight: Option<Flight>,
    fetched: u64,
    /// When somebody last wanted a token.
    asked: Option<Instant>,
}

struct Kept {
    lease: Lease,
    life: Life,
    /// After a failed renewal: not again before this.
    pause_until: Option<Instant>,
    /// The task that renews it.
    watch: Option<Watch>,
}

/// A task that ends with what it watches.
struct Watch(AbortHandle);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What to do for someone who wants a token now.
pub(crate) enum Step {
    Serve(Lease),
    ServeAndRenew(Lease, Boarding),
    /// Wait for the next one this long, then serve what there is.
    RenewOrServe(Lease, Duration, Boarding),
    Fetch(Boarding),
}

/// What to do for a token that is kept.
pub(crate) enum Freshness {
    Until(Instant),
    Renew(Boarding),
    Over,
}

impl Kept {
    fn renewal(&self) -> Instant {
        let early = self.life.end() - EARLY.min(self.life.span / 2);
        self.pause_until.map_or(early, |pause| early.max(pause))
    }

    fn late(&self) -> Duration {
        LATE.min(self.life.span / 10)
    }
}

impl State {
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        self.asked = Some(now);
        let Some(kept) = self.kept.as_ref().filter(|kept| now < kept.life.end()) else {
            return Step::Fetch(self.board());
        };
        let lease = kept.lease.clone();
        let left = kept.life.end() - now;
        if now < kept.renewal() {
            Step::Serve(lease)
        } else if left <= kept.late() {
            Step::RenewOrServe(lease, left / 2, self.board())
        } else {
            Step::ServeAndRenew(lease, self.board())
        }
    }

    /// For the task that keeps the token of this generation fresh.
    pub(crate) fn freshness(&mut self, generation: Generation, now: Instant) -> Freshness {
        let Some(kept) = self
            .kept
            .as_ref()
            .filter(|kept| kept.lease.generation == generation && now < kept.life.end())
        else {
            return Freshness::Over;
        };
        let due = kept.renewal();
        let unwanted = UNWANTED.max(kept.life.span);
        if now < due {
            Freshness::Until(due)
        } else if self.asked.is_none_or(|asked| now - asked > unwanted) {
            Freshness::Over
        } else {
            Freshness::Renew(self.board())
        }
    }

    /// The task that keeps the token of this generation fresh, to be ended with it.
    pub(crate) fn watch(&mut self, generation: Generation, task: AbortHandle) {
        let watch = Watch(task);
        if let Some(kept) = &mut self.kept
            && kept.lease.generation == generation
        {
            kept.watch = Some(watch);
        }
    }

    /// Joins the request under way, or begins one.
    fn board(&mut self) -> Boarding {
        if let Some(flight) = self.flight.as_ref().filter(|flight| flight.is_alive()) {
            return Boarding {
                flight: flight.clone(),
                pilot: None,
            };
        }
        let (pilot, flight) = Flight::new();
        self.flight = Some(flight.clone());
        Boarding {
            flight,
            pilot: Some(pilot),
        }
    }

    /// Ends the flight: keeps the token, if it says how long it lives.
    pub(crate) fn land(&mut self, outcome: Result<Token, Error>) -> Result<Lease, Error> {
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
            issued_at: life.map(|life| life.start),
            expires_at: token.expires_at(),
            secret: Arc::new(token.into_secret()),
        };
        self.kept = life.map(|life| Kept {
            lease: lease.clone(),
            life,
            pause_until: None,
            watch: None,
        });
        lease
    }

    fn pause(&mut self, error: &Error, now: Instant) {
        if let Some(kept) = &mut self.kept {
            let left = kept.life.end().saturating_duration_since(now);
            let longest = if error.is_transient() {
                MAX_PAUSE
            } else {
                MAX_PAUSE_REFUSED
            };
            let pause = (left / 2).clamp(MIN_PAUSE, longest);
            let asked = error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER);
            // No longer than the token lives: then there is nothing left to serve meanwhile.
            kept.pause_until = Some(now + pause.max(asked).min(left));
        }
    }

    pub(crate) fn invalidate(&mut self, refused: Generation) {
        if self
            .kept
            .as_ref()
            .is_some_and(|kept| kept.lease.generation <= refused)
        {
            self.kept = None;
        }
    }
}
