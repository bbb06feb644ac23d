//! `zb send --otlp`: what a real collector receives is what the receipt says.

use std::{collections::BTreeMap, fs::File, path::PathBuf, sync::Arc};

use arrow_array::{
    ArrayRef, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_ipc::writer::StreamWriter;
use zb_tests::{Collector, Received, Report, Span, Zb};

use crate::{Scratch, TABLE};

/// Rows of a batch, and batches of the file.
const ROWS: u64 = 500;
const BATCHES: u64 = 3;

/// Found in every row, as text and at the beginning of a number, and nowhere else.
const WORD: &str = "confidential";
const NUMBER: i64 = 7_313_000_000;

/// A file of which every tenth row has a number that is too large for a table, and every
/// twenty-fifth a time that is too fine for it.
fn with_bad_rows(scratch: &Scratch) -> PathBuf {
    let path = scratch.path().join("rows.arrows");
    let rows = 0..i64::try_from(ROWS).unwrap();
    let number = Int64Array::from_iter_values(rows.clone().map(|row| NUMBER + row));
    let word = StringArray::from_iter_values(rows.clone().map(|row| format!("{WORD} {row}")));
    let large = rows.clone().map(|row| match row % 10 {
        0 => u64::MAX,
        _ => row.unsigned_abs(),
    });
    let fine = rows.map(|row| 1_700_000_000_000_000_000 + i64::from(row % 25 == 1));
    let time = TimestampNanosecondArray::from_iter_values(fine).with_timezone("UTC");
    let batch = RecordBatch::try_from_iter([
        ("number", Arc::new(number) as ArrayRef),
        ("word", Arc::new(word)),
        ("large", Arc::new(UInt64Array::from_iter_values(large))),
        ("time", Arc::new(time)),
    ])
    .unwrap();
    let mut writer = StreamWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
    for _ in 0..BATCHES {
        writer.write(&batch).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// Sends it, and asks both sides what came of it.
fn sent(protocol: &str) -> (Report, Received) {
    let (scratch, collector) = (Scratch::new(), Collector::start());
    let url = match protocol {
        "grpc" => collector.grpc(),
        _ => collector.http(),
    };
    let sent = Zb::send_local(&with_bad_rows(&scratch), TABLE, &scratch.lake())
        .args(["--otlp", url])
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .in_dir(scratch.path())
        .run()
        .exits(3);
    // Of a collector that got less, it would be said.
    assert!(!sent.stderr.contains("collector"), "{sent:?}");
    (sent.report(), collector.received())
}

fn counts_agree((report, received): &(Report, Received)) {
    report.adds_up();
    let rejected = report.rejections.iter();
    let rejected: BTreeMap<_, _> = rejected
        .map(|rejection| (rejection.kind.clone(), rejection.count))
        .collect();
    let expected = [("integer_range", 50), ("sub_microsecond", 20)];
    let expected = expected.map(|(kind, rows)| (kind.to_owned(), rows * BATCHES));
    assert_eq!(rejected, expected.into());
    assert_eq!(report.durable, (ROWS - 50 - 20) * BATCHES);

    let counted = |metric: &str| received.sum(metric);
    assert_eq!(counted("zb.client.submitted.rows"), report.rows);
    assert_eq!(counted("zb.client.durable.rows"), report.durable);
    assert_eq!(counted("messaging.client.sent.messages"), report.durable);
    assert_eq!(counted("zb.client.sent.bytes"), report.bytes);
    assert_eq!(counted("zb.client.connections"), report.attempts);
    assert_eq!(
        received.by("error.type", "zb.client.rejected.rows"),
        rejected
    );
    for none in ["not_sent.rows", "unknown.rows", "inflight.rows", "failures"] {
        assert_eq!(counted(&format!("zb.client.{none}")), 0, "{none}");
    }
    assert_eq!(received.resource["service.name"], "zb");
}

fn spans_are_a_tree((report, received): &(Report, Received)) {
    let sends = received.spans(&format!("send {TABLE}"));
    assert_eq!(
        sends.len() as u64,
        received.sum("zb.client.submitted.batches")
    );
    let rows = |spans: &[&Span]| -> u64 {
        let counts = spans
            .iter()
            .map(|span| &span.attributes["messaging.batch.message_count"]);
        counts.map(|count| count.parse::<u64>().unwrap()).sum()
    };
    assert_eq!(rows(&sends), report.rows);
    assert!(!sends.is_empty() && sends.iter().all(|send| send.parent_id.is_empty()));
    assert!(sends.iter().all(|send| send.kind == "SPAN_KIND_PRODUCER"));
    let steps = ["convert", "submit", "wait"];
    for step in steps {
        let spans = received.spans(step);
        assert!(spans.len() >= sends.len(), "{step}: {spans:?}");
        for span in &spans {
            let parent = sends.iter().find(|send| send.span_id == span.parent_id);
            let parent = parent.unwrap_or_else(|| panic!("{span:?} is of no send"));
            assert_eq!(span.trace_id, parent.trace_id);
        }
        assert_eq!(rows(&spans), report.durable, "{step}");
    }
    let others = received
        .spans
        .iter()
        .filter(|span| !span.name.starts_with("send ") && !steps.contains(&span.name.as_str()));
    assert_eq!(others.count(), 0, "{:?}", received.spans);
}

fn no_value_is_in_it((_, received): &(Report, Received)) {
    assert!(received.log.contains("zb.client.durable.rows"));
    let number = (NUMBER / 1_000_000).to_string();
    for value in [WORD, &format!("{number}000"), &u64::MAX.to_string()] {
        assert!(!received.log.contains(value), "{value}: {}", received.log);
    }
}

#[test]
fn a_collector_receives_what_the_receipt_says_over_http() {
    let sent = sent("http/protobuf");
    counts_agree(&sent);
    spans_are_a_tree(&sent);
    no_value_is_in_it(&sent);
}

#[test]
fn a_collector_receives_what_the_receipt_says_over_grpc() {
    let sent = sent("grpc");
    counts_agree(&sent);
    spans_are_a_tree(&sent);
    no_value_is_in_it(&sent);
}

#[test]
fn a_collector_that_is_not_there_costs_no_row() {
    let scratch = Scratch::new();
    let sent = Zb::send_local(&with_bad_rows(&scratch), TABLE, &scratch.lake())
        .args(["--otlp", "http://127.0.0.1:1"])
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "200")
        .in_dir(scratch.path())
        .run()
        .exits(3);
    let report = sent.report();
    report.adds_up();
    assert_eq!(report.durable, (ROWS - 50 - 20) * BATCHES);
    assert!(sent.stderr.contains("collector"), "{sent:?}");
}
