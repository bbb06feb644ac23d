//! Does jitter do what it is for? A hundred clients change one row, which takes one change at a
//! time and refuses those that were made on an older state: the contest that AWS measured its
//! definitions with.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng};
use zb_retry::{Backoff, Jitter, Policy};

const CLIENTS: usize = 100;

/// How many calls it took until every client had its change in, and how long.
#[derive(Debug, Clone, Copy)]
struct Effort {
    calls: u32,
    took: Duration,
}

/// What arrives at the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Read,
    Write { on: u32 },
}

/// Lets the clients start together. A client waits `wait(client)` after each refusal.
fn contest(seed: u64, mut wait: impl FnMut(usize) -> Duration) -> Effort {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut way = move || Duration::from_micros(rng.random_range(8_000..12_000));
    let mut calls = 0;
    let mut state = 0;
    let mut took = Duration::ZERO;
    let mut arriving: BinaryHeap<_> = (0..CLIENTS)
        .map(|client| Reverse((way(), client, Call::Read)))
        .collect();
    while let Some(Reverse((now, client, call))) = arriving.pop() {
        calls += 1;
        // There and back again.
        let back = now + way();
        let next = match call {
            Call::Read => (back + way(), client, Call::Write { on: state }),
            Call::Write { on } if on == state => {
                state += 1;
                took = back;
                continue;
            }
            Call::Write { .. } => (back + wait(client) + way(), client, Call::Read),
        };
        arriving.push(Reverse(next));
    }
    assert_eq!(state as usize, CLIENTS);
    Effort { calls, took }
}

fn policy(jitter: Jitter) -> Policy {
    Policy::new()
        .with_jitter(jitter)
        .with_base(Duration::from_millis(5))
        .with_cap(Duration::from_secs(2))
        .with_max_attempts(u32::MAX)
}

fn with(jitter: Jitter, seed: u64) -> Effort {
    let mut waits: Vec<_> = (0..CLIENTS as u64)
        .map(|client| Backoff::seeded(policy(jitter), seed * 1_000 + client))
        .collect();
    contest(seed, |client| waits[client].next().unwrap())
}

/// Exponential backoff to the letter.
fn without(seed: u64) -> Effort {
    let policy = policy(Jitter::Full);
    let mut refusals = [0; CLIENTS];
    contest(seed, |client| {
        let wait = policy.ceiling(refusals[client]);
        refusals[client] += 1;
        wait
    })
}

#[test]
fn every_jitter_needs_fewer_calls_and_less_time_than_none() {
    for seed in 0..10 {
        let none = without(seed);
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let some = with(jitter, seed);
            assert!(
                some.calls * 4 < none.calls * 3,
                "{jitter:?}: {some:?}, without {none:?}"
            );
            assert!(
                some.took < none.took,
                "{jitter:?}: {some:?}, without {none:?}"
            );
        }
    }
}

#[test]
fn full_jitter_needs_fewer_calls_than_equal_jitter() {
    let calls = |jitter| (0..10).map(|seed| with(jitter, seed).calls).sum::<u32>();
    let (full, equal) = (calls(Jitter::Full), calls(Jitter::Equal));
    assert!(
        full < equal,
        "{full} with full jitter, {equal} with equal jitter"
    );
}
