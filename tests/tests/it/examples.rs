//! The programs that people copy run to their end, and do what they print.

use std::{fs, path::Path, time::Duration};

use zb_tests::{Collector, Finished, Serve, Zb, oracle, table_dir};

use crate::Scratch;

/// The number before a word of the output.
fn number(finished: &Finished, word: &str) -> u64 {
    let words: Vec<_> = finished.stdout.split_whitespace().collect();
    let found = words
        .windows(2)
        .find(|pair| pair[1].trim_matches([',', ':', ';']) == word);
    let found = found.unwrap_or_else(|| panic!("{word}: {}", finished.stdout));
    found[0].parse().unwrap()
}

/// The example with its tables below a directory.
fn example(name: &str, lake: &Path) -> Zb {
    Zb::example(name, [lake])
}

fn readings(lake: &Path) -> u64 {
    oracle::rows(&table_dir(lake, "main.default.readings"))
}

#[test]
fn a_sensor_feed_ends_by_itself_with_all_that_was_measured() {
    let scratch = Scratch::new();
    let ran = example("sensor_feed", &scratch.lake()).args(["2"]).run();
    let ran = ran.exits(0);
    let durable = number(&ran, "durable");
    assert!(durable > 0);
    assert_eq!(number(&ran, "readings"), durable);
    assert_eq!(readings(&scratch.lake()), durable);
}

#[test]
fn a_sensor_feed_that_is_interrupted_loses_nothing() {
    let scratch = Scratch::new();
    let running = example("sensor_feed", &scratch.lake())
        .args(["3600"])
        .start();
    // Not before rows are on their way; how many is for the feed to say.
    let log = table_dir(&scratch.lake(), "main.default.readings").join("_delta_log");
    let first = log.join("00000000000000000001.json");
    for _ in 0..3000 {
        if first.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    running.interrupt();
    let ran = running.finish().exits(0);
    assert!(ran.stdout.contains("interrupted"), "{}", ran.stdout);
    assert_eq!(number(&ran, "readings"), number(&ran, "durable"));
    assert_eq!(readings(&scratch.lake()), number(&ran, "durable"));
}

#[test]
fn a_sensor_feed_goes_to_the_workspace_of_the_environment() {
    let scratch = Scratch::new();
    let statement = scratch.path().join("readings.sql");
    fs::write(
        &statement,
        "CREATE TABLE main.default.readings (sensor STRING NOT NULL, at TIMESTAMP NOT NULL, celsius DOUBLE)",
    )
    .unwrap();
    let create = format!("main.default.readings={}", statement.display());
    let server = Serve::start(&scratch.lake(), ["--create", create.as_str()]);
    let ran = example("sensor_feed", &scratch.path().join("unused"))
        .args(["1"])
        .env("ZEROBUS_SERVER_ENDPOINT", &server.address.endpoint)
        .env("DATABRICKS_HOST", &server.address.unity_catalog_url)
        .env("DATABRICKS_CLIENT_ID", &server.address.client_id)
        .env("DATABRICKS_CLIENT_SECRET", &server.address.client_secret)
        .run()
        .exits(0);
    assert!(!scratch.path().join("unused").exists());
    assert_eq!(readings(&scratch.lake()), number(&ran, "durable"));
}

#[test]
fn a_bridge_commits_what_is_settled_and_nothing_is_lost_in_a_rebalance() {
    let scratch = Scratch::new();
    let ran = example("kafka_bridge", &scratch.lake()).run().exits(0);
    // Two partitions of 200 messages, each with one that is no order and one that is too large.
    assert_eq!(number(&ran, "durable"), 2 * (200 - 2));
    assert_eq!((number(&ran, "rejected"), number(&ran, "dead")), (2, 2));
    for line in [
        "lost [1], all of it settled",
        "got [1]",
        "committed {0: 200, 1: 200}",
    ] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
    let orders = table_dir(&scratch.lake(), "main.default.orders");
    assert_eq!(oracle::rows(&orders), 2 * (200 - 2));
    let dead = fs::read_to_string(scratch.lake().join("dead-letters/messages.tsv")).unwrap();
    let offsets: Vec<_> = dead.lines().map(|line| &line[..4]).collect();
    assert_eq!(offsets, ["0\t17", "1\t17"]);
    assert!(scratch.lake().join("dead-letters/rejected").is_dir());
}

#[test]
fn a_traced_service_carries_the_trace_of_its_caller_to_the_send() {
    let (scratch, collector) = (Scratch::new(), Collector::start());
    let ran = example("traced_service", &scratch.lake())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.http())
        .run()
        .exits(0);
    assert_eq!(ran.stdout.matches("is stored, 1 row").count(), 3);
    let visits = table_dir(&scratch.lake(), "main.default.visits");
    assert_eq!(oracle::rows(&visits), 3);

    let received = collector.received();
    assert_eq!(received.resource["service.name"], "visits");
    assert_eq!(received.sum("zb.client.durable.rows"), 3);
    let (visits, sends) = (
        received.spans("visit"),
        received.spans("send main.default.visits"),
    );
    assert_eq!((visits.len(), sends.len()), (3, 3));
    for (trace, visit) in (1..).zip(visits) {
        assert_eq!(visit.trace_id, format!("{trace:032x}"));
        assert_eq!(visit.parent_id, format!("{trace:016x}"));
        let mut children = sends.iter().filter(|send| send.parent_id == visit.span_id);
        let child = children.next().expect("a send within the visit");
        assert_eq!(child.trace_id, visit.trace_id);
    }
}

#[test]
fn a_traced_service_without_a_collector_writes_files() {
    let scratch = Scratch::new();
    let ran = example("traced_service", &scratch.lake()).run().exits(0);
    assert!(ran.stdout.contains("are exported"), "{}", ran.stdout);
    let files = fs::read_dir(scratch.lake().join("telemetry")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<_> = names.collect();
    for signal in ["spans-", "metrics-"] {
        assert!(
            names.iter().any(|name| name.starts_with(signal)),
            "{names:?}"
        );
    }
}
