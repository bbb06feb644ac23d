//! From events to a collector, over every transport.

use std::time::Duration;

use tracing_subscriber::prelude::*;
use zb_telemetry::{
    Error, ErrorKind, Protocol, Recorder as _, Telemetry, TelemetryBuilder, names, spans,
};
use zb_types::Secret;

use crate::{
    collector::Collector,
    counting::{a_batch, flights, the_end},
};

const LIMIT: Duration = Duration::from_secs(20);

/// Sends a batch and a span, and checks that both arrive.
fn arrives(collector: &Collector, builder: TelemetryBuilder) {
    let telemetry = builder.endpoint(collector.url()).start().unwrap();
    let table = flights();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || drop(spans::send(&table, 100)));
    let recorder = telemetry.recorder();
    for event in a_batch(&table).iter().chain(&the_end(&table)) {
        recorder.record(event);
    }
    telemetry.shutdown(LIMIT).unwrap();

    assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 100);
    assert_eq!(collector.sum(names::DURABLE_ROWS.name), 90);
    assert_eq!(collector.sum(names::REJECTED_ROWS.name), 7);
    assert_eq!(collector.sum(names::SENT_MESSAGES.name), 125);
    assert_eq!(collector.metrics().len(), names::METRICS.len());
    assert_eq!(collector.spans().len(), 1);
    assert_eq!(collector.resource()["service.name"], "zb");
}

#[test]
fn all_arrives_over_http() {
    arrives(&Collector::start(), Telemetry::builder());
}

#[test]
fn all_arrives_over_grpc() {
    arrives(
        &Collector::start(),
        Telemetry::builder().protocol(Protocol::Grpc),
    );
}

#[test]
fn all_arrives_over_http_with_tls() {
    let collector = Collector::with_tls();
    arrives(
        &collector,
        Telemetry::builder().ca_certificate(collector.authority()),
    );
}

#[test]
fn all_arrives_over_grpc_with_tls() {
    let collector = Collector::with_tls();
    let builder = Telemetry::builder().protocol(Protocol::Grpc);
    arrives(&collector, builder.ca_certificate(collector.authority()));
}

#[test]
fn a_collector_that_nobody_vouches_for_gets_nothing() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::with_tls();
        let builder = Telemetry::builder()
            .endpoint(collector.url())
            .protocol(protocol)
            .header("x-api-key", Secret::from("hunter2"))
            .timeout(Duration::from_millis(300));
        let telemetry = builder.start().unwrap();
        telemetry.recorder().record(&a_batch(&flights())[0]);
        let error = telemetry.shutdown(LIMIT).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Export, "{error:?}");
        assert!(collector.headers().is_empty());
    }
}

#[test]
fn headers_arrive_and_are_never_shown() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = Collector::start();
        let builder = Telemetry::builder()
            .endpoint(collector.url())
            .protocol(protocol)
            .header("x-api-key", Secret::from("hunter2"));
        let before = format!("{builder:?}");
        let telemetry = builder.start().unwrap();
        let shown = format!("{before} {telemetry:?} {:?}", telemetry.recorder());
        telemetry.recorder().record(&a_batch(&flights())[0]);
        telemetry.flush(LIMIT).unwrap();
        assert_eq!(
            collector.headers()[0]["x-api-key"],
            "hunter2",
            "{protocol:?}"
        );
        assert!(shown.contains("x-api-key"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_header_that_cannot_be_one_is_refused_without_being_shown() {
    let builder = Telemetry::builder().header("x-api-key", Secret::from("two\nlines"));
    let error = builder.start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("x-api-key") && !shown.contains("lines"),
        "{shown}"
    );
}

#[test]
fn an_address_that_is_none_is_refused() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let builder = Telemetry::builder().protocol(protocol);
        let error = builder.endpoint("not an address").start().unwrap_err();
        assert!(matches!(error, Error::Setup { .. }), "{error:?}");
    }
}

#[test]
fn the_resource_says_what_the_builder_says() {
    let collector = Collector::start();
    let telemetry = Telemetry::builder()
        .endpoint(collector.url())
        .service_name("loader")
        .resource_attribute("deployment.environment.name", "test")
        .start()
        .unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    telemetry.flush(LIMIT).unwrap();
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "loader");
    assert_eq!(resource["deployment.environment.name"], "test");
}

#[tokio::test]
async fn exporting_works_on_a_runtime_with_one_thread() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let collector = tokio::task::spawn_blocking(Collector::start).await.unwrap();
        let builder = Telemetry::builder().endpoint(collector.url());
        let telemetry = builder.protocol(protocol).start().unwrap();
        telemetry.recorder().record(&a_batch(&flights())[0]);
        drop(telemetry);
        assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 100);
        tokio::task::spawn_blocking(|| drop(collector))
            .await
            .unwrap();
    }
}
