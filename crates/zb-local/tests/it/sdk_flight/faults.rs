//! What becomes of rows where things go wrong.

use arrow_array::RecordBatch;
use databricks_zerobus_ingest_sdk::ZerobusError;
use zb_local::faults::{Code, Fault};
use zb_types::ExposeSecret as _;

use super::{MS, faulty, open, schema, sdk, send, wide};
use crate::lake::{ids, table_name};

/// Sends six batches, one after another, and gives the batches that landed twice.
async fn batches_twice(fault: Fault) -> Vec<i64> {
    let (server, _dir) = faulty(fault.clone()).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    for batch in 0..6 {
        send(&stream, batch)
            .await
            .unwrap_or_else(|e| panic!("{fault:?}: {e}"));
    }
    stream.close().await.unwrap();
    assert!(server.faults()[0].fired > 0, "{fault:?} did not happen");

    let mut landed = ids(&server).await;
    let count = |id| landed.iter().filter(|other| **other == id).count();
    let twice: Vec<i64> = (0..6).filter(|batch| count(batch * 10) > 1).collect();
    landed.dedup();
    assert_eq!(landed, (0..60).collect::<Vec<_>>(), "{fault:?}");
    server.shutdown().await.unwrap();
    twice
}

#[tokio::test]
async fn what_the_sdk_recovers_from_loses_nothing_and_repeats_what_was_in_flight() {
    for (fault, twice) in [
        (Fault::on_connect().nth(2).cut(), vec![]),
        (Fault::on_token().nth(1).answer(503), vec![]),
        (
            Fault::on_open()
                .times(2)
                .status(Code::Unavailable, "injected"),
            vec![],
        ),
        (Fault::on_open().nth(1).end(), vec![]),
        (Fault::on_open().nth(1).cut(), vec![]),
        (Fault::on_open().nth(1).close_signal(MS * 100), vec![]),
        (Fault::on_open().nth(1).expire_token(), vec![]),
        (
            Fault::on_request()
                .nth(3)
                .status(Code::Internal, "injected"),
            vec![],
        ),
        (Fault::on_request().nth(3).end(), vec![]),
        (Fault::on_request().nth(3).cut(), vec![]),
        (Fault::on_request().nth(3).close_signal(MS * 500), vec![]),
        (Fault::on_request().nth(3).freeze(MS * 300), vec![]),
        (Fault::on_request().nth(3).delay(MS * 300), vec![]),
        (Fault::on_commit().nth(3).disk_full(), vec![]),
        (Fault::on_ack().nth(3).delay(MS * 300), vec![]),
        (Fault::on_ack().nth(3).twice(), vec![]),
        // Rows never become fewer again, and an acknowledgement of nothing is none.
        (Fault::on_ack().nth(3).backwards(2), vec![]),
        (Fault::on_ack().nth(3).close_signal(MS * 500), vec![]),
        // Committed, and the SDK cannot know.
        (Fault::on_ack().nth(3).cut(), vec![2]),
        (Fault::on_ack().nth(3).cut_mid_message(), vec![2]),
        (Fault::on_ack().nth(3).end(), vec![2]),
        (
            Fault::on_ack().nth(3).status(Code::Unavailable, "injected"),
            vec![2],
        ),
    ] {
        assert_eq!(batches_twice(fault.clone()).await, twice, "{fault:?}");
    }
}

/// Sends batches until one fails, and gives the error and the rows that come back.
async fn failure(fault: Fault) -> (ZerobusError, Vec<RecordBatch>) {
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    let mut batch = 0;
    let error = loop {
        match send(&stream, batch).await {
            Ok(()) => batch += 1,
            Err(error) => break error,
        }
        assert!(batch < 10, "nothing failed");
    };
    let _ = stream.close().await;
    let unacked = stream.get_unacked_batches().await.unwrap();
    server.shutdown().await.unwrap();
    (error, unacked)
}

#[tokio::test]
async fn a_row_that_is_refused_leaves_those_before_it_in_the_table() {
    let (server, _dir) = faulty(Fault::on_record().column("id", 25).refuse()).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    stream.ingest_batch(wide(0..20, 9)).await.unwrap();
    stream.ingest_batch(wide(20..40, 9)).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(!error.is_retryable(), "{error:?}");
    let _ = stream.close().await;
    // What comes back is the rest of the batch alone.
    assert_eq!(
        stream.get_unacked_batches().await.unwrap(),
        [wide(25..40, 9)]
    );
    assert_eq!(ids(&server).await, (0..25).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_durable_in_part_is_sent_again_in_part() {
    // Ten rows of a mebibyte are several messages, and nothing is received after the third.
    let fault = Fault::on_request()
        .offset(3)
        .once()
        .status(Code::Unavailable, "injected");
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    stream.ingest_batch(wide(0..10, 1024 * 1024)).await.unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    assert_eq!(server.stats().streams_opened, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_that_expires_in_mid_stream_is_final() {
    let (error, unacked) = failure(Fault::on_request().nth(3).expire_token()).await;
    assert!(
        matches!(&error, ZerobusError::StreamClosedError(status)
            if status.code() == tonic::Code::Unauthenticated),
        "{error:?}"
    );
    assert_eq!(unacked, [wide(20..30, 9)]);
}

#[tokio::test]
async fn acknowledgements_of_rows_that_were_never_sent_are_refused() {
    for fault in [
        Fault::on_ack().nth(3).beyond(1000),
        Fault::on_ack().nth(3).saying(i64::MAX),
    ] {
        let (error, unacked) = failure(fault.clone()).await;
        assert!(
            matches!(error, ZerobusError::InvalidStateError(_)),
            "{fault:?}: {error:?}"
        );
        assert_eq!(unacked, [wide(20..30, 9)], "{fault:?}");
    }
}

#[tokio::test]
async fn acknowledgements_that_stay_away_end_in_a_time_out() {
    for fault in [
        Fault::on_ack().from_offset(1).withhold(),
        Fault::on_ack().from_offset(1).without_offset(),
        Fault::on_ack().from_offset(1).saying(-1),
    ] {
        let (server, _dir) = faulty(fault).await;
        let stream = sdk(&server)
            .stream_builder()
            .table(table_name().as_str())
            .oauth(server.client_id(), server.client_secret().expose_secret())
            .arrow(schema())
            .flush_timeout_ms(1_000)
            .build_arrow()
            .await
            .unwrap();
        send(&stream, 0).await.unwrap();
        send(&stream, 1).await.unwrap_err();
        // They are in the table all the same.
        assert_eq!(ids(&server).await, (0..20).collect::<Vec<_>>());
        drop(stream);
        server.shutdown().await.unwrap();
    }
}
