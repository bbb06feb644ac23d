//! The matrix of faults: each row is something that goes wrong, the rows that are sent meanwhile, and
//! what must hold afterwards. `driver.rs` runs a row, `tests/python/judge.py` judges all of them from
//! the tables.

mod acks;
mod belief;
mod case;
mod clients;
mod disks;
mod driver;
mod host;
mod judge;
mod network;
mod poison;
mod processes;
mod rows;
mod senders;
mod sequences;
mod soak;
mod stage;
mod statuses;
mod tokens;

use std::{collections::BTreeSet, fs, sync::Arc};

use tokio::{sync::Semaphore, task::JoinSet};

use crate::Scratch;

/// How many cases run at once: most of the time they wait.
const AT_ONCE: usize = 6;

fn cases() -> Vec<case::Case> {
    [
        network::cases(),
        statuses::cases(),
        acks::cases(),
        tokens::cases(),
        poison::cases(),
        disks::cases(),
        senders::cases(),
        processes::cases(),
    ]
    .concat()
}

/// The names of all cases.
pub(crate) fn names() -> Vec<String> {
    cases().into_iter().map(|case| case.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_every_row_is_accounted_for() {
    let scratch = Scratch::alone();
    let beliefs = scratch.path().join("beliefs");
    fs::create_dir(&beliefs).unwrap();
    // The names of single cases can be asked for, by a part of them.
    let only = std::env::var("ZB_FAULT_CASE").unwrap_or_default();
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|case| case.name.contains(&only))
        .collect();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.clone()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");

    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (number, case) in cases.into_iter().enumerate() {
        let (turns, beliefs) = (Arc::clone(&turns), beliefs.clone());
        let directory = scratch.path().join(format!("case-{number}"));
        fs::create_dir(&directory).unwrap();
        running.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            let began = std::time::Instant::now();
            let ran = driver::run(&case, &directory).await;
            if let Ok(ran) = &ran {
                ran.belief.write(&beliefs.join(format!("{number}.json")));
            }
            (case.name, began.elapsed(), ran)
        });
    }
    let mut failures = Vec::new();
    let mut recoveries = Vec::new();
    let mut disks = Vec::new();
    let mut slowest = Vec::new();
    while let Some(ran) = running.join_next().await {
        let (name, took, ran) = ran.unwrap();
        slowest.push((took, name.clone()));
        match ran {
            Ok(ran) => {
                recoveries.extend(ran.belief.recovery_ms);
                disks.extend(ran.disk);
            }
            Err(problem) => failures.push(format!("{name}: {problem}")),
        }
    }
    let verdicts = judge::judge(&beliefs);
    drop(disks);
    for (name, verdict) in &verdicts {
        failures.extend(verdict.violations.iter().map(|v| format!("{name}: {v}")));
    }
    slowest.sort_unstable();
    recoveries.sort_unstable();
    let sum = |of: fn(&judge::Verdict) -> u64| verdicts.values().map(of).sum::<u64>();
    println!(
        "{} cases; rows: {} offered, {} durable, {} rejected, {} not sent, {} unknown, {} lost, \
         {} unaccounted; {} duplicates reported, {} real; recovered {} times, at most in {} ms; \
         slowest cases: {:?}",
        names.len(),
        sum(|v| v.offered),
        sum(|v| v.durable),
        sum(|v| v.rejected),
        sum(|v| v.not_sent),
        sum(|v| v.unknown),
        sum(|v| v.lost),
        sum(|v| v.unaccounted),
        sum(|v| v.duplicates_reported),
        sum(|v| v.duplicates_real),
        recoveries.len(),
        recoveries.last().copied().unwrap_or_default(),
        &slowest[slowest.len().saturating_sub(5)..],
    );
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
