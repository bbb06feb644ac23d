//! The clock of the machine is set back while rows are on their way.

use std::{
    fs,
    io::Write as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use zb_tests::{Serve, Zb, oracle};

use crate::{Scratch, TABLE, interrupt::commits};

/// What makes a process believe in another time (Debian: libfaketime).
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// More rows than are read at once, before and after.
const ROWS: u64 = 20_000;

fn lines(ids: std::ops::Range<u64>) -> String {
    let lines: Vec<_> = ids.map(|id| format!("{{\"id\":{id}}}\n")).collect();
    lines.concat()
}

#[test]
fn a_clock_that_is_set_back_loses_nothing_and_mixes_no_files_up() {
    if !Path::new(FAKETIME).exists() {
        println!("skipped: libfaketime is not installed");
        return;
    }
    let scratch = Scratch::new();
    let types = scratch.path().join("table.sql");
    fs::write(&types, format!("CREATE TABLE {TABLE} (id BIGINT)")).unwrap();
    let create = format!("{TABLE}={}", types.display());
    let server = Serve::start(&scratch.lake(), ["--create", &create]);

    let clock = scratch.path().join("clock");
    fs::write(&clock, "+0").unwrap();
    let debug = scratch.path().join("debug");
    let send = server
        .send("-".as_ref(), TABLE)
        .args(["--format", "ndjson", "--infer-rows", "10"])
        .args(["--debug-file-bytes", "65536", "--debug-dir"])
        .arg(&debug)
        .env("LD_PRELOAD", FAKETIME)
        .env("FAKETIME_TIMESTAMP_FILE", &clock)
        .env("FAKETIME_NO_CACHE", "1")
        // A machine whose clock is set goes on counting.
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let (running, mut stdin) = send.start_with_stdin();
    stdin.write_all(lines(0..ROWS).as_bytes()).unwrap();
    let log = scratch.table().join("_delta_log");
    let until = Instant::now() + Duration::from_mins(1);
    while commits(&log) < 2 {
        assert!(Instant::now() < until, "no row was committed");
        thread::sleep(Duration::from_millis(5));
    }
    fs::write(&clock, "-10d").unwrap();
    stdin.write_all(lines(ROWS..2 * ROWS).as_bytes()).unwrap();
    drop(stdin);
    running.finish().exits(0).report().all_durable(2 * ROWS);
    assert_eq!(oracle::rows(&scratch.table()), 2 * ROWS);

    // The files of each mirror are in the order in which they were written.
    let mirror = |kind: &str| debug.join("zerobus").join(kind);
    for kind in ["arrow", "proto"] {
        let shown = Zb::new(["inspect", "--as", "json", "--rows", "1"])
            .arg(mirror(kind))
            .run()
            .exits(0);
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        let files = shown["files"].as_array().unwrap();
        let first = |file: &Value| file["sample"][0]["id"].as_u64().unwrap();
        let firsts: Vec<u64> = files.iter().map(first).collect();
        assert!(firsts.len() > 2, "{firsts:?}");
        assert!(firsts.is_sorted(), "{kind}: {firsts:?}");
        let rows: u64 = files
            .iter()
            .map(|file| file["rows"].as_u64().unwrap())
            .sum();
        assert_eq!(rows, 2 * ROWS, "{kind}");
    }
}
