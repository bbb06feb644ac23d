//! The spans of a send, as a collector receives them.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
use tracing::Instrument as _;
use tracing_subscriber::prelude::*;
use zb_telemetry::{Telemetry, TraceContext, names::attribute, spans};

use crate::{
    collector::{Collector, attributes},
    counting::flights,
};

const LIMIT: Duration = Duration::from_secs(20);

/// Runs something with the layer of a telemetry that exports to the collector, and exports.
fn traced(collector: &Collector, run: impl FnOnce()) {
    let telemetry = Telemetry::builder()
        .endpoint(collector.url())
        .target("app")
        .start()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    tracing::subscriber::with_default(subscriber, run);
    telemetry.shutdown(LIMIT).unwrap();
}

#[test]
fn a_send_has_children_for_converting_submitting_and_waiting() {
    let collector = Collector::start();
    traced(&collector, || {
        let send = spans::send(&flights(), 100);
        let convert = spans::convert(&send, 100);
        convert.record(attribute::BYTES, 950);
        drop(convert);
        drop(spans::submit(&send, 95, 950));
        drop(spans::wait(&send, 95, 950));
    });
    let send = collector.span("send main.nyc.flights");
    assert_eq!(send.kind(), SpanKind::Producer);
    assert!(send.parent_span_id.is_empty());
    let expected = [
        (attribute::MESSAGING_SYSTEM, "zerobus"),
        (attribute::OPERATION_NAME, "send"),
        (attribute::OPERATION_TYPE, "send"),
        (attribute::DESTINATION, "main.nyc.flights"),
        (attribute::MESSAGE_COUNT, "100"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(attributes(&send.attributes), expected.into());
    for (name, kind) in [
        ("convert", SpanKind::Internal),
        ("submit", SpanKind::Internal),
        ("wait", SpanKind::Client),
    ] {
        let child = collector.span(name);
        assert_eq!(child.kind(), kind, "{name}");
        assert_eq!(child.trace_id, send.trace_id, "{name}");
        assert_eq!(child.parent_span_id, send.span_id, "{name}");
        assert_eq!(
            attributes(&child.attributes)[attribute::BYTES],
            "950",
            "{name}"
        );
    }
}

#[test]
fn a_retry_is_linked_to_what_it_repeats() {
    let collector = Collector::start();
    traced(&collector, || {
        let send = spans::send(&flights(), 10);
        let wait = spans::wait(&send, 10, 100);
        spans::fail(&wait, "connection_lost");
        drop(spans::retry(&send, &wait, "connection_lost", 2, 10, 100));
    });
    let (wait, retry) = (collector.span("wait"), collector.span("retry"));
    assert_eq!(retry.links.len(), 1);
    assert_eq!(retry.links[0].span_id, wait.span_id);
    assert_eq!(wait.status.unwrap().code(), StatusCode::Error);
    assert_eq!(
        attributes(&wait.attributes)[attribute::ERROR_TYPE],
        "connection_lost"
    );
    assert_eq!(attributes(&retry.attributes)[attribute::ATTEMPT], "2");
}

/// A crate that has `tracing` alone opens the same spans: names and fields are all there is to it.
#[test]
fn spans_of_another_crate_are_the_same() {
    let collector = Collector::start();
    traced(&collector, || {
        let send = tracing::info_span!(
            target: "zb",
            "send",
            otel.name = "send main.nyc.flights",
            otel.kind = "producer",
            messaging.system = "zerobus",
            messaging.operation.name = "send",
            messaging.operation.type = "send",
            messaging.destination.name = "main.nyc.flights",
            messaging.batch.message_count = 100_u64,
        );
        drop(send);
        drop(spans::send(&flights(), 100));
    });
    let [by_hand, ours] = &collector.spans()[..] else {
        panic!("two spans")
    };
    assert_eq!(by_hand.name, ours.name);
    assert_eq!(by_hand.kind, ours.kind);
    assert_eq!(
        attributes(&by_hand.attributes),
        attributes(&ours.attributes)
    );
}

#[test]
fn the_parent_is_the_span_that_the_caller_is_in() {
    let collector = Collector::start();
    traced(&collector, || {
        let job = tracing::info_span!(target: "app::job", "job");
        job.in_scope(|| drop(spans::send(&flights(), 1)));
    });
    let (job, send) = (
        collector.span("job"),
        collector.span("send main.nyc.flights"),
    );
    assert_eq!(send.parent_span_id, job.span_id);
    assert_eq!(send.trace_id, job.trace_id);
}

#[test]
fn a_context_that_came_as_a_header_is_the_parent() {
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let collector = Collector::start();
    traced(&collector, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let context = TraceContext::parse(header, Some("vendor=1")).unwrap();
        assert_eq!(context.traceparent().as_deref(), Some(header));
        assert_eq!(context.tracestate().as_deref(), Some("vendor=1"));
        runtime.block_on(context.scope(async {
            tokio::task::yield_now().await;
            let send = spans::send(&flights(), 1);
            // Where the caller is can be asked for, too: within the send, that is the send.
            let inner = async { TraceContext::current().traceparent().unwrap() };
            let inner = inner.instrument(send).await;
            assert!(
                inner.contains("0af7651916cd43dd8448eb211c80319c"),
                "{inner}"
            );
            assert!(!inner.contains("b7ad6b7169203331"), "{inner}");
        }));
    });
    let send = collector.span("send main.nyc.flights");
    let hex = |bytes: &[u8]| format!("{:0width$x}", number(bytes), width = bytes.len() * 2);
    assert_eq!(hex(&send.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&send.parent_span_id), "b7ad6b7169203331");
    assert_eq!(send.trace_state, "vendor=1");
}

#[test]
fn a_malformed_header_is_no_context() {
    for header in [
        "",
        "00-0-0-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    ] {
        assert!(TraceContext::parse(header, None).is_none(), "{header}");
    }
    assert_eq!(TraceContext::default().traceparent(), None);
}

#[test]
fn spans_and_events_of_others_are_kept_out() {
    let collector = Collector::start();
    traced(&collector, || {
        let send = spans::send(&flights(), 1);
        let _entered = send.enter();
        drop(tracing::info_span!(target: "h2::client", "connection"));
        drop(tracing::info_span!(target: "hyper::proto", "poll"));
        drop(tracing::info_span!(target: "tower::buffer", "worker"));
        drop(tracing::info_span!(target: "tonic::transport", "channel"));
        drop(tracing::info_span!(target: "reqwest::connect", "connect"));
        drop(tracing::info_span!(target: "databricks_zerobus_ingest_sdk::stream", "ingest"));
        drop(tracing::info_span!(target: "zb_ingest::lane", "lane"));
        drop(tracing::debug_span!(target: "zb", "detail"));
        tracing::warn!(target: "zb_ingest::lane", row = "a value", "not for a collector");
        tracing::info!(target: "zb", "for a collector");
    });
    let spans = collector.spans();
    let [send] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(send.name, "send main.nyc.flights");
    let events: Vec<_> = send
        .events
        .iter()
        .map(|event| event.name.as_str())
        .collect();
    assert_eq!(events, ["for a collector"]);
}

/// Up to 16 bytes as the number that they are.
fn number(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte))
}
