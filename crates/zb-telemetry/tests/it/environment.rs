//! The standard's variables. Each test runs this program again, with variables of its own and with the
//! subscriber of a whole process.

use std::{
    env, fs,
    process::{Command, Output},
    time::Duration,
};

use tracing_subscriber::prelude::*;
use zb_telemetry::{Recorder as _, Telemetry, names, spans};

use crate::{
    collector::Collector,
    counting::{a_batch, flights, the_end},
};

/// What the other process does: sends twice, and flushes often.
#[test]
#[ignore = "run by the tests of this file, with an environment"]
fn in_another_process() {
    let telemetry = match Telemetry::from_env() {
        Ok(telemetry) => telemetry,
        Err(error) => {
            print!("refused: {error}");
            return;
        }
    };
    tracing_subscriber::registry()
        .with(telemetry.layer())
        .init();
    let table = flights();
    for _ in 0..2 {
        let send = spans::send(&table, 100);
        send.in_scope(|| telemetry.flush(Duration::from_secs(20)).unwrap());
        for event in a_batch(&table).iter().chain(&the_end(&table)) {
            telemetry.recorder().record(event);
        }
    }
    telemetry.flush(Duration::from_secs(20)).unwrap();
    telemetry.shutdown(Duration::from_secs(20)).unwrap();
}

fn run(variables: &[(&str, &str)]) -> Output {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "environment::in_another_process",
            "--ignored",
            "--nocapture",
        ])
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn the_environment_says_where_and_how_and_exporting_does_not_feed_itself() {
    for protocol in ["http/protobuf", "grpc"] {
        let collector = Collector::start();
        run(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=hunter2"),
            ("OTEL_SERVICE_NAME", "loader"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=test",
            ),
        ]);
        assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 200, "{protocol}");
        // Two were sent; exporting, which has spans of its own, added none.
        assert_eq!(collector.spans().len(), 2, "{protocol}");
        let resource = collector.resource();
        assert_eq!(resource["service.name"], "loader");
        assert_eq!(resource["deployment.environment.name"], "test");
        for headers in collector.headers() {
            assert_eq!(headers["x-api-key"], "hunter2", "{protocol}");
            let is_grpc = headers["content-type"] == "application/grpc";
            assert_eq!(is_grpc, protocol == "grpc");
        }
    }
}

#[test]
fn an_authority_is_read_from_the_file_that_the_environment_names() {
    let collector = Collector::with_tls();
    let file = env::temp_dir().join(format!("zb-telemetry-{}.pem", std::process::id()));
    fs::write(&file, collector.authority()).unwrap();
    for protocol in ["http/protobuf", "grpc"] {
        run(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", file.to_str().unwrap()),
        ]);
        assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 200, "{protocol}");
    }
    fs::remove_file(file).unwrap();
}

#[test]
fn a_signal_can_be_left_out_and_so_can_all() {
    let collector = Collector::start();
    let url = collector.url();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str());
    run(&[endpoint, ("OTEL_SDK_DISABLED", "true")]);
    assert!(collector.headers().is_empty());
    run(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]);
    assert!(collector.spans().is_empty());
    assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 200);
}

#[test]
fn a_word_that_means_nothing_is_refused() {
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "soon"),
        ("OTEL_TRACES_EXPORTER", "jaeger"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent.pem"),
    ] {
        let output = run(&[(name, value)]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains(&format!("refused: {name} is wrong")),
            "{printed}"
        );
    }
}
