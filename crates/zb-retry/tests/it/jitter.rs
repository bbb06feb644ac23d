//! Is each kind of jitter uniform over the interval that its definition names? Seeds are fixed, so
//! these never flake.

use std::time::Duration;

use zb_retry::{Backoff, Jitter, Policy};

const DRAWS: usize = 5_000;
const SAMPLES: u64 = 100;
const KINDS: [Jitter; 3] = [Jitter::Full, Jitter::Equal, Jitter::Decorrelated];

const BASE: Duration = Duration::from_millis(1);

/// Six waits that stay far under the cap, so that it does not bend the distributions.
fn policy(jitter: Jitter) -> Policy {
    Policy::new()
        .with_jitter(jitter)
        .with_base(BASE)
        .with_cap(Duration::from_hours(1))
        .with_max_attempts(7)
}

/// Where a wait lies between the ends of its interval, from 0 to 1, by the definitions of AWS:
/// written here once more, from the article.
fn position(jitter: Jitter, n: usize, previous: Duration, wait: Duration) -> f64 {
    let (base, previous, wait) = (
        BASE.as_secs_f64(),
        previous.as_secs_f64(),
        wait.as_secs_f64(),
    );
    let step = base * 2_f64.powi(n as i32);
    let (low, high) = match jitter {
        Jitter::Full => (0.0, step),
        Jitter::Equal => (step / 2.0, step),
        _ => (base, 3.0 * previous),
    };
    (wait - low) / (high - low)
}

/// The positions of many waits of one generator, drawn as one kind and read as another.
fn one_generator(drawn: Jitter, read: Jitter, seed: u64) -> Vec<f64> {
    let mut backoff = Backoff::seeded(policy(drawn), seed);
    let mut positions = Vec::with_capacity(DRAWS + 6);
    while positions.len() < DRAWS {
        backoff.reset();
        let mut previous = BASE;
        for (n, wait) in backoff.by_ref().enumerate() {
            positions.push(position(read, n, previous, wait));
            previous = wait;
        }
    }
    positions
}

/// The positions of the `n`-th wait of many clients that failed together.
fn many_clients(jitter: Jitter, n: usize, first_seed: u64) -> Vec<f64> {
    let seeds = first_seed..first_seed + DRAWS as u64;
    let nth = |seed| {
        let mut waits = Backoff::seeded(policy(jitter), seed);
        let previous = n.checked_sub(1).and_then(|before| waits.nth(before));
        let wait = waits.next().unwrap();
        position(jitter, n, previous.unwrap_or(BASE), wait)
    };
    seeds.map(nth).collect()
}

/// Kolmogorov-Smirnov: the largest distance to the uniform distribution, times the root of the
/// number of draws. Over 1.36 in one of twenty samples that are uniform.
fn kolmogorov_smirnov(mut draws: Vec<f64>) -> f64 {
    draws.sort_by(f64::total_cmp);
    let count = draws.len() as f64;
    let distance = draws.iter().enumerate().map(|(i, &draw)| {
        let (below, above) = (i as f64 / count, (i + 1) as f64 / count);
        (draw - below).abs().max((above - draw).abs())
    });
    distance.fold(0.0, f64::max) * count.sqrt()
}

/// Pearson's chi-square over 20 equal bins: 19 degrees of freedom, over 30.14 in one of twenty.
fn chi_square(draws: &[f64]) -> f64 {
    let mut bins = [0_u32; 20];
    for draw in draws {
        // What is under zero falls into the first bin.
        bins[((draw * 20.0) as usize).min(19)] += 1;
    }
    let expected = draws.len() as f64 / 20.0;
    bins.iter()
        .map(|&seen| (f64::from(seen) - expected).powi(2) / expected)
        .sum()
}

/// How many of the samples each statistic holds for too uneven at the level of 5%.
fn refused(samples: impl Iterator<Item = Vec<f64>>) -> (usize, usize) {
    let (mut by_chi_square, mut by_ks) = (0, 0);
    for sample in samples {
        by_chi_square += usize::from(chi_square(&sample) > 30.14);
        by_ks += usize::from(kolmogorov_smirnov(sample) > 1.36);
    }
    (by_chi_square, by_ks)
}

