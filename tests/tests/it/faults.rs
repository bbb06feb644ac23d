//! `zb serve` with a script of faults, and over TLS.

use std::fs;

use zb_tests::{Serve, Zb, data, oracle};

use crate::{Scratch, TABLE};

/// A server with the table of flights, a script of faults, and these arguments.
fn faulty(scratch: &Scratch, script: &str, more: &[&str]) -> Serve {
    let file = scratch.path().join("faults.toml");
    fs::write(&file, script).unwrap();
    let create = format!("{TABLE}={}", data::sample().display());
    let file = file.display().to_string();
    let arguments = ["--create", &create, "--faults", &file];
    Serve::start(&scratch.lake(), arguments.iter().chain(more))
}

#[test]
fn what_goes_wrong_before_rows_are_stored_is_not_seen_in_the_table() {
    let scratch = Scratch::new();
    let script = r#"
        [[fault]]
        on = "token"
        nth = 1
        do = "answer"
        status = 503

        [[fault]]
        on = "open"
        nth = 1
        do = "status"
        code = "UNAVAILABLE"

        [[fault]]
        on = "request"
        nth = 1
        do = "cut"
    "#;
    let server = faulty(&scratch, script, &[]);
    let sent = server.send(&data::sample(), TABLE).run().exits(0);
    let report = sent.report();
    report.adds_up();
    assert_eq!(report.durable, data::SAMPLE_ROWS);
    // They were in flight when the connection was cut, and nobody can know better than the table.
    assert!(report.possibly_duplicated > 0, "{report:?}");
    oracle::assert_table_is(&scratch.table(), &data::sample(), 1);
    server.stop();
}

#[test]
fn rows_land_over_tls() {
    let scratch = Scratch::new();
    let server = faulty(&scratch, "", &["--tls"]);
    assert!(server.address.endpoint.starts_with("https://127.0.0.1:"));
    assert!(server.address.unity_catalog_url.starts_with("https://"));
    let sent = server.send(&data::sample(), TABLE).run().exits(0);
    sent.report().all_durable(data::SAMPLE_ROWS);
    oracle::assert_table_is(&scratch.table(), &data::sample(), 1);
    server.stop();
}

#[test]
fn a_server_that_is_not_trusted_gets_no_secret_and_no_row() {
    let scratch = Scratch::new();
    let mut server = faulty(&scratch, "", &["--tls"]);
    server.address.ca = None;
    server
        .send(&data::sample(), TABLE)
        .run()
        .exits(1)
        .complains(&["certificate"]);
    server.stop();
}

#[test]
fn a_script_that_is_wrong_is_refused_with_its_line() {
    let scratch = Scratch::new();
    let file = scratch.path().join("faults.toml");
    fs::write(&file, "\n[[fault]]\non = \"ack\"\ncolour = \"red\"\n").unwrap();
    Zb::new(["serve", "--dir"])
        .arg(scratch.lake())
        .arg("--faults")
        .arg(&file)
        .run()
        .exits(2)
        .complains(&["faults.toml", "line 4", "unknown field `colour`"]);
    assert!(!scratch.lake().exists());
}
