//! A budget of retries that several operations share: when everything fails, little is repeated.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// A token bucket of retries, shared by every clone.
///
/// A [`Policy`](crate::Policy) bounds what one operation does. A thousand operations that keep to it
/// may still send a failing service many times its usual load. A budget bounds them together: it
/// starts with a number of retries, each retry takes one out, each operation that succeeds puts a
/// fraction of one back, up to the number at the start. When it is empty, operations fail with
/// their first error, and the first attempts of others, which need no budget, find out whether the
/// service is back.
///
/// ```
/// use zb_retry::{Budget, Policy, retry};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// // Twenty retries, and another one for each ten operations that succeed.
/// let budget = Budget::new(20).with_successes_per_retry(10);
///
/// for _ in 0..100 {
///     let broken = retry(Policy::new(), || async { Err::<(), _>("down") });
///     broken.when(|_| true).budget(&budget).await.unwrap_err();
/// }
/// assert_eq!(budget.available(), 0, "a hundred first attempts, and twenty retries in all");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Budget {
    bucket: Arc<Bucket>,
}

/// Counted in tokens, of which a success earns one.
#[derive(Debug)]
struct Bucket {
    tokens: AtomicU64,
    capacity: u64,
    /// Of one retry.
    price: u64,
}

impl Budget {
    /// A full budget of this many retries, which earns one more for each ten successes.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self::with(retries, 10)
    }

    /// How many operations must succeed to earn one retry. Zero means one.
    ///
    /// What this gives is a budget of its own, and full: share it afterwards.
    #[must_use]
    pub fn with_successes_per_retry(self, successes: u32) -> Self {
        let retries = self.bucket.capacity / self.bucket.price;
        // It came in as a u32.
        Self::with(u32::try_from(retries).unwrap_or(u32::MAX), successes)
    }

    fn with(retries: u32, successes_per_retry: u32) -> Self {
        let price = u64::from(successes_per_retry.max(1));
        let capacity = u64::from(retries) * price;
        Self {
            bucket: Arc::new(Bucket {
                tokens: AtomicU64::new(capacity),
                capacity,
                price,
            }),
        }
    }

    /// How many retries could be made now.
    pub fn available(&self) -> u32 {
        let retries = self.bucket.tokens.load(Relaxed) / self.bucket.price;
        u32::try_from(retries).unwrap_or(u32::MAX)
    }

    /// Takes one retry out, if there is one. For loops of your own: [`Retry::budget`] does it for
    /// [`retry`].
    ///
    /// [`Retry::budget`]: crate::Retry::budget
    /// [`retry`]: crate::retry()
    #[must_use = "a reservation that is dropped goes back"]
    pub fn reserve(&self) -> Option<Reservation> {
        let price = self.bucket.price;
        let taken = self
            .bucket
            .tokens
            .fetch_update(Relaxed, Relaxed, |tokens| tokens.checked_sub(price));
        taken.ok().map(|_| Reservation {
            bucket: Arc::clone(&self.bucket),
            price,
        })
    }

    /// Says that an operation succeeded, at whichever attempt.
    pub fn succeeded(&self) {
        self.bucket.put(1);
    }
}

impl Bucket {
    fn put(&self, tokens: u64) {
        // The closure never refuses, so this never fails.
        let _ = self.tokens.fetch_update(Relaxed, Relaxed, |left| {
            Some(left.saturating_add(tokens).min(self.capacity))
        });
    }
}

/// One retry, taken out of a [`Budget`]. It goes back when it is dropped: a retry that is cancelled
/// in its wait costs nothing.
#[must_use = "it goes back when it is dropped"]
#[derive(Debug)]
pub struct Reservation {
    bucket: Arc<Bucket>,
    price: u64,
}

impl Reservation {
    /// Says that the retry is made now.
    pub fn spend(mut self) {
        self.price = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.bucket.put(self.price);
    }
}
