//! `failure_scenarios`, with recovery and without.

use databricks_zerobus_ingest_sdk::{EncodedBatch, ZerobusError, ZerobusStream};
use tonic::Code as Grpc;
use zb_local::faults::{Code, Fault};

use super::{MS, batch, faulty, open, record, same};
use crate::{lake::ids, sdk_flight::sdk};

/// How many records each batch that is not acknowledged has.
async fn unacked(stream: &ZerobusStream) -> Vec<usize> {
    let batches = stream.get_unacked_batches().await.unwrap();
    batches.iter().map(EncodedBatch::get_record_count).collect()
}

fn closed_with(error: &ZerobusError) -> Option<Grpc> {
    match error {
        ZerobusError::StreamClosedError(status) => Some(status.code()),
        _ => None,
    }
}

#[tokio::test]
async fn without_recovery_an_error_ends_the_stream_and_everything_comes_back() {
    let fault = Fault::on_request()
        .offset(2)
        .status(Code::Unavailable, "injected");
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, |b| b.recovery(false)).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.ingest_records_offset(batch(1..4)).await.unwrap();
    stream.wait_for_offset(1).await.unwrap();
    stream.ingest_record_offset(record(4)).await.unwrap();
    // It may have failed by now.
    let _ = stream.ingest_records_offset(batch(5..8)).await;
    let error = stream.wait_for_offset(2).await.unwrap_err();
    assert_eq!(closed_with(&error), Some(Grpc::Unavailable), "{error:?}");
    stream.flush().await.unwrap_err();
    stream.close().await.unwrap();
    let unacked = unacked(&stream).await;
    assert!([&[1][..], &[1, 3]].contains(&&unacked[..]), "{unacked:?}");
    assert_eq!(ids(&server).await, [0, 1, 2, 3]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_without_recovery() {
    let (server, _dir) = faulty(Fault::on_ack().withhold()).await;
    let stream = open(&server, |b| {
        b.recovery(false).server_lack_of_ack_timeout_ms(200)
    });
    let stream = stream.await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert_eq!(
        closed_with(&error),
        Some(Grpc::DeadlineExceeded),
        "{error:?}"
    );
    assert_eq!(unacked(&stream).await, [1]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_for_another_stream() {
    let (server, _dir) = faulty(Fault::on_ack().once().withhold()).await;
    let mut stream = open(&server, |b| b.server_lack_of_ack_timeout_ms(200))
        .await
        .unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    // It had been committed.
    assert_eq!(ids(&server).await, [0, 0]);
    assert_eq!(server.stats().streams_opened, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn recovery_that_does_not_succeed_ends_the_stream() {
    let faults = [
        Fault::on_request().nth(2).cut(),
        Fault::on_open()
            .from_nth(2)
            .status(Code::Unavailable, "injected"),
    ];
    let (server, _dir) = faulty(faults).await;
    let mut stream = open(&server, |b| b.recovery_retries(2)).await.unwrap();
    for id in 0..2 {
        stream.ingest_record_offset(record(id)).await.unwrap();
        let _ = stream.wait_for_offset(id).await;
    }
    let error = stream.flush().await.unwrap_err();
    assert_eq!(closed_with(&error), Some(Grpc::Unavailable), "{error:?}");
    stream.close().await.unwrap();
    assert_eq!(unacked(&stream).await, [1]);
    // The first, one after the cut, and two more.
    assert_eq!(server.stats().opens, 4);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_close_says_what_the_flush_in_it_failed_with() {
    let fault = Fault::on_request()
        .offset(1)
        .after(MS * 300)
        .status(Code::InvalidArgument, "injected");
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.ingest_record_offset(record(1)).await.unwrap();
    let error = stream.close().await.unwrap_err();
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    assert_eq!(unacked(&stream).await, [1]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn batches_are_sent_again_as_they_were() {
    // Refused before anything of them is committed, so each of them lands once.
    let fault = Fault::on_request()
        .offset(0)
        .once()
        .status(Code::Internal, "injected");
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.ingest_records_offset(batch(0..3)).await.unwrap();
    stream.ingest_record_offset(record(3)).await.unwrap();
    stream.ingest_records_offset(batch(4..9)).await.unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..9).collect::<Vec<_>>());
    // Offsets are calls on the second stream as well.
    assert_eq!(server.stats().highest_offset, Some(2));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_came_back_is_sent_by_a_stream_that_is_made_anew() {
    let fault = Fault::on_request()
        .nth(2)
        .status(Code::InvalidArgument, "injected");
    let (server, _dir) = faulty(fault).await;
    let sdk = sdk(&server);
    let mut stream = super::builder(&sdk, &server).build().await.unwrap();
    stream.ingest_records_offset(batch(0..3)).await.unwrap();
    stream.flush().await.unwrap();
    stream.ingest_records_offset(batch(3..6)).await.unwrap();
    stream.flush().await.unwrap_err();
    stream.close().await.unwrap();
    let mut again = sdk.recreate_stream(&stream).await.unwrap();
    again.flush().await.unwrap();
    again.close().await.unwrap();
    assert_eq!(unacked(&again).await, [0; 0]);
    assert_eq!(ids(&server).await, (0..6).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}
