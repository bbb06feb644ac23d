//! `graceful_close`: what the SDK does between a close signal and the end of the stream.

use std::time::{Duration, Instant};

use zb_local::faults::{Code, Fault, FaultScript};

use super::{MS, batch, faulty, open, record};
use crate::lake::ids;

/// A stream is told to close at its second request, while the acknowledgements of it are late. How
/// long it takes until everything is acknowledged, and the rows that landed.
async fn told(
    grace: Duration,
    late: Duration,
    patience: Option<u64>,
    more: Option<Fault>,
) -> (Duration, Vec<i64>) {
    let mut faults = vec![
        Fault::on_request().offset(1).once().close_signal(grace),
        Fault::on_ack().offset(1).once().delay(late),
    ];
    faults.extend(more);
    let (server, _dir) = faulty(FaultScript::new(faults)).await;
    let mut stream = open(&server, |b| b.stream_paused_max_wait_time_ms(patience))
        .await
        .unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.wait_for_offset(0).await.unwrap();
    let begun = Instant::now();
    stream.ingest_record_offset(record(1)).await.unwrap();
    // Taken while the stream is paused, and sent by the next one.
    tokio::time::sleep(MS * 50).await;
    stream.ingest_records_offset(batch(2..5)).await.unwrap();
    stream.flush().await.unwrap();
    let taken = begun.elapsed();
    stream.close().await.unwrap();
    assert!(server.stats().streams_opened >= 2);
    let landed = ids(&server).await;
    server.shutdown().await.unwrap();
    (taken, landed)
}

#[tokio::test]
async fn the_sdk_waits_for_what_is_in_flight_and_no_longer() {
    // All of it is acknowledged long before the end.
    let (taken, landed) = told(MS * 20_000, MS * 200, None, None).await;
    assert_eq!(landed, [0, 1, 2, 3, 4]);
    assert!(taken < MS * 10_000, "{taken:?}");
    // So long does the server want it to wait, whether it would wait longer or not.
    for patience in [None, Some(60_000)] {
        let (taken, landed) = told(MS * 600, MS * 300, patience, None).await;
        assert_eq!(landed, [0, 1, 2, 3, 4]);
        assert!(taken >= MS * 250, "{taken:?}");
    }
}

#[tokio::test]
async fn the_sdk_does_not_wait_where_it_is_told_not_to() {
    for patience in [0, 100] {
        let (taken, mut landed) = told(MS * 20_000, MS * 5_000, Some(patience), None).await;
        // What was in flight is committed, and sent again: its acknowledgement comes too late.
        assert!(landed.starts_with(&[0, 1, 1, 2]), "{patience}: {landed:?}");
        assert!(taken < MS * 5_000, "{taken:?}");
        // What is taken at the end of a pause is sometimes sent by both streams.
        landed.dedup();
        assert_eq!(landed, [0, 1, 2, 3, 4], "{patience}");
    }
    // The server ends the stream at once, before it has read on or after.
    let (_, mut landed) = told(Duration::ZERO, MS * 100, None, None).await;
    landed.dedup();
    assert_eq!(landed, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn an_error_in_the_pause_is_recovered_from() {
    let fault = Fault::on_ack()
        .offset(1)
        .once()
        .status(Code::Unavailable, "injected");
    let (_, landed) = told(MS * 20_000, Duration::ZERO, None, Some(fault)).await;
    assert_eq!(landed, [0, 1, 1, 2, 3, 4]);
}
