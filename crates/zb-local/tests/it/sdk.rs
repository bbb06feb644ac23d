//! The official SDK, unmodified.

use databricks_zerobus_ingest_sdk::{ProtoBytes, ZerobusError, ZerobusSdk, ZerobusStream};
use zb_local::{Landing, Server};
use zb_types::ExposeSecret as _;

use crate::{
    client::{encoder, rows},
    lake::{flights, ids, schema, server, table_name},
};

async fn stream(server: &Server) -> (ZerobusSdk, ZerobusStream) {
    let sdk = ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .build()
        .unwrap();
    let stream = sdk
        .stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .compiled_proto(encoder(&schema()).descriptor().clone())
        .build()
        .await
        .unwrap();
    (sdk, stream)
}

fn payload(ids: std::ops::Range<i64>) -> Vec<ProtoBytes> {
    rows(&encoder(&schema()), &flights(ids))
        .into_iter()
        .map(ProtoBytes)
        .collect()
}

#[tokio::test]
async fn rows_land() {
    let (server, _dir) = server(|builder| builder).await;
    let (_sdk, mut stream) = stream(&server).await;
    for chunk in 0..10 {
        let ids = chunk * 100..(chunk + 1) * 100;
        stream.ingest_records_offset(payload(ids)).await.unwrap();
    }
    let single = payload(1000..1001).remove(0);
    let offset = stream.ingest_record_offset(single).await.unwrap();
    stream.wait_for_offset(offset).await.unwrap();
    assert_eq!(ids(&server).await, (0..1001).collect::<Vec<_>>());
    stream.close().await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn rotation_loses_and_repeats_nothing() {
    let (server, _dir) = server(|builder| builder).await;
    let (_sdk, mut stream) = stream(&server).await;
    for chunk in 0..20 {
        let ids = chunk * 10..(chunk + 1) * 10;
        stream.ingest_records_offset(payload(ids)).await.unwrap();
        if chunk % 5 == 4 {
            server.rotate_streams(std::time::Duration::from_secs(5));
        }
    }
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..200).collect::<Vec<_>>());
    assert!(server.stats().streams_opened > 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_server_that_comes_back_gets_the_rest() {
    let (first, dir) = server(|builder| builder).await;
    let address = first.endpoint().strip_prefix("http://").unwrap().to_owned();
    let (_sdk, mut stream) = stream(&first).await;
    stream.ingest_records_offset(payload(0..10)).await.unwrap();
    stream.flush().await.unwrap();
    first.shutdown().await.unwrap();
    stream.ingest_records_offset(payload(10..20)).await.unwrap();

    let again = Server::builder(dir.path())
        .listen(address)
        .start()
        .await
        .unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&again).await, (0..20).collect::<Vec<_>>());
    again.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_bad_row_comes_back() {
    let (server, _dir) = server(|builder| builder).await;
    let (_sdk, mut stream) = stream(&server).await;
    stream.ingest_records_offset(payload(0..10)).await.unwrap();
    let mut poisoned = payload(10..20);
    poisoned.push(ProtoBytes(vec![0x08]));
    stream.ingest_records_offset(poisoned).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    // It says so although the stream failed; what is unacknowledged tells.
    stream.close().await.unwrap();
    let unacked = stream.get_unacked_batches().await.unwrap();
    assert_eq!(unacked.len(), 1);
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_a_landing_rows_are_checked_and_acknowledged_and_gone() {
    let (server, _dir) = server(|builder| builder.landing(Landing::Memory)).await;
    let (_sdk, mut stream) = stream(&server).await;
    stream.ingest_records_offset(payload(0..10)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(server.stats().rows, 10);
    let bad = vec![ProtoBytes(vec![0x08])];
    stream.ingest_records_offset(bad).await.unwrap();
    stream.flush().await.unwrap_err();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, Vec::<i64>::new());
    server.shutdown().await.unwrap();
}
