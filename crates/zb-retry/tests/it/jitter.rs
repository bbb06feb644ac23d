//! Is the jitter uniform from zero to the ceiling? Seeds are fixed, so these never flake.

use std::time::Duration;

use zb_retry::{Backoff, Policy};

const DRAWS: usize = 5_000;
const SAMPLES: u64 = 200;

/// As fractions of the ceiling: many draws of one generator.
fn one_generator(seed: u64) -> Vec<f64> {
    let ceiling = Duration::from_secs(1);
    let policy = Policy::new()
        .with_base(ceiling)
        .with_cap(ceiling)
        .with_max_attempts(u32::MAX);
    let waits = Backoff::seeded(policy, seed).take(DRAWS);
    waits.map(|wait| wait.as_secs_f64()).collect()
}

/// As fractions of the ceiling: the `n`-th wait of many clients that failed together.
fn many_clients(n: usize, first_seed: u64) -> Vec<f64> {
    let policy = Policy::new().with_base(Duration::from_millis(100));
    let ceiling = policy.ceiling(n as u32).as_secs_f64();
    let nth = |seed| Backoff::seeded(policy, seed).nth(n).unwrap();
    let seeds = first_seed..first_seed + DRAWS as u64;
    seeds
        .map(|seed| nth(seed).as_secs_f64() / ceiling)
        .collect()
}

/// Kolmogorov-Smirnov: the largest distance to the uniform distribution, times the root of the
/// number of draws. Over 1.63 in one of a hundred samples that are uniform.
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
        assert!(sample.iter().all(|draw| (0.0..=1.0).contains(draw)));
        by_chi_square += usize::from(chi_square(&sample) > 30.14);
        by_ks += usize::from(kolmogorov_smirnov(sample) > 1.36);
    }
    (by_chi_square, by_ks)
}

#[test]
fn draws_of_one_generator_are_uniform() {
    // Ten of 200 are expected; 22 or more would come up once in 2000 such tests.
    let (chi_square, ks) = refused((0..SAMPLES).map(one_generator));

    assert!(chi_square < 22, "chi-square refused {chi_square}");
    assert!(ks < 22, "Kolmogorov-Smirnov refused {ks}");
}

#[test]
fn each_wait_is_uniform_over_many_clients() {
    for n in [0, 1, 6] {
        let samples = (0..20).map(|i| many_clients(n, i * DRAWS as u64));
        // One of 20 is expected; 6 or more would come up once in 3000 such tests.
        let (chi_square, ks) = refused(samples);

        assert!(chi_square < 6, "retry {n}: chi-square refused {chi_square}");
        assert!(ks < 6, "retry {n}: Kolmogorov-Smirnov refused {ks}");
    }
}

#[test]
fn the_statistics_can_tell_equal_jitter_from_full_jitter() {
    // Equal jitter is half the ceiling plus a uniform half: what these tests must not let through.
    let equal = (0..20).map(|seed| {
        let mut sample = one_generator(seed);
        for draw in &mut sample {
            *draw = 0.5 + *draw / 2.0;
        }
        sample
    });
    assert_eq!(refused(equal), (20, 20));
}

#[test]
fn successive_waits_do_not_depend_on_each_other() {
    let draws = one_generator(2013);
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance: f64 = draws.iter().map(|d| (d - mean).powi(2)).sum();
    let covariance: f64 = draws
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    let correlation = covariance / variance;
    // Three standard deviations of the sample correlation of independent draws.
    assert!(correlation.abs() < 3.0 / (DRAWS as f64).sqrt());
}
