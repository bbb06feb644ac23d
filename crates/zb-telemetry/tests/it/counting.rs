//! The counters in memory.

use std::{thread, time::Duration};

use zb_telemetry::{Event, FanOut, Fates, Recorder as _, Stats};
use zb_types::TableName;

/// A table.
pub(crate) fn flights() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

/// A batch of 100 rows of which 90 become durable, 4 of them perhaps twice, 7 are rejected, 2 are not
/// sent and the fate of one is unknown.
pub(crate) fn a_batch(table: &TableName) -> Vec<Event<'_>> {
    let millis = Duration::from_millis;
    vec![
        Event::Submitted {
            table,
            rows: 100,
            bytes: 4096,
        },
        Event::Encoded {
            table,
            rows: 95,
            bytes: 950,
            elapsed: millis(2),
        },
        Event::Rejected {
            table,
            kind: "out_of_range",
            rows: 5,
        },
        Event::Admitted {
            table,
            rows: 60,
            bytes: 600,
            waited: millis(1),
        },
        Event::Admitted {
            table,
            rows: 33,
            bytes: 330,
            waited: millis(7),
        },
        Event::TokenRequested {
            elapsed: millis(30),
            error: Some("unavailable"),
        },
        Event::TokenRequested {
            elapsed: millis(20),
            error: None,
        },
        Event::TokenUsed { age: millis(1500) },
        Event::Connecting {
            table,
            attempt: 1,
            wait: millis(0),
            again: false,
        },
        Event::Sent {
            table,
            rows: 60,
            bytes: 600,
        },
        Event::Sent {
            table,
            rows: 33,
            bytes: 330,
        },
        Event::Acknowledged {
            table,
            rows: 60,
            bytes: 600,
            latency: millis(40),
        },
        Event::Released {
            table,
            rows: 60,
            bytes: 600,
        },
        Event::Connecting {
            table,
            attempt: 2,
            wait: millis(250),
            again: true,
        },
        Event::Retried {
            table,
            cause: "connection_lost",
        },
        Event::Sent {
            table,
            rows: 32,
            bytes: 320,
        },
        Event::Rejected {
            table,
            kind: "refused_by_service",
            rows: 2,
        },
        Event::Acknowledged {
            table,
            rows: 30,
            bytes: 300,
            latency: millis(80),
        },
        Event::PossiblyDuplicated { table, rows: 4 },
        Event::DebugDropped {
            mirror: "arrow",
            batches: 3,
        },
        Event::Failed {
            table,
            kind: "gave_up",
        },
    ]
}

/// How [`a_batch`] ends: with its fates.
pub(crate) fn the_end(table: &TableName) -> Vec<Event<'_>> {
    let fates = Fates {
        durable: 90,
        rejected: 7,
        not_sent: 2,
        unknown: 1,
    };
    vec![
        Event::Released {
            table,
            rows: 33,
            bytes: 330,
        },
        Event::Settled {
            table,
            fates,
            elapsed: Duration::from_millis(400),
        },
    ]
}

#[test]
fn every_row_that_was_handed_in_is_found_in_one_fate() {
    let (stats, table) = (Stats::new(), flights());
    for event in a_batch(&table).iter().chain(&the_end(&table)) {
        stats.record(event);
    }
    let counted = stats.snapshot();
    let rejected: u64 = counted.rejected_rows.values().sum();
    let fates = counted.durable_rows + rejected + counted.not_sent_rows + counted.unknown_rows;
    assert_eq!(counted.submitted_rows, 100);
    assert_eq!(fates, 100);
    assert_eq!(counted.possibly_duplicated_rows, 4);
    assert_eq!((counted.inflight_rows, counted.inflight_bytes), (0, 0));
}

#[test]
fn rows_are_in_flight_from_their_admission_to_their_release() {
    let (stats, table) = (Stats::new(), flights());
    for event in &a_batch(&table) {
        stats.record(event);
    }
    let counted = stats.snapshot();
    assert_eq!((counted.inflight_rows, counted.inflight_bytes), (33, 330));
}

#[test]
fn words_are_counted_apart() {
    let (stats, table) = (Stats::new(), flights());
    for event in &a_batch(&table) {
        stats.record(event);
    }
    let counted = stats.snapshot();
    assert_eq!(counted.rejected_rows["out_of_range"], 5);
    assert_eq!(counted.rejected_rows["refused_by_service"], 2);
    assert_eq!(counted.retries["connection_lost"], 1);
    assert_eq!(counted.failures["gave_up"], 1);
    assert_eq!(counted.token_failures["unavailable"], 1);
    assert_eq!((counted.connections, counted.reconnects), (2, 1));
    assert_eq!(counted.debug_dropped_batches, 3);
}

#[test]
fn times_have_a_number_a_mean_and_a_worst() {
    let (stats, table) = (Stats::new(), flights());
    assert_eq!(stats.snapshot().ack.mean(), None);
    assert_eq!(stats.snapshot().token_age, None);
    for event in &a_batch(&table) {
        stats.record(event);
    }
    let counted = stats.snapshot();
    assert_eq!(counted.ack.count, 2);
    assert_eq!(counted.ack.mean(), Some(Duration::from_millis(60)));
    assert_eq!(counted.ack.max, Duration::from_millis(80));
    assert_eq!(counted.queue.total, Duration::from_millis(8));
    assert_eq!(counted.token_age, Some(Duration::from_millis(1500)));
}

#[test]
fn threads_that_count_at_once_lose_nothing() {
    let (stats, table) = (Stats::new(), flights());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    stats.record(&Event::Sent {
                        table: &table,
                        rows: 3,
                        bytes: 30,
                    });
                    stats.record(&Event::Retried {
                        table: &table,
                        cause: "busy",
                    });
                }
            });
        }
    });
    let counted = stats.snapshot();
    assert_eq!((counted.sent_rows, counted.sent_bytes), (12_000, 120_000));
    assert_eq!(counted.retries["busy"], 4000);
}

#[test]
fn a_fan_out_of_none_is_empty() {
    assert!(FanOut::new().is_empty());
    assert!(!FanOut::new().with(Stats::new()).is_empty());
}
