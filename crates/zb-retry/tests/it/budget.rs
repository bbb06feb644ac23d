//! The budget alone, and what a retry does with it.

use std::{
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::{Instant, sleep, timeout};
use zb_retry::{Budget, ErrorKind, Policy, retry};

const SECOND: Duration = Duration::from_secs(1);

fn drain(budget: &Budget) -> u32 {
    let mut taken = 0;
    while let Some(reservation) = budget.reserve() {
        reservation.spend();
        taken += 1;
    }
    taken
}

#[test]
fn it_starts_full_and_ends_empty() {
    let budget = Budget::new(3);
    assert_eq!(budget.available(), 3);
    assert_eq!(drain(&budget), 3);
    assert_eq!(budget.available(), 0);
    assert!(Budget::new(0).reserve().is_none());
}

#[test]
fn success_earns_a_fraction_of_a_retry() {
    let budget = Budget::new(3).with_successes_per_retry(4);
    drain(&budget);
    for success in 1..=8 {
        budget.succeeded();
        assert_eq!(budget.available(), success / 4, "after {success}");
    }
    for _ in 0..1_000 {
        budget.succeeded();
    }
    assert_eq!(budget.available(), 3, "no more than at the start");
}

#[test]
fn what_is_not_spent_goes_back() {
    let budget = Budget::new(1);
    drop(budget.reserve().unwrap());
    assert_eq!(budget.available(), 1);
    budget.reserve().unwrap().spend();
    assert_eq!(budget.available(), 0);
}

#[test]
fn the_largest_numbers_do_no_harm() {
    let budget = Budget::new(u32::MAX).with_successes_per_retry(u32::MAX);
    assert_eq!(budget.available(), u32::MAX);
    budget.succeeded();
    budget.reserve().unwrap().spend();
    assert_eq!(budget.available(), u32::MAX - 1);
    let every_time = Budget::new(2).with_successes_per_retry(0);
    drain(&every_time);
    every_time.succeeded();
    assert_eq!(every_time.available(), 1);
}

#[test]
fn threads_never_take_more_than_there_is() {
    let budget = Budget::new(10_000);
    let taken: u32 = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| drain(&budget))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(taken, 10_000);
}

proptest! {
    /// Against a count of whole tokens, kept without any cunning.
    #[test]
    fn it_counts_as_a_child_would(
        retries in 0_u32..20,
        price in 1_u32..7,
        steps in prop::collection::vec(0_u8..3, 0..200),
    ) {
        let budget = Budget::new(retries).with_successes_per_retry(price);
        let mut tokens = retries * price;
        for step in steps {
            match step {
                0 => {
                    budget.succeeded();
                    if tokens < retries * price {
                        tokens += 1;
                    }
                }
                1 => match budget.reserve() {
                    Some(reservation) => {
                        reservation.spend();
                        prop_assert!(tokens >= price);
                        tokens -= price;
                    }
                    None => prop_assert!(tokens < price),
                },
                _ => drop(budget.reserve()),
            }
            prop_assert_eq!(budget.available(), tokens / price);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn many_operations_share_it() {
    let budget = Budget::new(25);
    let calls = AtomicU32::new(0);
    let policy = Policy::new().with_max_attempts(10);
    let mut kinds = Vec::new();
    for _ in 0..50 {
        let error = retry(policy, || async {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>("down")
        })
        .when(|_| true)
        .budget(&budget)
        .await
        .unwrap_err();
        kinds.push(error.kind());
    }
    // Fifty first attempts, which are free, and twenty-five retries: nine, nine, and seven.
    assert_eq!(calls.load(Ordering::Relaxed), 75);
    assert_eq!(kinds[..2], [ErrorKind::Attempts; 2]);
    assert_eq!(kinds[2..], [ErrorKind::Budget; 48]);
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_fails_at_once_with_the_cause() {
    let start = Instant::now();
    let error = retry(Policy::new(), || async { Err::<(), _>("down") })
        .when(|_| true)
        .notify(|failure| panic!("no retry was to come: {failure:?}"))
        .budget(&Budget::new(0))
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!((error.attempts(), *error.cause()), (1, "down"));
    let text = error.to_string();
    assert_eq!(
        text,
        "found the retry budget spent after 1 attempt(s) in 0ns"
    );
}

#[tokio::test(start_paused = true)]
async fn success_refills_it_and_failure_for_good_costs_nothing() {
    let budget = Budget::new(2).with_successes_per_retry(2);
    let mut calls = 0;
    let operation = || {
        calls += 1;
        std::future::ready(if calls == 1 { Err("busy") } else { Ok(()) })
    };
    let run = retry(Policy::new(), operation).when(|_| true);
    run.budget(&budget).await.unwrap();
    assert_eq!(budget.available(), 1, "one retry out, half of one back");
    retry(Policy::new(), || async { Ok::<_, &str>(()) })
        .when(|_| true)
        .budget(&budget)
        .await
        .unwrap();
    assert_eq!(budget.available(), 2);
    for _ in 0..10 {
        let broken = retry(Policy::new(), || async { Err::<(), _>("broken") });
        broken.when(|_| false).budget(&budget).await.unwrap_err();
    }
    assert_eq!(budget.available(), 2, "what is not retried takes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_cancelled_in_its_wait_costs_nothing() {
    let budget = Budget::new(1);
    let policy = Policy::new().with_hint_cap(60 * SECOND);
    let run = retry(policy, || async { Err::<(), _>("busy") })
        .when(|_| zb_retry::Verdict::RetryAfter(60 * SECOND))
        .budget(&budget);
    timeout(SECOND, run.into_future()).await.unwrap_err();
    sleep(SECOND).await;
    assert_eq!(budget.available(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_takes_nothing_out() {
    let budget = Budget::new(1);
    let policy = Policy::new().with_deadline(SECOND);
    let error = retry(policy, || async {
        sleep(2 * SECOND).await;
        Err::<(), _>(Rc::new("slow"))
    })
    .when(|_| true)
    .budget(&budget)
    .run()
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(budget.available(), 1);
}
