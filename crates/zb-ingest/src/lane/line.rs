//! What a lane and the hook of its streams share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::{SenderOptions, lock::lock, pacing::Pace, slow_down::Outcomes};

/// The connections of a lane, one after another.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) pace: Pace,
    outcomes: Arc<Outcomes>,
    connected_before: AtomicBool,
    losses: AtomicU32,
    in_flight: AtomicUsize,
    sign_of_life: Mutex<Instant>,
}

impl Line {
    pub(crate) fn new(options: &SenderOptions, outcomes: Arc<Outcomes>) -> Self {
        Self {
            pace: Pace::new(options.retry, options.retry_budget.clone()),
            outcomes,
            connected_before: AtomicBool::new(false),
            losses: AtomicU32::new(0),
            in_flight: AtomicUsize::new(0),
            sign_of_life: Mutex::new(Instant::now()),
        }
    }

    /// How many connections went down so far. Asked for before a request is handed over: the one
    /// that it goes out on may be lost before it is noted.
    pub(crate) fn losses(&self) -> u32 {
        self.losses.load(Ordering::SeqCst)
    }

    /// A connection went down: what is in flight may be stored twice.
    pub(crate) fn lost(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
        self.outcomes.badly(self.in_flight());
    }

    /// A connection is attempted; says whether one was before.
    pub(crate) fn connecting(&self) -> bool {
        self.connected_before.swap(true, Ordering::SeqCst)
    }

    /// How many requests are in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(crate) fn set_in_flight(&self, requests: usize) {
        self.in_flight.store(requests, Ordering::SeqCst);
    }

    /// Rows were acknowledged: the next loss starts a new count.
    pub(crate) fn progress(&self) {
        self.pace.progress();
        self.alive();
    }

    /// Something happened that gives the service its time anew.
    pub(crate) fn alive(&self) {
        *self.lock() = Instant::now();
    }

    /// Is over when what was sent then has waited for so long, and nothing was heard for so long
    /// either. What is heard meanwhile, as when the SDK reconnects by itself, gives it more time.
    pub(crate) async fn silence(&self, sent: Instant, patience: Duration) {
        loop {
            let since = sent.max(*self.lock());
            match since.checked_add(patience) {
                Some(end) if end <= Instant::now() => return,
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Instant> {
        lock(&self.sign_of_life)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;
    use crate::SlowDown;

    fn line() -> Line {
        let outcomes = Arc::new(Outcomes::new(SlowDown::new()));
        Line::new(&SenderOptions::new("http://localhost"), outcomes)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_heard_in_a_silence_gives_it_more_time() {
        let line = line();
        let began = Instant::now();
        let heard = async {
            for _ in 0..3 {
                sleep(Duration::from_secs(8)).await;
                line.alive();
            }
        };
        tokio::join!(line.silence(began, Duration::from_secs(10)), heard);
        let took = began.elapsed();
        assert!((34..35).contains(&took.as_secs()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_sent_late_is_waited_for_as_long() {
        let line = line();
        sleep(Duration::from_secs(9)).await;
        let sent = Instant::now();
        line.silence(sent, Duration::from_secs(10)).await;
        assert_eq!(sent.elapsed().as_secs(), 10);
    }
}
