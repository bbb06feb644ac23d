//! The official SDK, unmodified, with streams that can be resumed: `eos`, in development there.

use std::time::Duration;

use databricks_zerobus_ingest_sdk::{
    JsonString, PersistentStream, ProtoBytes, ZerobusError, ZerobusResult,
};
use zb_local::{
    Server,
    faults::{Code, Fault, FaultScript},
};
use zb_types::ExposeSecret as _;

use crate::{
    client::{encoder, rows},
    lake::{flights, ids, schema, server, table_name},
    sdk_flight::sdk,
};

const MS: Duration = Duration::from_millis(1);

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.commit_every(MS * 20).faults(script)).await
}

/// A new stream, or one that is resumed.
async fn open(server: &Server, id: Option<&str>) -> ZerobusResult<PersistentStream> {
    let sdk = sdk(server);
    let stream = sdk
        .persistent_stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .recovery_backoff_ms(10)
        .flush_timeout_ms(30_000);
    match id {
        None => stream.build().await,
        Some(id) => stream.resume(id).await,
    }
}

fn payload(ids: std::ops::Range<i64>) -> Vec<ProtoBytes> {
    let rows = rows(&encoder(&schema()), &flights(ids));
    rows.into_iter().map(ProtoBytes).collect()
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_even_over_another_server() {
    let (first, dir) = faulty([]).await;
    let mut stream = open(&first, None).await.unwrap();
    let id = stream.stream_id().unwrap().to_owned();
    assert_eq!(stream.resume_watermark(), None);
    stream.ingest_records_offset(payload(0..10)).await.unwrap();
    let offset = stream
        .ingest_record_offset(payload(10..11).remove(0))
        .await
        .unwrap();
    assert_eq!(offset, 1);
    stream.close().await.unwrap();

    let mut stream = open(&first, Some(&id)).await.unwrap();
    assert_eq!(stream.resume_watermark(), Some(1));
    assert_eq!(
        stream.ingest_records_offset(payload(11..20)).await.unwrap(),
        Some(2)
    );
    stream.close().await.unwrap();
    first.shutdown().await.unwrap();

    let again = Server::builder(dir.path()).start().await.unwrap();
    let mut stream = open(&again, Some(&id)).await.unwrap();
    assert_eq!(stream.resume_watermark(), Some(2));
    assert_eq!(
        stream.ingest_records_offset(payload(20..30)).await.unwrap(),
        Some(3)
    );
    stream.close().await.unwrap();
    assert_eq!(ids(&again).await, (0..30).collect::<Vec<_>>());
    again.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_without_records_can_be_resumed() {
    let (first, dir) = faulty([]).await;
    let id = open(&first, None)
        .await
        .unwrap()
        .stream_id()
        .unwrap()
        .to_owned();
    drop(first);
    let again = Server::builder(dir.path()).start().await.unwrap();
    let mut stream = open(&again, Some(&id)).await.unwrap();
    assert_eq!(stream.resume_watermark(), None);
    assert_eq!(
        stream.ingest_records_offset(payload(0..3)).await.unwrap(),
        Some(0)
    );
    stream.close().await.unwrap();
    assert_eq!(ids(&again).await, [0, 1, 2]);
    again.shutdown().await.unwrap();
}

/// Each of these has another kind of stream repeat what was in flight.
#[tokio::test]
async fn whatever_goes_wrong_each_row_is_there_once() {
    for fault in [
        Fault::on_request()
            .nth(3)
            .status(Code::Internal, "injected"),
        Fault::on_request().nth(3).cut(),
        Fault::on_request().nth(3).close_signal(MS * 500),
        Fault::on_commit().nth(3).disk_full(),
        Fault::on_ack().nth(3).cut(),
        Fault::on_ack().nth(3).cut_mid_message(),
        Fault::on_ack().nth(3).end(),
        Fault::on_ack().nth(3).status(Code::Unavailable, "injected"),
        Fault::on_ack().nth(3).without_offset(),
        Fault::on_ack().nth(3).close_signal(Duration::ZERO),
    ] {
        let (server, _dir) = faulty(fault.clone()).await;
        let mut stream = open(&server, None).await.unwrap();
        for batch in 0..6 {
            let rows = payload(batch * 10..batch * 10 + 10);
            let offset = stream.ingest_records_offset(rows).await.unwrap().unwrap();
            stream
                .wait_for_offset(offset)
                .await
                .unwrap_or_else(|e| panic!("{fault:?}: {e}"));
        }
        stream.close().await.unwrap();
        assert!(server.faults()[0].fired > 0, "{fault:?} did not happen");
        assert_eq!(ids(&server).await, (0..60).collect::<Vec<_>>(), "{fault:?}");
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_checkpoint_remembers_the_stream() {
    let (server, _dir) = server(|builder| builder.commit_every(MS)).await;
    let mut stream = open(&server, None).await.unwrap();
    let id = stream.stream_id().unwrap().to_owned();
    for row in 0..110 {
        let record = payload(row..row + 1).remove(0);
        let offset = stream.ingest_record_offset(record).await.unwrap();
        stream.wait_for_offset(offset).await.unwrap();
    }
    stream.close().await.unwrap();
    let log = server.table_path(&table_name()).join("_delta_log");
    assert!(log.join("_last_checkpoint").exists());
    let mut stream = open(&server, Some(&id)).await.unwrap();
    assert_eq!(stream.resume_watermark(), Some(109));
    stream.close().await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_has_one_connection() {
    let (server, _dir) = faulty([]).await;
    // With recovery it would take the stream back.
    let sdk = sdk(&server);
    let first = sdk
        .persistent_stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .recovery(false);
    let first = first.build().await.unwrap();
    let id = first.stream_id().unwrap().to_owned();
    first.ingest_records_offset(payload(0..10)).await.unwrap();
    first.flush().await.unwrap();
    let mut second = open(&server, Some(&id)).await.unwrap();
    assert_eq!(second.resume_watermark(), Some(0));
    second.ingest_records_offset(payload(10..20)).await.unwrap();
    second.close().await.unwrap();
    // The server has let go of it.
    let row = payload(20..21).remove(0);
    let late = match first.ingest_record_offset(row).await {
        Ok(offset) => first.wait_for_offset(offset).await,
        Err(error) => Err(error),
    };
    assert!(
        matches!(late, Err(ZerobusError::StreamClosedError(_))),
        "{late:?}"
    );
    drop(first);
    assert_eq!(ids(&server).await, (0..20).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn json_lands() {
    let (server, _dir) = faulty([]).await;
    let sdk = sdk(&server);
    let stream = sdk
        .persistent_stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .json();
    let mut stream = stream.build().await.unwrap();
    let record = JsonString(r#"{"id": 7}"#.to_owned());
    stream.ingest_record_offset(record).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, [7]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_never_was_cannot_be_resumed() {
    let (server, _dir) = faulty([]).await;
    for id in ["1", "00000000-0000-4000-8000-000000000000"] {
        let error = open(&server, Some(id)).await.err().unwrap();
        assert!(
            matches!(&error, ZerobusError::CreateStreamError(status)
                if status.code() == tonic::Code::NotFound),
            "{error:?}"
        );
    }
    server.shutdown().await.unwrap();
}
