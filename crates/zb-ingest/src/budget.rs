//! Backpressure in bytes: how much may be on its way at once, in no more requests than the queue
//! behind it holds.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may be in flight. Waiters are served in the order they came.
#[derive(Debug)]
pub(crate) struct Budget {
    room: Arc<Semaphore>,
    total: u32,
    /// What the smallest request takes.
    least: u32,
}

/// Bytes taken from a budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    permit: OwnedSemaphorePermit,
}

impl Share {
    /// Takes a part out, or all that is left.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.permit.num_permits());
        // No more is asked for than there is.
        let permit = self.permit.split(bytes);
        let permit = permit.unwrap_or_else(|| unreachable!("bounded by what there is"));
        Self { permit }
    }
}

impl Budget {
    /// Room for `bytes`, and for `requests` requests.
    pub(crate) fn new(bytes: usize, requests: u32) -> Self {
        let total = u32::try_from(bytes).unwrap_or(u32::MAX).max(1);
        Self {
            room: Arc::new(Semaphore::new(total as usize)),
            total,
            least: total.div_ceil(requests.max(1)),
        }
    }

    /// Waits until there is room for a request. What is larger than the whole budget waits until
    /// nothing else is in flight. `None` when the budget was closed.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Share> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bytes = bytes.clamp(self.least, self.total);
        let permit = Arc::clone(&self.room)
            .acquire_many_owned(bytes)
            .await
            .ok()?;
        Some(Share { permit })
    }

    /// Takes room for a request if there is some now.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Share> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bytes = bytes.clamp(self.least, self.total);
        let permit = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        permit.ok().map(|permit| Share { permit })
    }

    /// Sends everybody away who waits or will come.
    pub(crate) fn close(&self) {
        self.room.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test(start_paused = true)]
    async fn a_full_budget_makes_wait_and_a_returned_share_lets_go() {
        let budget = Budget::new(100, 100);
        let first = budget.take(60).await.unwrap();
        assert!(timeout(MOMENT, budget.take(60)).await.is_err());
        let second = budget.take(40).await.unwrap();
        drop(first);
        assert!(timeout(MOMENT, budget.take(60)).await.unwrap().is_some());
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_the_whole_goes_alone() {
        let budget = Budget::new(100, 100);
        let small = budget.take(1).await.unwrap();
        assert!(timeout(MOMENT, budget.take(1_000)).await.is_err());
        drop(small);
        let large = budget.take(1_000).await.unwrap();
        assert!(timeout(MOMENT, budget.take(1)).await.is_err());
        drop(large);
    }

    #[tokio::test(start_paused = true)]
    async fn small_requests_are_counted_and_not_weighed() {
        let budget = Budget::new(100, 3);
        let mut shares = Vec::new();
        while let Ok(share) = timeout(MOMENT, budget.take(1)).await {
            shares.push(share);
        }
        assert!((1..=3).contains(&shares.len()), "{shares:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_budget_sends_waiters_away() {
        let budget = Arc::new(Budget::new(1, 1));
        let _share = budget.take(1).await.unwrap();
        let waiter = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.take(1).await.is_none() }
        });
        tokio::task::yield_now().await;
        budget.close();
        assert!(waiter.await.unwrap());
        assert!(budget.take(1).await.is_none());
    }
}
