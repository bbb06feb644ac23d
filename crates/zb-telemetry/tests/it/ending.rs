//! Flushing, shutting down, dropping; with a collector and without.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use tracing_subscriber::prelude::*;
use zb_telemetry::{Error, ErrorKind, Protocol, Recorder as _, Telemetry, names, spans};

use crate::{
    collector::Collector,
    counting::{a_batch, flights},
};

#[test]
fn dropping_exports_what_there_is() {
    let collector = Collector::start();
    let telemetry = Telemetry::builder()
        .endpoint(collector.url())
        .start()
        .unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, || drop(spans::send(&flights(), 1)));
    drop(telemetry);
    assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), 100);
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn flushing_does_not_end_it() {
    let collector = Collector::start();
    let telemetry = Telemetry::builder()
        .endpoint(collector.url())
        .start()
        .unwrap();
    for times in 1..=2 {
        telemetry.recorder().record(&a_batch(&flights())[0]);
        telemetry.flush(Duration::from_secs(20)).unwrap();
        assert_eq!(collector.sum(names::SUBMITTED_ROWS.name), times * 100);
    }
}

#[test]
fn shutting_down_twice_is_shutting_down_once() {
    let collector = Collector::start();
    let builder = Telemetry::builder().endpoint(collector.url());
    let telemetry = builder.start().unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    telemetry.shutdown(Duration::from_secs(20)).unwrap();
    telemetry.shutdown(Duration::from_secs(20)).unwrap();
    let exports = collector.headers().len();
    drop(telemetry);
    assert_eq!(collector.headers().len(), exports);
}

/// Takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, format!("http://{address}"))
}

#[test]
fn dropping_waits_for_two_seconds_at_most() {
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        let (_listener, url) = silent();
        let builder = Telemetry::builder().endpoint(url);
        let telemetry = builder.protocol(protocol).start().unwrap();
        telemetry.recorder().record(&a_batch(&flights())[0]);
        let start = Instant::now();
        drop(telemetry);
        let taken = start.elapsed();
        // The collector was waited for; a busy machine gets a second.
        assert!(
            taken >= Duration::from_millis(1900),
            "{protocol:?} {taken:?}"
        );
        assert!(taken < Duration::from_secs(3), "{protocol:?} {taken:?}");
    }
}

#[test]
fn a_collector_that_never_answers_is_reported() {
    let (_listener, url) = silent();
    let telemetry = Telemetry::builder().endpoint(url).start().unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    let limit = Duration::from_millis(200);
    let error = telemetry.shutdown(limit).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
}

#[test]
fn a_collector_that_is_not_there_is_reported() {
    let (listener, url) = silent();
    drop(listener);
    let builder = Telemetry::builder().endpoint(url);
    let telemetry = builder.timeout(Duration::from_millis(200)).start().unwrap();
    telemetry.recorder().record(&a_batch(&flights())[0]);
    let error = telemetry.shutdown(Duration::from_secs(20)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Export, "{error:?}");
}
