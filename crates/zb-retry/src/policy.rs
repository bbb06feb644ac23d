//! How often, how long and how far apart: the numbers of a retry, as one small copyable value.

use std::time::Duration;

use crate::{Backoff, Jitter};

/// How an operation is retried.
///
/// # Defaults
///
/// | setting | default |
/// |---|---|
/// | [base](Self::with_base) | 250 ms |
/// | [cap](Self::with_cap) | 30 s |
/// | [jitter](Self::with_jitter) | [full](Jitter::Full) |
/// | [max attempts](Self::with_max_attempts) | 8, the first one included |
/// | [deadline](Self::with_deadline) | none |
/// | [hint cap](Self::with_hint_cap) | 60 s |
///
/// ```
/// use std::time::Duration;
/// use zb_retry::Policy;
///
/// const PATIENT: Policy = Policy::new()
///     .with_max_attempts(u32::MAX)
///     .with_deadline(Duration::from_mins(10));
/// assert_eq!(PATIENT.ceiling(3), Duration::from_secs(2));
/// ```
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    base: Duration,
    cap: Duration,
    jitter: Jitter,
    max_attempts: u32,
    deadline: Option<Duration>,
    hint_cap: Duration,
}

impl Policy {
    /// The defaults listed [above](Self#defaults).
    pub const fn new() -> Self {
        Self {
            base: Duration::from_millis(250),
            cap: Duration::from_secs(30),
            jitter: Jitter::Full,
            max_attempts: 8,
            deadline: None,
            hint_cap: Duration::from_mins(1),
        }
    }

    /// One attempt and no retry.
    pub const fn once() -> Self {
        Self::new().with_max_attempts(1)
    }

    /// The longest that the first wait can be; each later one may be twice as long, up to the cap.
    /// With [decorrelated](Jitter::Decorrelated) jitter it is the shortest that any wait can be.
    pub const fn with_base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest that any wait can be that the server did not ask for.
    pub const fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// How the waits are spread.
    pub const fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// How many attempts are made in all, the first one included. Zero means one; `u32::MAX` is as
    /// good as no limit.
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The time, from the start of the first attempt, after which no attempt starts. A wait that
    /// would end later is not begun.
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The longest wait that a server may ask for. A longer hint is taken as this much, and jitter
    /// comes on top: after a hint, a wait lies between `min(hint, hint cap)` and that plus the
    /// [ceiling](Self::ceiling) of the retry. A header alone does not stop a program for a day.
    pub const fn with_hint_cap(mut self, hint_cap: Duration) -> Self {
        self.hint_cap = hint_cap;
        self
    }

    /// See [`with_base`](Self::with_base).
    pub const fn base(&self) -> Duration {
        self.base
    }

    /// See [`with_cap`](Self::with_cap).
    pub const fn cap(&self) -> Duration {
        self.cap
    }

    /// See [`with_jitter`](Self::with_jitter).
    pub const fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// See [`with_max_attempts`](Self::with_max_attempts).
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// See [`with_deadline`](Self::with_deadline).
    pub const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// See [`with_hint_cap`](Self::with_hint_cap).
    pub const fn hint_cap(&self) -> Duration {
        self.hint_cap
    }

    /// The longest that the wait before retry `n` (from 0) can be when no server asked for more:
    /// `min(cap, base * 2^n)`, or `min(cap, base * 3^(n+1))` with
    /// [decorrelated](Jitter::Decorrelated) jitter.
    pub fn ceiling(&self, n: u32) -> Duration {
        match self.jitter {
            Jitter::Full | Jitter::Equal => self.step(n),
            Jitter::Decorrelated => self.times(3_u32.checked_pow(n.saturating_add(1))),
        }
    }

    /// `min(cap, base * 2^n)`.
    pub(crate) fn step(&self, n: u32) -> Duration {
        self.times(1_u32.checked_shl(n))
    }

    /// A multiple of the base, up to the cap. Saturates: from 2^32 on, any base of a nanosecond or
    /// more is past any sensible cap.
    fn times(&self, factor: Option<u32>) -> Duration {
        let factor = factor.unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// The waits of this policy, drawn anew from the system's randomness.
    pub fn backoff(self) -> Backoff {
        Backoff::new(self)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}
