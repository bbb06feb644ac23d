//! One token per scope, fetched once for all who ask, renewed before it ends.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, timeout};

use crate::{Error, Generation, Lease, Scope, TokenSource, lock::lock, slot::Slot, state::Step};

/// A source that does not answer must not hold everyone for ever. Longer than any patient source
/// needs: three attempts of 20 s each, and twice a minute that the server asked for.
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// Keeps one token per [`Scope`].
///
/// Share it in an `Arc`. All methods want to be called within a tokio runtime.
///
/// A token whose life is known is renewed in the background when five minutes of it are left, or
/// half of it if that is less, whether somebody asks just then or not. One that nobody has asked for
/// in twenty minutes (or in its whole life, if that is longer) is let go. Dropping the cache ends the
/// renewals.
pub struct TokenCache {
    source: Arc<dyn TokenSource>,
    time_limit: Duration,
    slots: Mutex<HashMap<Scope, Arc<Slot>>>,
}

impl TokenCache {
    /// An empty cache before `source`.
    pub fn new(source: impl TokenSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            time_limit: TIME_LIMIT,
            slots: Mutex::default(),
        }
    }

    /// How long one [`fetch`](TokenSource::fetch) of the source may take, its retries included.
    /// Default: five minutes.
    #[must_use]
    pub fn with_time_limit(self, time_limit: Duration) -> Self {
        Self {
            source: self.source,
            time_limit,
            slots: Mutex::default(),
        }
    }

    /// A token for `scope` that is alive: the one kept, or a new one.
    ///
    /// Nobody waits while there is one with more than ten seconds left (or a tenth of its life, if
    /// that is less). After that, who asks waits for the next one, but no longer than half of what
    /// is left.
    ///
    /// # Errors
    ///
    /// Why the source has none. Everyone who waited for the same request gets the same error; the
    /// next call asks again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe: the request goes on, for others and for the next call.
    pub async fn token(&self, scope: &Scope) -> Result<Lease, Error> {
        let slot = self.slot(scope);
        let step = slot.state().step(Instant::now());
        match step {
            Step::Serve(lease) => Ok(lease),
            Step::ServeAndRenew(lease, boarding) => {
                slot.board(boarding);
                Ok(lease)
            }
            Step::RenewOrServe(lease, patience, boarding) => {
                match timeout(patience, slot.board(boarding).landed()).await {
                    Ok(Ok(next)) => Ok(next),
                    Ok(Err(_)) | Err(_) => Ok(lease),
                }
            }
            Step::Fetch(boarding) => slot.board(boarding).landed().await,
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
        let source = Arc::clone(&self.source);
        let slot = Arc::new(Slot::new(source, scope.clone(), self.time_limit));
        slots.insert(scope.clone(), Arc::clone(&slot));
        slot
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}
