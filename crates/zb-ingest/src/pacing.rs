//! How fast connections may be opened: full jitter by progress of acknowledgements.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;
use zb_retry::{Backoff, Budget, Policy, Reservation};

use crate::lock::lock;

/// A connection that has lived this long with nothing to acknowledge was good.
const GOOD_AFTER: Duration = Duration::from_mins(2);

/// Paces the attempts to connect of one stream.
///
/// Attempts are counted since the last acknowledgement, or since the sender was opened, and not
/// since the last reconnect: a service that accepts every stream and then fails it is backed off
/// from like one that is down.
#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    policy: Policy,
    budget: Option<Budget>,
}

#[derive(Debug)]
struct State {
    backoff: Backoff,
    attempts: u32,
    /// Whether an attempt was refused since the last progress.
    spent: bool,
    /// Of the attempts that are counted.
    first: Instant,
    last: Instant,
}

/// Leave to open a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which attempt it is since the last progress, from 1.
    pub(crate) attempt: u32,
    /// How long to wait before it.
    pub(crate) wait: Duration,
}

impl Pace {
    pub(crate) fn new(policy: Policy, budget: Option<Budget>) -> Self {
        Self::with(policy, policy.backoff(), budget)
    }

    fn with(policy: Policy, backoff: Backoff, budget: Option<Budget>) -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                backoff,
                attempts: 0,
                spent: false,
                first: now,
                last: now,
            }),
            policy,
            budget,
        }
    }

    /// Leave for the next attempt; `None` when the policy allows no more. `idle` says that no row
    /// waits for its acknowledgement.
    pub(crate) fn turn(&self, idle: bool) -> Option<Turn> {
        let mut state = self.lock();
        let now = Instant::now();
        if idle && now - state.last > GOOD_AFTER {
            state.reset();
        }
        let wait = if state.attempts == 0 {
            state.first = now;
            Some(Duration::ZERO)
        } else {
            state.backoff.next()
        };
        let within = |wait: &Duration| {
            let spent = (now + *wait) - state.first;
            self.policy.deadline().is_none_or(|limit| spent <= limit)
        };
        let wait = wait.filter(within);
        // The first attempt after a success is free: whoever has nothing left finds out by it
        // whether the service is back.
        let paid = match &self.budget {
            Some(budget) if wait.is_some() && state.attempts > 0 => {
                budget.reserve().map(Reservation::spend).is_some()
            }
            _ => true,
        };
        let Some(wait) = wait.filter(|_| paid) else {
            state.spent = true;
            return None;
        };
        state.attempts += 1;
        state.last = now + wait;
        Some(Turn {
            attempt: state.attempts,
            wait,
        })
    }

    /// Rows were acknowledged, or the sender was opened: the next loss starts a new count.
    pub(crate) fn progress(&self) {
        self.lock().reset();
    }

    /// A request was acknowledged, which earns the budget a part of a retry.
    pub(crate) fn succeeded(&self) {
        if let Some(budget) = &self.budget {
            budget.succeeded();
        }
    }

    /// Whether the policy has refused an attempt, or will refuse the next one.
    pub(crate) fn is_spent(&self) -> bool {
        let state = self.lock();
        state.spent || state.attempts >= self.policy.max_attempts()
    }

    /// Whether the policy has refused an attempt, so that the last error says just that.
    pub(crate) fn has_refused(&self) -> bool {
        self.lock().spent
    }

    /// How many attempts are counted, and since when.
    pub(crate) fn spent(&self) -> (u32, Duration) {
        let state = self.lock();
        (state.attempts, state.first.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn reset(&mut self) {
        self.attempts = 0;
        self.spent = false;
        self.backoff.reset();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn pace(policy: Policy) -> Pace {
        Pace::with(policy, Backoff::seeded(policy, 7), None)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_attempt_is_free_and_the_next_ones_wait_within_their_ceiling() {
        let policy = Policy::new()
            .with_base(Duration::from_millis(100))
            .with_cap(Duration::from_secs(1))
            .with_max_attempts(6);
        let pace = pace(policy);
        for attempt in 1..=6 {
            let turn = pace.turn(false).unwrap();
            assert_eq!(turn.attempt, attempt);
            if attempt == 1 {
                assert_eq!(turn.wait, Duration::ZERO);
            } else {
                assert!(turn.wait <= policy.ceiling(attempt - 2), "{turn:?}");
            }
        }
        assert_eq!(pace.turn(false), None, "attempts are spent");
        assert_eq!(pace.spent().0, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_acknowledgement_or_a_long_life_starts_a_new_count() {
        let pace = pace(Policy::new().with_max_attempts(2));
        assert!(
            pace.turn(false).is_some() && pace.turn(false).is_some() && pace.turn(false).is_none()
        );
        pace.progress();
        assert_eq!(pace.turn(false).unwrap().attempt, 1);
        assert_eq!(pace.turn(false).unwrap().attempt, 2);
        advance(GOOD_AFTER + Duration::from_mins(1)).await;
        assert_eq!(pace.turn(false), None, "a silent service is not a good one");
        assert_eq!(pace.turn(true).unwrap().attempt, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn senders_that_share_a_budget_share_its_retries() {
        let policy = Policy::new().with_max_attempts(100);
        let budget = Budget::new(3).with_successes_per_retry(2);
        let [a, b] = [(); 2].map(|()| Pace::new(policy, Some(budget.clone())));
        let free = [a.turn(false), b.turn(false)];
        assert!(free.iter().all(Option::is_some), "the first ones are free");
        assert!(a.turn(false).is_some() && b.turn(false).is_some() && a.turn(false).is_some());
        assert_eq!(b.turn(false), None, "three retries in all");
        assert!(b.has_refused() && !a.has_refused());
        a.succeeded();
        assert_eq!(a.turn(false), None, "one success is half a retry");
        b.succeeded();
        assert!(b.turn(false).is_some());
        a.progress();
        assert!(a.turn(false).is_some(), "the first after a success is free");
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_ends_it_before_the_wait_that_would_pass_it() {
        let policy = Policy::new()
            .with_max_attempts(1_000)
            .with_deadline(Duration::from_secs(10));
        let pace = pace(policy);
        while let Some(turn) = pace.turn(false) {
            advance(turn.wait + Duration::from_millis(500)).await;
            assert!(pace.spent().1 <= Duration::from_millis(10_500));
        }
        assert!(pace.spent().0 > 1);
    }
}
