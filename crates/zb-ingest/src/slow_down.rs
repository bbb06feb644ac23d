//! Slowing down while too much goes wrong.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;
use zb_retry::{Backoff, Policy};

use crate::lock::lock;

/// When a sender holds itself back: while more than a share of its requests of late were lost with
/// their connection or refused, each further request waits first, longer every time, with full
/// jitter. Receipts [say](crate::Receipt::slowed) for how long.
///
/// A stream that the service rotates counts as lost with what was in flight, so the share that is let
/// pass is large, and little is concluded from few requests.
///
/// # Defaults
///
/// | setting | default |
/// |---|---|
/// | [`window`](Self::window) | 60 s |
/// | [`threshold`](Self::threshold) | 0.5 |
/// | [`least`](Self::least) | 100 requests |
/// | [`cap`](Self::cap) | 5 s |
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct SlowDown {
    window: Duration,
    threshold: f64,
    least: usize,
    cap: Duration,
}

/// The first wait is at most this long.
const BASE: Duration = Duration::from_millis(100);

impl SlowDown {
    /// With the defaults.
    pub fn new() -> Self {
        Self {
            window: Duration::from_mins(1),
            threshold: 0.5,
            least: 100,
            cap: Duration::from_secs(5),
        }
    }

    /// Never.
    pub fn never() -> Self {
        Self::new().threshold(1.0)
    }

    /// How far back is looked.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// Which share of the requests may fail, from 0 to 1; with 1 there is no slowing down.
    pub fn threshold(mut self, share: f64) -> Self {
        self.threshold = share;
        self
    }

    /// Of how few requests nothing is concluded.
    pub fn least(mut self, requests: usize) -> Self {
        self.least = requests;
        self
    }

    /// The longest wait before one request.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }
}

impl Default for SlowDown {
    fn default() -> Self {
        Self::new()
    }
}

/// How requests to one table have ended of late.
#[derive(Debug)]
pub(crate) struct Outcomes {
    rules: SlowDown,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// In order of time: how many ended well, and how many did not.
    seen: VecDeque<(Instant, usize, usize)>,
    backoff: Backoff,
}

/// Outcomes this close together are kept as one.
const GRAIN: Duration = Duration::from_millis(250);

impl Outcomes {
    pub(crate) fn new(rules: SlowDown) -> Self {
        let policy = Policy::new()
            .with_base(BASE)
            .with_cap(rules.cap)
            .with_max_attempts(u32::MAX);
        Self {
            rules,
            state: Mutex::new(State {
                seen: VecDeque::new(),
                backoff: policy.backoff(),
            }),
        }
    }

    pub(crate) fn well(&self, requests: usize) {
        self.note(requests, 0);
    }

    pub(crate) fn badly(&self, requests: usize) {
        self.note(0, requests);
    }

    /// How long the next request should wait.
    pub(crate) fn pause(&self) -> Duration {
        if self.rules.threshold >= 1.0 {
            return Duration::ZERO;
        }
        let mut state = self.lock();
        state.forget(self.rules.window);
        let (well, badly) = state
            .seen
            .iter()
            .fold((0, 0), |(well, badly), (_, w, b)| (well + w, badly + b));
        let all = well + badly;
        if all < self.rules.least.max(1) || badly as f64 <= self.rules.threshold * all as f64 {
            state.backoff.reset();
            return Duration::ZERO;
        }
        state.backoff.next().unwrap_or(self.rules.cap)
    }

    fn note(&self, well: usize, badly: usize) {
        let mut state = self.lock();
        let now = Instant::now();
        state.forget(self.rules.window);
        match state.seen.back_mut() {
            Some((at, w, b)) if now - *at < GRAIN => {
                *w += well;
                *b += badly;
            }
            _ => state.seen.push_back((now, well, badly)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn forget(&mut self, window: Duration) {
        let now = Instant::now();
        while let Some((at, ..)) = self.seen.front()
            && now - *at > window
        {
            self.seen.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_holds_back_while_too_much_fails_and_not_longer() {
        let rules = SlowDown::new().threshold(0.5).least(10);
        let outcomes = Outcomes::new(rules);
        outcomes.badly(9);
        assert_eq!(outcomes.pause(), Duration::ZERO, "too few to conclude from");
        outcomes.badly(1);
        let pauses: Vec<_> = (0..40).map(|_| outcomes.pause()).collect();
        assert!(pauses.iter().all(|p| *p <= Duration::from_secs(5)));
        assert!(pauses.iter().any(|p| *p > BASE), "they grow: {pauses:?}");
        advance(Duration::from_secs(30)).await;
        outcomes.well(10);
        assert_eq!(
            outcomes.pause(),
            Duration::ZERO,
            "half is not more than half"
        );
        outcomes.badly(5);
        assert!((0..20).any(|_| outcomes.pause() > Duration::ZERO));
        advance(Duration::from_secs(61)).await;
        assert_eq!(outcomes.pause(), Duration::ZERO, "all of it is long ago");
        let never = Outcomes::new(SlowDown::never());
        never.badly(1_000);
        assert_eq!(never.pause(), Duration::ZERO);
    }
}
