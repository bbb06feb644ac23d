//! Where in its interval a wait lies: the three kinds of jitter, as AWS defines them.

use std::time::Duration;

use rand::Rng;

use crate::Policy;

/// How the waits of a [`Policy`] are spread.
///
/// With `uniform(a, b)` for a draw between `a` and `b`, both included, and `step(n)` for
/// `min(cap, base * 2^n)`, retry `n` (from 0) waits:
///
/// | jitter | wait | which is good for |
/// |---|---|---|
/// | [full](Self::Full) | `uniform(0, step(n))` | the least load on whoever is asked |
/// | [equal](Self::Equal) | `step(n) / 2 + uniform(0, step(n) / 2)` | a pause that is never next to nothing |
/// | [decorrelated](Self::Decorrelated) | `min(cap, uniform(base, 3 * previous))` | waits that grow by what was waited, not by a count |
///
/// These are the definitions of [Exponential Backoff and Jitter]. There is none without jitter:
/// clients that failed together would come back together.
///
/// ```
/// use std::time::Duration;
/// use zb_retry::{Jitter, Policy};
///
/// let policy = Policy::new().with_jitter(Jitter::Equal).with_base(Duration::from_secs(1));
/// let first = policy.backoff().next().unwrap();
/// assert!(first >= Duration::from_millis(500) && first <= Duration::from_secs(1));
/// ```
///
/// [Exponential Backoff and Jitter]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Jitter {
    /// Anything from nothing to the whole step: what a policy does unless told otherwise.
    #[default]
    Full,
    /// Half of the step, and anything from nothing to the other half.
    Equal,
    /// Anything from the base to three times the wait before, which is the base at first. What is
    /// over the cap becomes the cap.
    Decorrelated,
}

impl Jitter {
    /// The wait of retry `n`, after a wait of `previous`.
    pub(crate) fn draw(
        self,
        policy: &Policy,
        n: u32,
        previous: Duration,
        rng: &mut impl Rng,
    ) -> Duration {
        let mut uniform = |low, high| uniform(low, high, rng);
        match self {
            Self::Full => uniform(Duration::ZERO, policy.step(n)),
            Self::Equal => {
                let step = policy.step(n);
                uniform(step / 2, step)
            }
            Self::Decorrelated => {
                uniform(policy.base(), previous.saturating_mul(3)).min(policy.cap())
            }
        }
    }
}

/// Uniform between the two, both included, to the nanosecond. A `high` under `low` counts as `low`:
/// three times a small cap may be under the base.
fn uniform(low: Duration, high: Duration, rng: &mut impl Rng) -> Duration {
    // u64 nanoseconds reach 584 years.
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (low, high) = (nanos(low), nanos(high));
    Duration::from_nanos(rng.random_range(low..=high.max(low)))
}
