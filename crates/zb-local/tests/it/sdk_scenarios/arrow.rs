//! `arrow_flight`.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use databricks_zerobus_ingest_sdk::{
    StreamBuilder, ZerobusArrowStream, ZerobusError, ZerobusResult,
};
use tonic::Code as Grpc;
use zb_local::{
    Server,
    faults::{Code, Fault},
};

use super::{MS, builder, faulty, same};
use crate::{lake::ids, sdk_flight::sdk};

fn schema() -> SchemaRef {
    let id = Field::new("id", DataType::Int64, false);
    Arc::new(Schema::new(vec![id]))
}

fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_new(schema(), vec![ids]).unwrap()
}

async fn open(
    server: &Server,
    set: impl FnOnce(StreamBuilder<'_>) -> StreamBuilder<'_>,
) -> ZerobusResult<ZerobusArrowStream> {
    let sdk = sdk(server);
    let stream = set(builder(&sdk, server).arrow(schema()));
    stream.build_arrow().await
}

#[tokio::test]
async fn a_stream_can_be_closed_again_and_takes_nothing_more() {
    let (server, _dir) = faulty([]).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(stream.ingest_batch(batch(0..5)).await.unwrap(), 0);
    assert_eq!(stream.ingest_batch(batch(5..9)).await.unwrap(), 1);
    stream.close().await.unwrap();
    stream.close().await.unwrap();
    assert!(stream.is_closed());
    stream.ingest_batch(batch(9..10)).await.unwrap_err();
    assert_eq!(stream.get_unacked_batches().await.unwrap(), []);
    assert_eq!(ids(&server).await, (0..9).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_batch_of_another_schema_does_not_leave_the_client() {
    let (server, _dir) = faulty([]).await;
    let stream = open(&server, same).await.unwrap();
    let other = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
    let other = batch(0..1).with_schema(Arc::new(other)).unwrap();
    let error = stream.ingest_batch(other).await.unwrap_err();
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    assert_eq!(server.stats().requests, 0);
    drop(stream);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn many_tasks_share_a_stream() {
    let (server, _dir) = faulty([]).await;
    let stream = Arc::new(open(&server, same).await.unwrap());
    let tasks = (0..6).map(|task| {
        let stream = stream.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                let id = task * 100 + number * 10;
                stream.ingest_batch(batch(id..id + 10)).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    Arc::into_inner(stream).unwrap().close().await.unwrap();
    assert_eq!(ids(&server).await, (0..600).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_or_left_for_another_stream() {
    let (server, _dir) = faulty(Fault::on_ack().once().withhold()).await;
    let stream = open(&server, |b| {
        b.recovery(false).server_lack_of_ack_timeout_ms(200)
    });
    let mut stream = stream.await.unwrap();
    stream.ingest_batch(batch(0..3)).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    let _ = stream.close().await;
    assert_eq!(stream.get_unacked_batches().await.unwrap(), [batch(0..3)]);
    server.shutdown().await.unwrap();

    let (server, _dir) = faulty(Fault::on_ack().once().withhold()).await;
    let stream = open(&server, |b| b.server_lack_of_ack_timeout_ms(200));
    let mut stream = stream.await.unwrap();
    stream.ingest_batch(batch(0..3)).await.unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    // It had been committed.
    assert_eq!(ids(&server).await, [0, 0, 1, 1, 2, 2]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_came_back_is_sent_by_a_stream_that_is_made_anew() {
    let fault = Fault::on_request()
        .nth(2)
        .status(Code::InvalidArgument, "injected");
    let (server, _dir) = faulty(fault).await;
    let sdk = sdk(&server);
    let stream = builder(&sdk, &server).arrow(schema());
    let mut stream = stream.build_arrow().await.unwrap();
    stream.ingest_batch(batch(0..3)).await.unwrap();
    stream.flush().await.unwrap();
    stream.ingest_batch(batch(3..6)).await.unwrap();
    stream.flush().await.unwrap_err();
    let _ = stream.close().await;
    let mut again = sdk.recreate_arrow_stream(&stream).await.unwrap();
    again.flush().await.unwrap();
    again.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..6).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_cannot_be_opened_is_tried_again_where_that_helps() {
    for (code, found, opens) in [
        (Code::InvalidArgument, Grpc::InvalidArgument, 1),
        (Code::Unavailable, Grpc::Unavailable, 5),
        (Code::Unauthenticated, Grpc::Unauthenticated, 2),
    ] {
        let (server, _dir) = faulty(Fault::on_open().status(code, "injected")).await;
        match open(&server, same).await.err().unwrap() {
            ZerobusError::CreateStreamError(status) => assert_eq!(status.code(), found),
            other => panic!("{other:?}"),
        }
        assert_eq!(server.stats().opens, opens, "{code:?}");
    }
    // No sign that the stream is ready.
    let (server, _dir) = faulty(Fault::on_open().delay(MS * 60_000)).await;
    let stream = open(&server, |b| {
        b.connection_timeout_ms(100).recovery_retries(1)
    });
    let error = stream.await.err().unwrap();
    assert!(
        matches!(error, ZerobusError::ConnectionTimeout(_)),
        "{error:?}"
    );
}
