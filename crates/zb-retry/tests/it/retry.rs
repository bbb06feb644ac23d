//! The loop on tokio's paused clock.

use std::{
    error::Error as _,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use zb_retry::{ErrorKind, Policy, Retryable, Verdict, retry};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("busy")]
    Busy,
    #[error("busy for {0:?}")]
    BusyFor(Duration),
    #[error("broken")]
    Broken,
}

impl Retryable for Fault {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Busy => Verdict::Retry,
            Self::BusyFor(wait) => Verdict::RetryAfter(*wait),
            Self::Broken => Verdict::Stop,
        }
    }
}

/// An operation that fails with each of these in turn, then succeeds with the number of the call.
fn script(
    faults: &[Fault],
) -> impl FnMut() -> std::future::Ready<Result<usize, Fault>> + Send + use<> {
    let faults = faults.to_vec();
    let mut calls = 0;
    move || {
        calls += 1;
        std::future::ready(faults.get(calls - 1).map_or(Ok(calls), |fault| Err(*fault)))
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_is_immediate() {
    let start = Instant::now();
    assert_eq!(retry(Policy::new(), script(&[])).await.unwrap(), 1);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_retried_and_each_wait_told() {
    let mut told = Vec::new();
    let start = Instant::now();
    let calls = retry(Policy::new(), script(&[Fault::Busy, Fault::Busy]))
        .seed(1)
        .notify(|failure| told.push((failure.attempt, *failure.error, failure.wait)))
        .await;
    assert_eq!(calls.unwrap(), 3);
    assert_eq!(
        told.iter().map(|(n, e, _)| (*n, *e)).collect::<Vec<_>>(),
        [(1, Fault::Busy), (2, Fault::Busy)]
    );
    // The clock moved by the waits and by nothing else, up to the timer's millisecond per wait.
    let waits: Duration = told.iter().map(|(.., wait)| *wait).sum();
    let slack = start.elapsed().abs_diff(waits);
    assert!(slack <= Duration::from_millis(2), "{slack:?}");
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted() {
    let policy = Policy::new().with_max_attempts(4);
    let error = retry(policy, script(&[Fault::Busy; 10])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Attempts);
    assert_eq!(error.attempts(), 4);
    assert_eq!(error.cause(), &Fault::Busy);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_fault_stops_at_once() {
    let error = retry(Policy::new(), script(&[Fault::Busy, Fault::Broken]))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Permanent, 2));
    assert_eq!(error.source().unwrap().to_string(), "broken");
    assert_eq!(error.into_cause(), Fault::Broken);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_fault_in_the_last_attempt_is_still_called_permanent() {
    let error = retry(Policy::once(), script(&[Fault::Broken])).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Permanent);
}

#[tokio::test(start_paused = true)]
async fn a_closure_overrules_the_trait() {
    let policy = Policy::new().with_max_attempts(3);
    let error = retry(policy, script(&[Fault::Broken; 9]))
        .when(|_| true)
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_closure_may_give_a_verdict() {
    let start = Instant::now();
    let calls = retry(Policy::new(), script(&[Fault::Broken]))
        .when(|_| Verdict::RetryAfter(5 * SECOND))
        .await;
    assert_eq!(calls.unwrap(), 2);
    assert!(start.elapsed() >= 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_server_hint_is_waited_for() {
    let start = Instant::now();
    let faults = [Fault::BusyFor(7 * SECOND)];
    assert_eq!(retry(Policy::new(), script(&faults)).await.unwrap(), 2);
    assert!(start.elapsed() >= 7 * SECOND);
    assert!(start.elapsed() <= 7 * SECOND + Policy::new().ceiling(0) + SECOND / 500);
}

#[tokio::test(start_paused = true)]
async fn a_server_hint_is_clamped() {
    let policy = Policy::new().with_hint_cap(2 * SECOND);
    let start = Instant::now();
    let faults = [Fault::BusyFor(3600 * SECOND)];
    assert_eq!(retry(policy, script(&faults)).await.unwrap(), 2);
    assert!(start.elapsed() < 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn observers_hear_what_the_server_asked_for_before_the_wait() {
    let (mut first, mut second) = (Vec::new(), 0);
    let start = Instant::now();
    let policy = Policy::new().with_base(SECOND).with_hint_cap(2 * SECOND);
    let faults = [Fault::BusyFor(3600 * SECOND), Fault::Busy];
    let calls = retry(policy, script(&faults))
        .seed(1)
        .notify(|failure| first.push((failure.hint, failure.wait, start.elapsed())))
        .notify(|failure| second += failure.attempt)
        .await;
    assert_eq!(calls.unwrap(), 3);
    assert_eq!(second, 1 + 2, "every observer is told");
    let [(hinted, wait, at), (unhinted, _, later)] = first[..] else {
        panic!("{first:?}");
    };
    assert_eq!((hinted, unhinted), (Some(3600 * SECOND), None));
    assert!(wait >= 2 * SECOND && wait <= 3 * SECOND, "{wait:?}");
    assert_eq!(at, Duration::ZERO, "told before the wait");
    assert!(later >= wait);
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_is_late_starts_no_attempt_after_the_deadline() {
    let policy = Policy::new().with_deadline(10 * SECOND);
    let run = retry(policy, script(&[Fault::BusyFor(5 * SECOND)]));
    let run = tokio::spawn(run.into_future());
    tokio::task::yield_now().await;
    // The machine slept for a minute.
    tokio::time::advance(60 * SECOND).await;
    let error = run.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Deadline, 1));
    assert_eq!(error.cause(), &Fault::BusyFor(5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_cannot_leave_its_thread_is_run_in_place() {
    let calls = std::rc::Rc::new(std::cell::Cell::new(0));
    let operation = || {
        let calls = std::rc::Rc::clone(&calls);
        async move {
            sleep(SECOND).await;
            calls.set(calls.get() + 1);
            if calls.get() < 3 {
                Err(Fault::Busy)
            } else {
                Ok(calls.get())
            }
        }
    };
    assert_eq!(retry(Policy::new(), operation).run().await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_hint_past_the_deadline_gives_up_without_waiting() {
    let policy = Policy::new().with_deadline(5 * SECOND);
    let start = Instant::now();
    let error = retry(policy, script(&[Fault::BusyFor(30 * SECOND)]))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Deadline, 1));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_starts_after_the_deadline() {
    let deadline = 20 * SECOND;
    let policy = Policy::new()
        .with_base(SECOND)
        .with_max_attempts(u32::MAX)
        .with_deadline(deadline);
    for seed in 0..200 {
        let start = Instant::now();
        let last = std::sync::Mutex::new(start);
        let error = retry(policy, || async {
            *last.lock().unwrap() = Instant::now();
            // The time of the attempts counts as well as the waits.
            sleep(SECOND / 2).await;
            Err::<(), _>(Fault::Busy)
        })
        .seed(seed)
        .await
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline);
        assert!(*last.lock().unwrap() - start <= deadline);
        assert!(error.elapsed() <= deadline + SECOND / 2 + SECOND / 500);
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_runs_the_same_way() {
    async fn run(seed: u64) -> Duration {
        let start = Instant::now();
        let failed = retry(Policy::new(), script(&[Fault::Busy; 9])).seed(seed);
        failed.await.unwrap_err();
        start.elapsed()
    }
    assert_eq!(run(5).await, run(5).await);
    assert_ne!(run(5).await, run(6).await);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_stops_the_attempts() {
    let calls = AtomicU32::new(0);
    let policy = Policy::new().with_base(60 * SECOND).with_cap(60 * SECOND);
    let run = retry(policy, || async {
        calls.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Fault::BusyFor(10 * SECOND))
    });
    tokio::time::timeout(5 * SECOND, run.into_future())
        .await
        .unwrap_err();
    sleep(300 * SECOND).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_error_reads_well() {
    let error = retry(Policy::once(), script(&[Fault::Busy])).await;
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "gave up after 1 attempt(s) in 0ns");
}

/// A retried operation can be spawned: the future is `Send` and borrows nothing it need not.
#[tokio::test(start_paused = true)]
async fn a_retry_can_be_spawned() {
    let run = retry(Policy::new(), script(&[Fault::Busy])).into_future();
    assert_eq!(tokio::spawn(run).await.unwrap().unwrap(), 2);
}
