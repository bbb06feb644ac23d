//! The official SDK, unmodified, with records of every kind that it has but Arrow.

use std::time::Duration;

use databricks_zerobus_ingest_sdk::{
    AvroBytes, AvroRecord, AvroValue, JsonString, JsonValue, ProtoBytes, StreamBuilder,
    ZerobusError, ZerobusResult, ZerobusSdk, ZerobusStream, message_descriptor,
};

use zb_local::Server;
use zb_types::ExposeSecret as _;

use crate::{
    client::{encoder, rows},
    lake::{self, flights, ids, schema, server, table_name},
    sdk_flight::sdk,
};

const AVRO: &str = r#"{"type": "record", "name": "flight", "fields": [
    {"name": "id", "type": "long"}, {"name": "name", "type": ["null", "string"]}]}"#;

fn builder<'a>(sdk: &'a ZerobusSdk, server: &Server) -> StreamBuilder<'a> {
    sdk.stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .recovery_backoff_ms(10)
}

async fn open(
    server: &Server,
    kind: impl FnOnce(StreamBuilder<'_>) -> StreamBuilder<'_>,
) -> ZerobusResult<ZerobusStream> {
    let sdk = sdk(server);
    kind(builder(&sdk, server)).build().await
}

/// A function of its own, as lifetimes keep the method from being passed.
fn json(builder: StreamBuilder<'_>) -> StreamBuilder<'_> {
    builder.json()
}

fn avro(id: i64) -> AvroValue {
    let name = AvroValue::Union(1, Box::new(AvroValue::String(format!("flight {id}"))));
    AvroValue::Record(vec![
        ("id".to_owned(), AvroValue::Long(id)),
        ("name".to_owned(), name),
    ])
}

/// Asserts that the first flights are there, and nothing else.
async fn assert_landed(server: &Server, count: i64) {
    assert_eq!(ids(server).await, (0..count).collect::<Vec<_>>());
    let landed = lake::read(&server.table_path(&table_name())).await;
    let mut names: Vec<_> =
        arrow_array::cast::AsArray::as_string::<i32>(landed.column_by_name("name").unwrap())
            .iter()
            .map(|name| name.unwrap().to_owned())
            .collect();
    names.sort_unstable();
    let mut expected: Vec<_> = (0..count).map(|id| format!("flight {id}")).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn json_lands() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = open(&server, json).await.unwrap();
    let record = |id: i64| serde_json::json!({"id": id, "name": format!("flight {id}")});
    // Text and values, one by one and many at once.
    stream
        .ingest_record_offset(JsonString(record(0).to_string()))
        .await
        .unwrap();
    stream
        .ingest_record_offset(JsonValue(record(1)))
        .await
        .unwrap();
    let batch: Vec<_> = (2..50).map(|id| JsonValue(record(id))).collect();
    stream.ingest_records_offset(batch).await.unwrap();
    stream.close().await.unwrap();
    assert_landed(&server, 50).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn avro_lands() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = open(&server, |b| b.avro(AVRO)).await.unwrap();
    stream
        .ingest_record_offset(AvroRecord(avro(0)))
        .await
        .unwrap();
    // A long, the number of the branch, and a text with its length.
    let datum = b"\x02\x02\x10flight 1".to_vec();
    stream.ingest_record_offset(AvroBytes(datum)).await.unwrap();
    let batch: Vec<_> = (2..50).map(|id| AvroRecord(avro(id))).collect();
    stream.ingest_records_offset(batch).await.unwrap();
    stream.close().await.unwrap();
    assert_landed(&server, 50).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn dynamic_protobuf_lands() {
    let (server, _dir) = server(|builder| builder).await;
    let descriptor = message_descriptor(encoder(&schema()).descriptor()).unwrap();
    let mut stream = open(&server, |b| b.dynamic_proto(descriptor))
        .await
        .unwrap();
    for id in 0..50_i64 {
        let mut record = stream.new_record().unwrap();
        record
            .set("id", id)
            .unwrap()
            .set("name", format!("flight {id}"))
            .unwrap();
        let bytes = record.encode().unwrap();
        stream
            .ingest_record_offset(ProtoBytes(bytes))
            .await
            .unwrap();
    }
    stream.close().await.unwrap();
    assert_landed(&server, 50).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn many_streams_in_one_land() {
    let (server, _dir) = server(|builder| builder).await;
    let sdk = sdk(&server);
    let proto = encoder(&schema()).descriptor().clone();
    let stream = builder(&sdk, &server).compiled_proto(proto).multiplexed(4);
    let mut stream = stream.build().await.unwrap();
    for row in rows(&encoder(&schema()), &flights(0..40)) {
        stream.ingest_record(ProtoBytes(row)).await.unwrap();
    }
    let batch = rows(&encoder(&schema()), &flights(40..50));
    let batch: Vec<_> = batch.into_iter().map(ProtoBytes).collect();
    let last = stream.ingest_records(batch).await.unwrap().unwrap();
    stream.wait_for_message_id(last).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(server.stats().streams_opened, 4);
    assert_landed(&server, 50).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn many_streams_of_arrow_in_one_land() {
    let (server, _dir) = server(|builder| builder).await;
    let sdk = sdk(&server);
    let large =
        arrow_cast::cast(flights(0..1).column(1), &arrow_schema::DataType::LargeUtf8).unwrap();
    let schema = std::sync::Arc::new(arrow_schema::Schema::new(vec![
        arrow_schema::Field::new("id", arrow_schema::DataType::Int64, false),
        arrow_schema::Field::new("name", large.data_type().clone(), true),
    ]));
    let stream = builder(&sdk, &server).arrow(schema.clone()).multiplexed(3);
    let mut stream = stream.build_arrow().await.unwrap();
    for id in 0..50 {
        let row = flights(id..id + 1);
        let name = arrow_cast::cast(row.column(1), large.data_type()).unwrap();
        let columns = vec![row.column(0).clone(), name];
        let batch = arrow_array::RecordBatch::try_new(schema.clone(), columns).unwrap();
        stream.ingest_batch(batch).await.unwrap();
    }
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(server.stats().streams_opened, 3);
    assert_landed(&server, 50).await;
    server.shutdown().await.unwrap();
}

/// What the stream ends with when this record comes after a good one.
async fn refusal(record: &str) -> String {
    let (server, _dir) = server(|builder| builder.commit_every(Duration::from_millis(20))).await;
    let mut stream = open(&server, json).await.unwrap();
    let good = serde_json::json!({"id": 0, "name": null}).to_string();
    stream.ingest_record_offset(JsonString(good)).await.unwrap();
    stream
        .ingest_record_offset(JsonString(record.to_owned()))
        .await
        .unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    let _ = stream.close().await;
    assert_eq!(stream.get_unacked_batches().await.unwrap().len(), 1);
    // What came before it is there.
    assert_eq!(ids(&server).await, [0]);
    server.shutdown().await.unwrap();
    error.to_string()
}

#[tokio::test]
async fn json_that_is_no_row_of_the_table_is_refused() {
    for record in [
        "{",
        "[1]",
        "{} {}",
        r#"{"name": "no id"}"#,
        r#"{"id": null}"#,
        r#"{"id": "one"}"#,
        r#"{"id": 1.5}"#,
        r#"{"id": 9223372036854775808}"#,
        r#"{"id": 1, "name": 2}"#,
        r#"{"id": 1, "other": 2}"#,
        r#"{"ID": 1}"#,
    ] {
        let said = refusal(record).await;
        assert!(
            said.contains("Record 0 of offset 1 cannot be ingested"),
            "{record}: {said}"
        );
    }
}

#[tokio::test]
async fn an_avro_schema_that_does_not_fit_is_refused() {
    let (server, _dir) = server(|builder| builder).await;
    for (schema, expected) in [
        (r#""string""#, "is not the schema of a record"),
        (
            r#"{"type": "record", "name": "f", "fields": [{"name": "other", "type": "long"}]}"#,
            "is not in the table",
        ),
    ] {
        let error = open(&server, |b| b.avro(schema)).await.err().unwrap();
        assert!(error.to_string().contains(expected), "{error:?}");
        assert!(!error.is_retryable());
    }
    // A type that cannot be is found out with the first record.
    let text = r#"{"type": "record", "name": "f", "fields": [{"name": "id", "type": "string"}]}"#;
    let stream = open(&server, |b| b.avro(text)).await.unwrap();
    let id = ("id".to_owned(), AvroValue::String("1".to_owned()));
    stream
        .ingest_record_offset(AvroRecord(AvroValue::Record(vec![id])))
        .await
        .unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(error.to_string().contains("cannot be String"), "{error:?}");
    drop(stream);
    server.shutdown().await.unwrap();
}
