//! `stream_initialization_and_basic_lifecycle`, `schema_tests`.

use std::time::{Duration, Instant};

use databricks_zerobus_ingest_sdk::{ProtoBytes, StreamBuilder, ZerobusError};
use tonic::Code as Grpc;
use zb_local::faults::{Code, Fault};

use super::{MS, batch, faulty, open, record, same};
use crate::{
    client::encoder,
    lake::{ids, schema},
};

/// The code that a stream could not be opened with, and how often that was tried.
async fn not_opened(
    fault: Fault,
    set: impl FnOnce(StreamBuilder<'_>) -> StreamBuilder<'_>,
) -> (Grpc, u64) {
    let (server, _dir) = faulty(fault).await;
    let code = match open(&server, set).await.err().unwrap() {
        ZerobusError::CreateStreamError(status) => status.code(),
        other => panic!("{other:?}"),
    };
    let opens = server.stats().opens;
    drop(server);
    (code, opens)
}

#[tokio::test]
async fn a_stream_that_cannot_be_opened_is_tried_again_where_that_helps() {
    let failing = |code| Fault::on_open().status(code, "injected");
    assert_eq!(
        not_opened(failing(Code::InvalidArgument), same).await,
        (Grpc::InvalidArgument, 1)
    );
    assert_eq!(
        not_opened(failing(Code::NotFound), same).await,
        (Grpc::NotFound, 1)
    );
    // One more with another token.
    assert_eq!(
        not_opened(failing(Code::Unauthenticated), same).await,
        (Grpc::Unauthenticated, 2)
    );
    assert_eq!(
        not_opened(failing(Code::Unavailable), same).await,
        (Grpc::Unavailable, 5)
    );
    let twice = not_opened(failing(Code::Internal), |b| b.recovery_retries(1)).await;
    assert_eq!(twice, (Grpc::Internal, 2));
    let without = not_opened(failing(Code::Unavailable), |b| b.recovery(false)).await;
    assert_eq!(without, (Grpc::Unavailable, 1));
    // No answer in time.
    let silent = Fault::on_open().delay(Duration::from_mins(1));
    let impatient = not_opened(silent, |b| b.recovery_timeout_ms(100).recovery_retries(1)).await;
    assert_eq!(impatient.0, Grpc::DeadlineExceeded);
}

#[tokio::test]
async fn a_stream_can_be_closed_again_and_takes_nothing_more() {
    let (server, _dir) = faulty([]).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.close().await.unwrap();
    stream.close().await.unwrap();
    assert!(stream.is_closed());
    stream.flush().await.unwrap();
    for refused in [
        stream.ingest_record_offset(record(1)).await.err(),
        stream.ingest_records_offset(batch(1..3)).await.err(),
    ] {
        assert!(
            matches!(refused, Some(ZerobusError::StreamClosedError(_))),
            "{refused:?}"
        );
    }
    assert_eq!(stream.get_unacked_records().await.unwrap().count(), 0);
    assert_eq!(ids(&server).await, [0]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_failed_can_be_closed() {
    let (server, _dir) =
        faulty(Fault::on_request().status(Code::InvalidArgument, "injected")).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    stream.flush().await.unwrap_err();
    for _ in 0..2 {
        stream.close().await.unwrap();
    }
    assert_eq!(stream.get_unacked_records().await.unwrap().count(), 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_lets_go_at_once() {
    let (server, _dir) = faulty(Fault::on_ack().withhold()).await;
    let stream = open(&server, same).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    let begun = Instant::now();
    drop(stream);
    // It waits for all streams to end.
    server.shutdown().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn records_are_of_the_kind_of_their_stream() {
    let (server, _dir) = faulty([]).await;
    let json = open(&server, same).await.unwrap();
    let proto = encoder(&schema()).descriptor().clone();
    let proto = open(&server, |b| b.compiled_proto(proto)).await.unwrap();
    for refused in [
        json.ingest_record_offset(ProtoBytes(vec![])).await.err(),
        json.ingest_records_offset(vec![ProtoBytes(vec![])])
            .await
            .err(),
        proto.ingest_record_offset(record(0)).await.err(),
        proto.ingest_records_offset(batch(0..2)).await.err(),
    ] {
        assert!(
            matches!(refused, Some(ZerobusError::InvalidArgument(_))),
            "{refused:?}"
        );
    }
    drop((json, proto));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn closing_waits_for_what_is_late() {
    let (server, _dir) = faulty(Fault::on_ack().delay(MS * 300)).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.ingest_records_offset(batch(0..10)).await.unwrap();
    let begun = Instant::now();
    stream.close().await.unwrap();
    assert!(begun.elapsed() >= MS * 300);
    assert_eq!(stream.get_unacked_records().await.unwrap().count(), 0);
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}