#[test]
fn draws_of_one_generator_are_uniform() {
    for jitter in KINDS {
        let samples = (0..SAMPLES).map(|seed| one_generator(jitter, jitter, seed));
        // Five of 100 are expected; 14 or more would come up once in 2000 such tests.
        let (chi_square, ks) = refused(samples);

        assert!(chi_square < 14, "{jitter:?}: chi-square {chi_square}");
        assert!(ks < 14, "{jitter:?}: Kolmogorov-Smirnov {ks}");
    }
}

#[test]
fn each_wait_is_uniform_over_many_clients() {
    for jitter in KINDS {
        for n in [0, 1, 5] {
            let samples = (0..20).map(|i| many_clients(jitter, n, i * DRAWS as u64));
            // One of 20 is expected; 6 or more would come up once in 3000 such tests.
            let (chi_square, ks) = refused(samples);

            assert!(chi_square < 6, "{jitter:?} {n}: chi-square {chi_square}");
            assert!(ks < 6, "{jitter:?} {n}: Kolmogorov-Smirnov {ks}");
        }
    }
}

#[test]
fn no_draw_leaves_its_interval() {
    for jitter in KINDS {
        for position in one_generator(jitter, jitter, 2013) {
            // Up to the nanosecond by which half of an odd number is rounded.
            assert!((-1e-6..=1.0 + 1e-6).contains(&position), "{jitter:?}");
        }
    }
}

/// What these tests must not let through.
#[test]
fn the_statistics_can_tell_each_kind_from_the_others() {
    for drawn in KINDS {
        for read in KINDS {
            let samples = (0..20).map(|seed| one_generator(drawn, read, seed));
            let expected = if drawn == read { 0..6 } else { 20..21 };
            let (chi_square, ks) = refused(samples);
            assert!(expected.contains(&chi_square), "{drawn:?} as {read:?}");
            assert!(expected.contains(&ks), "{drawn:?} as {read:?}");
        }
    }
}

#[test]
fn the_means_are_those_of_the_definitions() {
    // Of the first wait, in bases: half of it, three quarters, and halfway between one and three.
    for (jitter, expected, width) in [
        (Jitter::Full, 0.5, 1.0),
        (Jitter::Equal, 0.75, 0.5),
        (Jitter::Decorrelated, 2.0, 2.0),
    ] {
        let first = |seed| Backoff::seeded(policy(jitter), seed).next().unwrap();
        let sum: f64 = (0..DRAWS as u64).map(|s| first(s).as_secs_f64()).sum();
        let mean = sum / DRAWS as f64 / BASE.as_secs_f64();
        // Four standard deviations of the mean of uniform draws: once in 15,000.
        let bound = 4.0 * width / (12.0 * DRAWS as f64).sqrt();
        assert!((mean - expected).abs() < bound, "{jitter:?}: {mean}");
    }
}

#[test]
fn decorrelated_waits_lie_at_the_cap_as_often_as_they_should() {
    let cap = 100 * BASE;
    let policy = policy(Jitter::Decorrelated)
        .with_cap(cap)
        .with_max_attempts(u32::MAX);
    let waits: Vec<_> = Backoff::seeded(policy, 7).take(100_000).collect();
    assert!(waits.iter().all(|wait| (BASE..=cap).contains(wait)));
    let after_cap = waits.windows(2).filter(|pair| pair[0] == cap);
    let (mut all, mut again) = (0_u32, 0_u32);
    for pair in after_cap {
        all += 1;
        again += u32::from(pair[1] == cap);
    }
    // After the cap comes uniform(1, 300) cut at 100: 200 of 299 parts lie over it.
    let (share, expected) = (f64::from(again) / f64::from(all), 200.0 / 299.0);
    let bound = 4.0 * (expected * (1.0 - expected) / f64::from(all)).sqrt();
    assert!(all > 10_000, "{all}");
    assert!((share - expected).abs() < bound, "{share} of {all}");
}

#[test]
fn successive_draws_do_not_depend_on_each_other() {
    for jitter in KINDS {
        let draws = one_generator(jitter, jitter, 2013);
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance: f64 = draws.iter().map(|d| (d - mean).powi(2)).sum();
        let covariance: f64 = draws
            .windows(2)
            .map(|pair| (pair[0] - mean) * (pair[1] - mean))
            .sum();
        let correlation = covariance / variance;
        // Three standard deviations of the sample correlation of independent draws.
        assert!(
            correlation.abs() < 3.0 / (DRAWS as f64).sqrt(),
            "{jitter:?}: {correlation}"
        );
    }
}
