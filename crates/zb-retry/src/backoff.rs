//! The waits between attempts, as an iterator: testable without a clock.

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng};

use crate::Policy;

/// The waits of a [`Policy`], one for each retry that it allows.
///
/// How long each is, the policy's [`Jitter`](crate::Jitter) says. The iterator ends when the attempts
/// are used up, or when the next wait would bring the sum of all waits past the deadline. It has no
/// clock: [`retry`](crate::retry()) counts the time of the attempts too.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: Policy,
    retries: u32,
    waited: Duration,
    /// What was drawn last, without what a server asked for on top.
    drawn: Duration,
    rng: StdRng,
}

impl Backoff {
    /// Waits drawn from the system's randomness.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self::with_rng(policy, StdRng::from_rng(&mut rand::rng()))
    }

    /// Waits that are the same every time for the same seed and the same build.
    #[must_use]
    pub fn seeded(policy: Policy, seed: u64) -> Self {
        Self::with_rng(policy, StdRng::seed_from_u64(seed))
    }

    fn with_rng(policy: Policy, rng: StdRng) -> Self {
        Self {
            policy,
            retries: 0,
            waited: Duration::ZERO,
            drawn: policy.base(),
            rng,
        }
    }

    /// The next wait when the server asked for one: the hint, no longer than the policy's
    /// [hint cap](Policy::with_hint_cap), plus this retry's jitter, so that clients given the same
    /// hint do not return together.
    pub fn next_after(&mut self, hint: Duration) -> Option<Duration> {
        self.next_wait(hint.min(self.policy.hint_cap()))
    }

    /// How many waits were handed out since the start or the last [reset](Self::reset).
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// Starts again from the base, as after progress. The randomness goes on: no wait is repeated.
    pub fn reset(&mut self) {
        self.retries = 0;
        self.waited = Duration::ZERO;
        self.drawn = self.policy.base();
    }

    /// The policy that the waits come from.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    fn next_wait(&mut self, floor: Duration) -> Option<Duration> {
        // The first attempt needs no wait.
        if self.retries >= self.policy.max_attempts() - 1 {
            return None;
        }
        let jitter = self.policy.jitter();
        let drawn = jitter.draw(&self.policy, self.retries, self.drawn, &mut self.rng);
        let wait = floor.saturating_add(drawn);
        let waited = self.waited.saturating_add(wait);
        if self.policy.deadline().is_some_and(|limit| waited > limit) {
            return None;
        }
        self.retries += 1;
        self.waited = waited;
        self.drawn = drawn;
        Some(wait)
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.next_wait(Duration::ZERO)
    }
}
