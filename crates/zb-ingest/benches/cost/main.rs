//! What a sender costs, next to the bare SDK that is fed with records encoded beforehand.
//!
//! `cargo bench -p zb-ingest --bench cost` sends to `zb-local`, which checks and decodes every row and
//! puts it nowhere. Contenders take turns, so that what disturbs one disturbs all.
//! `docs/operations/benchmarks.md` tells what is measured and how.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people at a terminal"
)]

mod contender;
#[path = "../ground/mod.rs"]
mod ground;
mod latency;
mod report;

use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

use contender::Contender;
use ground::{
    Ground,
    data::{self, Set},
};
use report::Report;

/// Of an odd number of rounds one is the median.
const ROUNDS: usize = 11;

fn main() {
    let timed = zb_bench::is_timed();
    let mut criterion = zb_bench::criterion(Duration::from_secs(2));
    let ground = Ground::new();
    let mut report = Report::default();
    for set in [data::flights(), data::texts()] {
        throughput(&mut criterion, &mut report, &ground, &set, timed);
    }
    if timed {
        let set = data::flights();
        for rows in latency::SIZES {
            report.latency(rows, &latency::measure(&ground, &set, rows));
        }
        report.finish();
    }
    criterion.final_summary();
}

/// The whole set through one stream, until all of it is acknowledged.
fn throughput(
    criterion: &mut Criterion,
    report: &mut Report,
    ground: &Ground,
    set: &Set,
    timed: bool,
) {
    let mut contenders = contender::all(ground, set);
    let mut group = criterion.benchmark_group(set.name);
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(set.bytes as u64));
    for contender in &mut contenders {
        group.bench_function(contender.name(), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| contender.run(ground)).sum());
        });
    }
    group.finish();
    if timed {
        let mut rounds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for _ in 0..ROUNDS {
            for (contender, times) in contenders.iter_mut().zip(&mut rounds) {
                times.push(contender.run(ground));
            }
        }
        let names = contenders.iter().map(Contender::name);
        report.throughput(set, names.zip(rounds));
    }
}
