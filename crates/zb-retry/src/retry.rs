//! The loop: attempt, verdict, wait, again.

use std::{fmt, marker::PhantomData, pin::Pin, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{Backoff, Budget, Error, ErrorKind, Policy, Reservation, Retryable, Verdict};

/// Runs `operation` until it succeeds, fails for good, or the policy is used up.
///
/// Await what this returns. What is retried is decided by the error's [`Retryable`], or by
/// [`Retry::when`].
///
/// # Errors
///
/// [`Error`] with the last cause and the reason why no further attempt was made.
///
/// # Cancel safety
///
/// Dropping the future drops the attempt that is running, or ends the wait. Nothing runs on.
pub fn retry<'a, F, Fut, T, E>(policy: Policy, operation: F) -> Retry<'a, F, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    Retry {
        operation,
        backoff: policy.backoff(),
        classify: ByTrait(PhantomData),
        budget: None,
        hooks: Vec::new(),
    }
}

/// An operation with its policy, ready to be awaited. Made by [`retry`].
#[must_use = "nothing runs until it is awaited"]
pub struct Retry<'a, F, E, C = ByTrait<E>> {
    operation: F,
    backoff: Backoff,
    classify: C,
    budget: Option<Budget>,
    hooks: Vec<Hook<'a, E>>,
}

type Hook<'a, E> = Box<dyn FnMut(&Failure<'_, E>) + Send + 'a>;

impl<'a, F, E, C> Retry<'a, F, E, C> {
    /// Decides what is retried: from each error a [`Verdict`], or a `bool` that is true for "again".
    pub fn when<G, V>(self, classify: G) -> Retry<'a, F, E, When<G>>
    where
        G: FnMut(&E) -> V,
        V: Into<Verdict>,
    {
        Retry {
            operation: self.operation,
            backoff: self.backoff,
            classify: When(classify),
            budget: self.budget,
            hooks: self.hooks,
        }
    }

    /// Calls `hook` after each failure that will be retried, before the wait. Several hooks are
    /// called in turn.
    pub fn notify(mut self, hook: impl FnMut(&Failure<'_, E>) + Send + 'a) -> Self {
        self.hooks.push(Box::new(hook));
        self
    }

    /// Takes each retry out of `budget`, which success refills. Without one, only the policy bounds
    /// the retries.
    pub fn budget(mut self, budget: &Budget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Makes the waits the same every time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.backoff = Backoff::seeded(self.backoff.policy(), seed);
        self
    }
}

impl<'a, F, Fut, T, E, C> IntoFuture for Retry<'a, F, E, C>
where
    F: FnMut() -> Fut + Send + 'a,
    Fut: Future<Output = Result<T, E>> + Send + 'a,
    T: Send + 'a,
    E: Send + Sync + 'a,
    C: Classify<E> + Send + 'a,
{
    type Output = Result<T, Error<E>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<F, E, C> Retry<'_, F, E, C> {
    /// What awaiting does, for an operation that cannot leave its thread: the future is not boxed,
    /// and is `Send` only if the operation is.
    ///
    /// # Errors
    ///
    /// As [`retry`].
    pub async fn run<Fut, T>(mut self) -> Result<T, Error<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        C: Classify<E>,
    {
        let start = Instant::now();
        let mut attempt: u32 = 0;
        loop {
            attempt = attempt.saturating_add(1);
            let error = match (self.operation)().await {
                Ok(value) => {
                    if let Some(budget) = &self.budget {
                        budget.succeeded();
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            let elapsed = start.elapsed();
            let give_up = |kind, error| Err(Error::new(kind, attempt, elapsed, error));
            let again = match self.again(attempt, elapsed, &error) {
                Ok(again) => again,
                Err(kind) => return give_up(kind, error),
            };
            for hook in &mut self.hooks {
                hook(&Failure {
                    attempt,
                    error: &error,
                    wait: again.wait,
                    hint: again.hint,
                    elapsed,
                });
            }
            sleep(again.wait).await;
            // A timer may be late, by the sleep of a laptop for one.
            let deadline = self.backoff.policy().deadline();
            if deadline.is_some_and(|deadline| start.elapsed() > deadline) {
                return give_up(ErrorKind::Deadline, error);
            }
            if let Some(reservation) = again.reservation {
                reservation.spend();
            }
        }
    }

    /// How the next attempt is made, or why there is none.
    fn again(&mut self, attempt: u32, elapsed: Duration, error: &E) -> Result<Again, ErrorKind>
    where
        C: Classify<E>,
    {
        let policy = self.backoff.policy();
        let hint = match self.classify.verdict(error) {
            Verdict::Stop => return Err(ErrorKind::Permanent),
            Verdict::Retry => None,
            Verdict::RetryAfter(hint) => Some(hint),
        };
        if attempt >= policy.max_attempts() {
            return Err(ErrorKind::Attempts);
        }
        let wait = match hint {
            None => self.backoff.next(),
            Some(hint) => self.backoff.next_after(hint),
        };
        // The attempts are counted above, so the waits end at nothing but the deadline.
        let wait = wait.ok_or(ErrorKind::Deadline)?;
        if let Some(deadline) = policy.deadline()
            && elapsed.saturating_add(wait) > deadline
        {
            return Err(ErrorKind::Deadline);
        }
        let reservation = match &self.budget {
            None => None,
            Some(budget) => Some(budget.reserve().ok_or(ErrorKind::Budget)?),
        };
        Ok(Again {
            wait,
            hint,
            reservation,
        })
    }
}

/// An attempt that will be made.
struct Again {
    wait: Duration,
    hint: Option<Duration>,
    reservation: Option<Reservation>,
}

impl<F, E, C> fmt::Debug for Retry<'_, F, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.backoff.policy())
            .finish_non_exhaustive()
    }
}

/// A failed attempt that will be followed by another one.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure<'a, E> {
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// What it failed with.
    pub error: &'a E,
    /// The wait before the next attempt.
    pub wait: Duration,
    /// What the server asked for, if it did: all of it, though the wait has at most the policy's
    /// [hint cap](Policy::with_hint_cap) of it.
    pub hint: Option<Duration>,
    /// The time since the start of the first attempt.
    pub elapsed: Duration,
}

/// Decides by the error's own [`Retryable`]: what a [`Retry`] does unless told otherwise.
#[derive(Debug)]
pub struct ByTrait<E>(PhantomData<fn(E)>);

/// Decides by a closure: see [`Retry::when`].
pub struct When<G>(G);

impl<G> fmt::Debug for When<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("When(..)")
    }
}

/// The two ways to a verdict, behind one name so that [`Retry`] needs one parameter for both.
pub trait Classify<E> {
    /// What to do about an error.
    fn verdict(&mut self, error: &E) -> Verdict;
}

impl<E: Retryable> Classify<E> for ByTrait<E> {
    fn verdict(&mut self, error: &E) -> Verdict {
        error.verdict()
    }
}

impl<E, G, V> Classify<E> for When<G>
where
    G: FnMut(&E) -> V,
    V: Into<Verdict>,
{
    fn verdict(&mut self, error: &E) -> Verdict {
        (self.0)(error).into()
    }
}
