//! The official SDK, unmodified, with Arrow batches.

mod faults;
mod types;

use std::{sync::Arc, time::Duration};

use arrow_array::{ArrayRef, Int64Array, LargeStringArray, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use databricks_zerobus_ingest_sdk::{ZerobusArrowStream, ZerobusError, ZerobusResult, ZerobusSdk};
use zb_local::{Server, faults::FaultScript};
use zb_types::ExposeSecret as _;

use crate::lake::{self, ids, server, table_name};

const MS: Duration = Duration::from_millis(1);

pub(crate) fn sdk(server: &Server) -> ZerobusSdk {
    ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .build()
        .unwrap()
}

async fn open_packed(
    server: &Server,
    schema: &SchemaRef,
    packed: Option<CompressionType>,
) -> ZerobusResult<ZerobusArrowStream> {
    sdk(server)
        .stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .arrow(schema.clone())
        .ipc_compression(packed)
        .recovery_backoff_ms(10)
        .flush_timeout_ms(30_000)
        .build_arrow()
        .await
}

async fn open(server: &Server, schema: &SchemaRef) -> ZerobusResult<ZerobusArrowStream> {
    open_packed(server, schema, None).await
}

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.commit_every(MS * 20).faults(script)).await
}

/// The schema of flights as the service wants it.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::LargeUtf8, true),
    ]))
}

/// Rows of it, each with so many letters.
fn wide(ids: std::ops::Range<i64>, letters: usize) -> RecordBatch {
    let names = ids.clone().map(|id| {
        let id = id.to_string();
        "0".repeat(letters - id.len()) + &id
    });
    let names: ArrayRef = Arc::new(LargeStringArray::from_iter_values(names));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_new(schema(), vec![ids, names]).unwrap()
}

/// Sends a batch of ten rows and waits for it.
async fn send(stream: &ZerobusArrowStream, batch: i64) -> ZerobusResult<()> {
    let offset = stream
        .ingest_batch(wide(batch * 10..batch * 10 + 10, 9))
        .await?;
    stream.wait_for_offset(offset).await
}
/// The letters of the heaviest row: its number has the rest.
const MOST: usize = 10 * 1024 * 1024 - 8;

#[tokio::test]
async fn a_row_has_a_limit_and_a_batch_has_none() {
    let (server, _dir) = faulty([]).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    // Each row is a message of its own, some of them as heavy as they may be.
    stream.ingest_batch(wide(0..3, MOST)).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(ids(&server).await, [0, 1, 2]);
    assert_eq!(server.stats().requests, 3);

    stream.ingest_batch(wide(3..4, MOST + 1)).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(
        error.to_string().contains("over the limit of 10485760"),
        "{error:?}"
    );
    let _ = stream.close().await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn rotation_loses_and_repeats_nothing() {
    let (server, _dir) = faulty([]).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    let mut batches = 0..;
    for rotations in 1..=2 {
        server.rotate_streams(Duration::from_secs(5));
        while server.stats().streams_opened <= rotations {
            send(&stream, batches.next().unwrap()).await.unwrap();
        }
    }
    // Over the newest connection: a close in the middle of a rotation is a failure to the SDK.
    send(&stream, batches.next().unwrap()).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(
        ids(&server).await,
        (0..batches.start * 10).collect::<Vec<_>>()
    );
    server.shutdown().await.unwrap();
}
#[tokio::test]
async fn a_table_is_made_of_the_schema_where_that_is_allowed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path())
        .auto_create()
        .start()
        .await
        .unwrap();
    let mut stream = open(&server, &schema()).await.unwrap();
    stream.ingest_batch(wide(0..3, 9)).await.unwrap();
    stream.close().await.unwrap();
    let landed = lake::read(&server.table_path(&table_name())).await;
    let names = landed.column_by_name("name").unwrap();
    let names = names.as_any().downcast_ref::<StringArray>().unwrap();
    assert_eq!(names.value(2), "000000002");
    assert_eq!(ids(&server).await, [0, 1, 2]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_not_there_is_not_found() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path()).start().await.unwrap();
    let error = open(&server, &schema()).await.err().unwrap();
    assert!(
        matches!(&error, ZerobusError::CreateStreamError(status)
            if status.code() == tonic::Code::NotFound),
        "{error:?}"
    );
    server.shutdown().await.unwrap();
}
