//! `zb serve` in one process, `zb send` in another, and all that the one may refuse the other.

use std::fs;

use zb_tests::{Finished, Serve, Zb, data, oracle};

use crate::{Scratch, TABLE};

/// `--create main.nyc.flights=FILE`
fn create(file: &std::path::Path) -> [String; 2] {
    ["--create".to_owned(), format!("{TABLE}={}", file.display())]
}

/// A server that has the table of flights.
fn server(scratch: &Scratch) -> Serve {
    Serve::start(&scratch.lake(), create(&data::sample()))
}

/// Sends the sample to [`TABLE`] and expects that nothing gets through.
fn refused(server: &Serve, words: &[&str]) -> Finished {
    server
        .send(&data::sample(), TABLE)
        .run()
        .exits(1)
        .complains(words)
}

#[test]
fn a_client_with_the_printed_address_gets_through() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let sent = server.send(&data::sample(), TABLE).run().exits(0);
    sent.report().all_durable(data::SAMPLE_ROWS);
    oracle::assert_table_is(&scratch.table(), &data::sample(), 1);
    let stopped = server.stop();
    assert!(!stopped.stderr.contains("panicked"), "{}", stopped.stderr);
}

#[test]
fn addresses_are_loopback_urls() {
    let scratch = Scratch::new();
    let address = server(&scratch).address.clone();
    for url in [&address.endpoint, &address.unity_catalog_url] {
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    assert!(!address.client_id.is_empty() && address.client_secret.len() >= 16);
}

#[test]
fn a_server_started_again_knows_its_clients_and_its_rows() {
    let scratch = Scratch::new();
    let file = data::file("flights-500.arrow");
    let mut clients = Vec::new();
    for times in [1, 2] {
        let server = server(&scratch);
        server
            .send(&file, TABLE)
            .run()
            .exits(0)
            .report()
            .all_durable(500);
        oracle::assert_table_is(&scratch.table(), &file, times);
        let address = server.address.clone();
        clients.push((address.client_id, address.client_secret));
        server.stop();
    }
    assert_eq!(clients[0], clients[1]);
}

#[test]
fn a_table_can_be_created_from_sql() {
    let scratch = Scratch::new();
    let sql = scratch.path().join("flights.sql");
    fs::write(
        &sql,
        "CREATE TABLE main.nyc.flights (year BIGINT, month BIGINT, day BIGINT, dep_time BIGINT, \
         sched_dep_time BIGINT, dep_delay BIGINT, arr_time BIGINT, sched_arr_time BIGINT, \
         arr_delay BIGINT, carrier STRING, flight BIGINT, tailnum STRING, origin STRING, \
         dest STRING, air_time BIGINT, distance BIGINT, hour BIGINT, minute BIGINT, \
         time_hour TIMESTAMP)",
    )
    .unwrap();
    let server = Serve::start(&scratch.lake(), create(&sql));
    server
        .send(&data::sample(), TABLE)
        .run()
        .exits(0)
        .report()
        .all_durable(data::SAMPLE_ROWS);
    oracle::assert_table_is(&scratch.table(), &data::sample(), 1);
}

#[test]
fn a_table_is_created_by_itself_only_when_asked() {
    let scratch = Scratch::new();
    let server = Serve::start(&scratch.lake(), ["--auto-create"]);
    server
        .send(&data::sample(), TABLE)
        .run()
        .exits(0)
        .report()
        .all_durable(data::SAMPLE_ROWS);
    assert_eq!(oracle::rows(&scratch.table()), data::SAMPLE_ROWS);
}

#[test]
fn a_wrong_secret_is_refused_and_not_repeated() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let wrong = "dapi-this-is-not-the-secret";
    let sent = server
        .send(&data::sample(), TABLE)
        .env("DATABRICKS_CLIENT_SECRET", wrong)
        .run()
        .exits(1)
        .complains(&["secret"]);
    assert!(
        !sent.stderr.contains(wrong) && !sent.stdout.contains(wrong),
        "{sent:?}"
    );
    assert_eq!(oracle::rows(&scratch.table()), 0);
}

#[test]
fn secrets_are_never_printed() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let secret = server.address.client_secret.clone();
    let sent = server
        .send(&data::sample(), "main.nyc.nowhere")
        .env("RUST_LOG", "trace")
        .run();
    assert!(
        !sent.stderr.contains(&secret) && !sent.stdout.contains(&secret),
        "{sent:?}"
    );
    let stopped = server.stop();
    assert!(!stopped.stderr.contains(&secret), "{}", stopped.stderr);
}

#[test]
fn an_unknown_table_is_named() {
    let scratch = Scratch::new();
    let server = Serve::start(&scratch.lake(), [""; 0]);
    refused(&server, &[TABLE]);
    assert!(!scratch.table().exists());
}

#[test]
fn a_column_that_the_file_lacks_is_named() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let file = data::without("dep_delay", scratch.path());
    server
        .send(&file, TABLE)
        .run()
        .exits(1)
        .complains(&["dep_delay"]);
    assert_eq!(oracle::rows(&scratch.table()), 0);
}

#[test]
fn a_column_that_the_table_lacks_is_named() {
    let scratch = Scratch::new();
    let table = data::without("dep_delay", scratch.path());
    let server = Serve::start(&scratch.lake(), create(&table));
    refused(&server, &["dep_delay"]);
    assert_eq!(oracle::rows(&scratch.table()), 0);
}

#[test]
fn a_column_of_another_type_is_named() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let file = data::as_text("dep_delay", scratch.path());
    server
        .send(&file, TABLE)
        .run()
        .exits(1)
        .complains(&["dep_delay"]);
    assert_eq!(oracle::rows(&scratch.table()), 0);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let gone = server.send(&data::sample(), TABLE);
    let host = server.address.unity_catalog_url.replace("http://", "");
    server.stop();
    gone.run().exits(1).complains(&[&host]);
}

#[test]
fn two_servers_cannot_share_a_port() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let taken = server.address.endpoint.replace("http://", "");
    Zb::new(["serve", "--dir"])
        .arg(scratch.path().join("another-lake"))
        .args(["--listen", &taken])
        .run()
        .exits(1)
        .complains(&[&taken, "in use"]);
}

#[test]
fn without_an_address_the_missing_variable_is_named() {
    let file = data::sample();
    let sent = Zb::new(["send"])
        .arg(file)
        .args(["--table", TABLE])
        .run()
        .exits(2);
    sent.complains(&["ZEROBUS_SERVER_ENDPOINT"]);
}
