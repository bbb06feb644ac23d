//! The loop: attempt, verdict, wait, again.

use std::{fmt, marker::PhantomData, pin::Pin, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{Backoff, Error, ErrorKind, Policy, Retryable, Verdict};

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
        notify: None,
    }
}

/// An operation with its policy, ready to be awaited. Made by [`retry`].
#[must_use = "nothing runs until it is awaited"]
pub struct Retry<'a, F, E, C = ByTrait<E>> {
    operation: F,
    backoff: Backoff,
    classify: C,
    notify: Option<Notify<'a, E>>,
}

type Notify<'a, E> = Box<dyn FnMut(&Failure<'_, E>) + Send + 'a>;

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
            notify: self.notify,
        }
    }

    /// Calls `hook` after each failure that will be retried, before the wait.
    pub fn notify(mut self, hook: impl FnMut(&Failure<'_, E>) + Send + 'a) -> Self {
        self.notify = Some(Box::new(hook));
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
    async fn run<Fut, T>(mut self) -> Result<T, Error<E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        C: Classify<E>,
    {
        let policy = self.backoff.policy();
        let start = Instant::now();
        let mut attempt: u32 = 0;
        loop {
            attempt = attempt.saturating_add(1);
            let error = match (self.operation)().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let elapsed = start.elapsed();
            let give_up = |kind, error| Err(Error::new(kind, attempt, elapsed, error));
            let wait = match self.classify.verdict(&error) {
                Verdict::Stop => return give_up(ErrorKind::Permanent, error),
                _ if attempt >= policy.max_attempts() => {
                    return give_up(ErrorKind::Attempts, error);
                }
                Verdict::Retry => self.backoff.next(),
                Verdict::RetryAfter(hint) => self.backoff.next_after(hint),
            };
            let in_time = |wait: &Duration| match policy.deadline() {
                Some(deadline) => elapsed.saturating_add(*wait) <= deadline,
                None => true,
            };
            let Some(wait) = wait.filter(in_time) else {
                return give_up(ErrorKind::Deadline, error);
            };
            if let Some(notify) = &mut self.notify {
                notify(&Failure {
                    attempt,
                    error: &error,
                    wait,
                    elapsed,
                });
            }
            drop(error);
            sleep(wait).await;
        }
    }
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
