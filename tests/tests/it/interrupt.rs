//! Ctrl-C during a send: once to end in order, twice to end at once.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use zb_tests::{Running, Zb, data, oracle};

use crate::{Scratch, TABLE};

/// So many copies of the sample take long enough to be interrupted.
const LONG: u64 = 10 * data::A_YEAR;

/// A send that has begun to land rows, of a file with so many.
fn under_way(scratch: &Scratch) -> Running {
    let file = data::grown(LONG, scratch.path());
    let running = Zb::send_local(&file, TABLE, &scratch.lake()).start();
    let log = scratch.table().join("_delta_log");
    let start = Instant::now();
    // The first commit creates the table; those that follow hold rows.
    while commits(&log) < 2 {
        assert!(
            start.elapsed() < Duration::from_mins(1),
            "no row has landed"
        );
        thread::sleep(Duration::from_millis(5));
    }
    running
}

/// The versions of a table: files named by number alone, which temporary ones are not.
fn commits(log: &Path) -> usize {
    let entries = fs::read_dir(log).into_iter().flatten().flatten();
    let stems = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".json")?.parse::<u64>().ok()
    });
    stems.count()
}

#[test]
fn once_ends_in_order_and_says_what_is_durable() {
    let scratch = Scratch::new();
    let running = under_way(&scratch);
    running.interrupt();
    let report = running.finish().exits(1).report();
    report.adds_up();
    assert!(report.durable > 0, "{report:?}");
    assert!(
        report.durable < LONG * data::SAMPLE_ROWS,
        "it was too late to interrupt: {report:?}"
    );

    // What is reported durable is there; what may be there besides is reported as such.
    let found = oracle::rows(&scratch.table());
    assert!(found >= report.durable, "{found} rows, {report:?}");
    assert!(
        found <= report.durable + report.unknown + report.possibly_duplicated,
        "{report:?}"
    );
}

#[test]
fn twice_ends_at_once() {
    let scratch = Scratch::new();
    let running = under_way(&scratch);
    running.interrupt();
    running.interrupt();
    let start = Instant::now();
    let finished = running.finish();
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert_ne!(finished.code(), 0);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);

    // A table that was written to until the last moment is still one that can be read.
    oracle::rows(&scratch.table());
}
