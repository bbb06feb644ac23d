//! What the endpoint takes in on one stream, beside what the service says that it does.
//!
//! `cargo bench -p zb-local --bench throughput` has the official SDK send records of 1 KB that were
//! encoded beforehand, on the same machine, until all of them are acknowledged. `docs/operations/benchmarks.md`
//! tells what is measured and how. Arguments are words of the names of what to run; `--seconds 20`
//! has one of them sent again and again, for a profiler.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people at a terminal"
)]

mod cpu;
mod data;
mod ground;
mod page;
mod report;

use std::{
    env,
    time::{Duration, Instant},
};

use data::Set;
use ground::{Ground, Setting};
use report::Report;

/// What is taken is the best: whatever else the machine does makes it slower, and never faster.
const ROUNDS: usize = 7;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    // `cargo test` runs it too, to see that it does.
    let timed = args.iter().any(|arg| arg == "--bench");
    let seconds = args
        .iter()
        .position(|arg| arg == "--seconds")
        .and_then(|at| args.get(at + 1)?.parse().ok());
    let words: Vec<&String> = args
        .iter()
        .filter(|arg| !arg.starts_with("--") && arg.parse::<u64>().is_err())
        .collect();
    let requests = if timed { data::REQUESTS } else { 2 };
    let mut report = Report::default();
    for set in [data::texts(requests), data::readings(requests)] {
        for setting in Setting::ALL {
            let into = setting.name();
            let name = format!("{} into {into}", set.name);
            if !words.iter().all(|word| name.contains(*word)) {
                continue;
            }
            let times = match seconds {
                Some(seconds) => again_and_again(&set, setting, Duration::from_secs(seconds)),
                None => (0..if timed { ROUNDS } else { 1 })
                    .map(|_| once(&set, setting))
                    .collect(),
            };
            report.add(&set, into, times);
        }
    }
    if timed && words.is_empty() {
        report.page(page::cost(&data::readings(1)));
    }
    report.finish(timed);
}

/// What sending a whole set once took.
#[derive(Debug, Clone, Copy)]
struct Took {
    time: Duration,
    /// Of all processors together, for the client and the endpoint.
    cpu: Option<Duration>,
}

/// A server of its own for each round: no table grows over the rounds.
fn once(set: &Set, setting: Setting) -> Took {
    let ground = Ground::new(set, setting);
    let took = ground.send(set);
    ground.check(set);
    took
}

fn again_and_again(set: &Set, setting: Setting, lasting: Duration) -> Vec<Took> {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < lasting {
        times.push(once(set, setting));
    }
    times
}
