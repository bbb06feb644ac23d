//! Ctrl-C during a send: once to end in order, twice to end at once.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use zb_tests::{Finished, Running, Serve, Zb, data, oracle};

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
pub(crate) fn commits(log: &Path) -> usize {
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

/// Long enough for a program to get as far as it can.
const A_WHILE: Duration = Duration::from_secs(2);

/// Interrupts a send once it has got as far as it can, and expects that it ends in order.
fn interrupted(running: Running, within: Duration) -> Finished {
    thread::sleep(A_WHILE);
    running.interrupt();
    let start = Instant::now();
    let finished = running.finish().exits(1).complains(&["interrupted"]);
    assert!(start.elapsed() < within, "{:?}", start.elapsed());
    finished.report().adds_up();
    finished
}

/// An Arrow stream that does not say that it ends.
fn endless() -> Vec<u8> {
    let mut stream = fs::read(data::file("flights-500.arrows")).unwrap();
    stream.truncate(stream.len() - 8);
    stream
}

#[test]
fn a_pipe_that_says_nothing_more_is_not_waited_for() {
    for (said, durable) in [
        (b"".to_vec(), 0),
        (b"{\"a\": 1}\n".repeat(100), 0),
        (endless(), 500),
    ] {
        let scratch = Scratch::new();
        let send = Zb::send_local("-".as_ref(), TABLE, &scratch.lake());
        let send = send.args(["--format", if durable > 0 { "arrow" } else { "ndjson" }]);
        let (running, mut stdin) = send.start_with_stdin();
        stdin.write_all(&said).unwrap();
        let report = interrupted(running, Duration::from_secs(5)).report();
        assert_eq!((report.rows, report.durable), (durable, durable));
    }
}

#[test]
fn a_dry_run_ends_too() {
    let scratch = Scratch::new();
    let send = Zb::send_local("-".as_ref(), TABLE, &scratch.lake()).arg("--dry-run");
    let (running, mut stdin) = send.start_with_stdin();
    stdin.write_all(&endless()).unwrap();
    let report = interrupted(running, Duration::from_secs(5)).report();
    assert_eq!((report.rows, report.not_sent), (500, 500));
}

#[test]
fn a_service_that_does_not_answer_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for flags in [
        &["--output", "json"][..],
        &["--output", "json", "--allow-missing-columns"],
    ] {
        let running = Zb::new(["send"])
            .arg(data::sample())
            .args(["--table", TABLE, "--endpoint", &url, "--host", &url])
            .args(["--client-id", "id"])
            .env("DATABRICKS_CLIENT_SECRET", "secret")
            .args(flags)
            .start();
        let report = interrupted(running, Duration::from_secs(5)).report();
        assert_eq!(report.rows, 0);
    }
}

#[test]
fn the_last_acknowledgements_are_waited_for_no_longer() {
    let scratch = Scratch::new();
    let create = format!("{TABLE}={}", data::sample().display());
    let server = Serve::start(&scratch.lake(), ["--create", &create]);
    let (running, mut stdin) = server.send("-".as_ref(), TABLE).start_with_stdin();
    // The sender is opened once the columns are known; then the server is out of reach.
    let stream = fs::read(data::file("flights-500.arrows")).unwrap();
    let (columns, rows) = stream.split_at(stream.len() / 2);
    stdin.write_all(columns).unwrap();
    thread::sleep(A_WHILE);
    server.pause();
    stdin.write_all(rows).unwrap();
    drop(stdin);
    let report = interrupted(running, Duration::from_secs(15)).report();
    // The rows of the first batches may have been in time.
    assert!(report.rows == 500 && report.unknown > 0, "{report:?}");
}
