//! Patience for any source: transient failures again, at a pace that the caller brings along.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use tokio::time::sleep;
use tracing::debug;

use crate::{Error, Scope, Token, TokenSource, retry_after::MAX_RETRY_AFTER};

/// Asks a source again after [transient](Error::is_transient) failures: HTTP 408, 429 and 5xx, a
/// connection that was refused, reset or cut, an answer that did not come in time.
///
/// The pace is any iterator of waits, made anew for each request; when it ends, the last failure is
/// the answer. A server's `Retry-After`, up to a minute of it, comes on top of the next wait. Waits
/// want to be random, so that clients which failed together do not come back together: the backoffs
/// of the crates `zb-retry` (`|| policy.backoff()`) and `backon` are such iterators.
///
/// ```
/// use std::time::Duration;
/// use zb_auth::{ClientCredentials, Retrying, Secret, TokenCache};
///
/// # fn main() -> Result<(), zb_auth::Error> {
/// let credentials = ClientCredentials::builder("https://h.com", "id", Secret::from("s"), "1").build()?;
/// let twice = || [Duration::from_secs(1), Duration::from_secs(2)].into_iter();
/// let tokens = TokenCache::new(Retrying::new(credentials, twice));
/// # Ok(())
/// # }
/// ```
pub struct Retrying<S> {
    source: S,
    waits: Waits,
}

type Waits = Box<dyn Fn() -> Box<dyn Iterator<Item = Duration> + Send> + Send + Sync>;

impl<S> Retrying<S> {
    /// Asks `source`, and again after each of `waits()`.
    pub fn new<I>(source: S, waits: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: Iterator<Item = Duration> + Send + 'static,
    {
        Self {
            source,
            waits: Box::new(move || Box::new(waits())),
        }
    }
}

#[async_trait]
impl<S: TokenSource> TokenSource for Retrying<S> {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        let mut waits = (self.waits)();
        loop {
            let error = match self.source.fetch(scope).await {
                Err(error) if error.is_transient() => error,
                outcome => return outcome,
            };
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            let hint = error.retry_after().unwrap_or_default().min(MAX_RETRY_AFTER);
            let wait = wait.saturating_add(hint);
            debug!(?scope, ?wait, %error, "no token yet");
            sleep(wait).await;
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Retrying<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
