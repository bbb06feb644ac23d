//! Files are streamed: a file of ten times the size takes no more memory.

use zb_tests::{Zb, data};

use crate::{Scratch, TABLE};

/// How much more the large file may take than the small one.
const GROWTH: f64 = 1.25;

fn peak_memory(copies: u64) -> u64 {
    let scratch = Scratch::alone();
    let file = data::grown(copies, scratch.path());
    let sent = Zb::send_local(&file, TABLE, &scratch.lake()).run().exits(0);
    sent.report().all_durable(copies * data::SAMPLE_ROWS);
    sent.peak_memory
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let year = peak_memory(data::A_YEAR);
    let decade = peak_memory(10 * data::A_YEAR);
    let growth = decade as f64 / year as f64;
    let mib = |bytes: u64| bytes / (1 << 20);
    println!(
        "peak resident set: {} MiB for a year of flights, {} MiB for ten: {growth:.2}x",
        mib(year),
        mib(decade),
    );
    assert!(
        growth <= GROWTH,
        "{growth:.2}x: {} MiB, then {} MiB",
        mib(year),
        mib(decade)
    );
}
