//! Bounds of the waits: ceiling, cap, overflow, attempts, deadline, hints.

use std::time::Duration;

use proptest::prelude::*;
use zb_retry::{Backoff, Jitter, Policy};

const MS: Duration = Duration::from_millis(1);
const KINDS: [Jitter; 3] = [Jitter::Full, Jitter::Equal, Jitter::Decorrelated];

#[test]
fn the_ceiling_doubles_up_to_the_cap() {
    let policy = Policy::new().with_base(100 * MS).with_cap(1000 * MS);
    let ceilings: Vec<_> = (0..6).map(|n| policy.ceiling(n).as_millis()).collect();
    assert_eq!(ceilings, [100, 200, 400, 800, 1000, 1000]);
}

#[test]
fn the_ceiling_of_decorrelated_waits_trebles_up_to_the_cap() {
    let policy = Policy::new()
        .with_jitter(Jitter::Decorrelated)
        .with_base(100 * MS)
        .with_cap(5_000 * MS);
    let ceilings: Vec<_> = (0..5).map(|n| policy.ceiling(n).as_millis()).collect();
    assert_eq!(ceilings, [300, 900, 2_700, 5_000, 5_000]);
}

#[test]
fn nothing_overflows() {
    for jitter in KINDS {
        let policy = Policy::new()
            .with_jitter(jitter)
            .with_base(Duration::MAX)
            .with_cap(Duration::MAX)
            .with_max_attempts(u32::MAX)
            .with_deadline(Duration::MAX)
            .with_hint_cap(Duration::MAX);
        assert_eq!(policy.ceiling(u32::MAX), Duration::MAX);
        let mut backoff = Backoff::seeded(policy, 1);
        assert!(backoff.by_ref().take(100).count() == 100);
        assert_eq!(backoff.next_after(Duration::MAX), Some(Duration::MAX));
    }
}

#[test]
fn a_base_of_zero_never_waits() {
    for jitter in KINDS {
        let policy = Policy::new().with_jitter(jitter).with_base(Duration::ZERO);
        assert!(policy.backoff().all(|wait| wait == Duration::ZERO));
    }
}

#[test]
fn a_cap_under_the_base_is_every_decorrelated_wait() {
    let policy = Policy::new()
        .with_jitter(Jitter::Decorrelated)
        .with_base(1_000 * MS)
        .with_cap(100 * MS);
    assert!(policy.backoff().all(|wait| wait == 100 * MS));
}

#[test]
fn a_hint_does_not_make_decorrelated_waits_grow() {
    let policy = Policy::new()
        .with_jitter(Jitter::Decorrelated)
        .with_base(MS)
        .with_hint_cap(10_000 * MS);
    for seed in 0..100 {
        let mut backoff = Backoff::seeded(policy, seed);
        backoff.next_after(10_000 * MS).unwrap();
        assert!(backoff.next().unwrap() <= 9 * MS);
    }
}

#[test]
fn there_is_one_wait_less_than_attempts() {
    for (attempts, waits) in [(0, 0), (1, 0), (2, 1), (8, 7)] {
        let policy = Policy::new().with_max_attempts(attempts);
        assert_eq!(policy.backoff().count(), waits, "{attempts} attempts");
    }
    assert_eq!(Policy::once().backoff().next(), None);
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let waits = |seed| Backoff::seeded(Policy::new(), seed).collect::<Vec<_>>();
    assert_eq!(waits(7), waits(7));
    assert_ne!(waits(7), waits(8));
}

#[test]
fn two_backoffs_of_one_policy_differ() {
    let waits = || Policy::new().backoff().collect::<Vec<_>>();
    assert_ne!(waits(), waits());
}

#[test]
fn a_reset_starts_from_the_base_with_new_waits() {
    let policy = Policy::new().with_base(100 * MS).with_max_attempts(4);
    let mut backoff = Backoff::seeded(policy, 3);
    let before: Vec<_> = backoff.by_ref().collect();
    backoff.reset();
    assert_eq!(backoff.retries(), 0);
    let after: Vec<_> = backoff.collect();
    assert_eq!(after.len(), 3);
    assert!(after[0] <= 100 * MS && after[1] <= 200 * MS);
    assert_ne!(before, after);
}

#[test]
fn a_hint_is_honoured_and_clamped() {
    let policy = Policy::new()
        .with_base(10 * MS)
        .with_hint_cap(Duration::from_secs(5));
    let mut backoff = Backoff::seeded(policy, 11);
    let wait = backoff.next_after(Duration::from_secs(3)).unwrap();
    assert!(wait >= Duration::from_secs(3) && wait <= Duration::from_secs(3) + 10 * MS);
    let wait = backoff.next_after(Duration::from_hours(1)).unwrap();
    assert!(wait >= Duration::from_secs(5) && wait <= Duration::from_secs(5) + 20 * MS);
}

proptest! {
    #[test]
    fn every_wait_is_under_its_ceiling(
        base in 0_u64..10_000_000_000,
        cap in 0_u64..100_000_000_000,
        seed: u64,
    ) {
        let policy = Policy::new()
            .with_base(Duration::from_nanos(base))
            .with_cap(Duration::from_nanos(cap))
            .with_max_attempts(100);
        for (n, wait) in Backoff::seeded(policy, seed).enumerate() {
            let ceiling = u128::from(cap).min(u128::from(base) << n.min(64));
            prop_assert!(wait.as_nanos() <= ceiling, "retry {n}: {wait:?} over {ceiling} ns");
            prop_assert_eq!(policy.ceiling(n as u32).as_nanos(), ceiling);
        }
        let equal = Backoff::seeded(policy.with_jitter(Jitter::Equal), seed);
        for (n, wait) in equal.enumerate() {
            let ceiling = policy.ceiling(n as u32);
            prop_assert!((ceiling / 2..=ceiling).contains(&wait), "retry {n}: {wait:?}");
        }
        let decorrelated = policy.with_jitter(Jitter::Decorrelated);
        let mut previous = u128::from(base);
        for (n, wait) in Backoff::seeded(decorrelated, seed).enumerate() {
            let wait = wait.as_nanos();
            let (floor, limit) = (base.min(cap).into(), (3 * previous).max(base.into()));
            prop_assert!((floor..=limit.min(cap.into())).contains(&wait), "retry {n}: {wait} ns");
            prop_assert!(wait <= decorrelated.ceiling(n as u32).as_nanos());
            previous = wait;
        }
    }

    #[test]
    fn the_sum_of_the_waits_never_passes_the_deadline(
        deadline in 0_u64..60_000,
        hints in prop::collection::vec(prop::option::of(0_u64..20_000), 0..30),
        seed: u64,
    ) {
        let deadline = Duration::from_millis(deadline);
        let policy = Policy::new().with_max_attempts(u32::MAX).with_deadline(deadline);
        let mut backoff = Backoff::seeded(policy, seed);
        let waits = hints.into_iter().map_while(|hint| match hint {
            Some(hint) => backoff.next_after(Duration::from_millis(hint)),
            None => backoff.next(),
        });
        prop_assert!(waits.sum::<Duration>() <= deadline);
    }
}
