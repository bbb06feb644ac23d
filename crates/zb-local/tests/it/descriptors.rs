//! The descriptor against the table, one to one.

use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use tonic::Code;

use crate::{
    client::{Said, Stream, create, encoder, refusal, rows},
    lake::{read, schema, server, table_name},
};

/// Opens a stream with the descriptor of these columns to the table of flights.
async fn refused(fields: Vec<Field>) -> String {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::authorized(&server, &table_name()).await;
    stream
        .send(create(
            table_name().as_str(),
            &encoder(&Schema::new(fields)),
        ))
        .await;
    let (code, message) = refusal(&mut stream).await;
    assert_eq!(code, Code::InvalidArgument, "{message}");
    server.shutdown().await.unwrap();
    message
}

fn id() -> Field {
    Field::new("id", DataType::Int64, false)
}

fn name() -> Field {
    Field::new("name", DataType::Utf8, true)
}

#[tokio::test]
async fn a_required_column_must_not_be_missing() {
    let message = refused(vec![name()]).await;
    assert!(message.contains("id"), "{message}");
}

#[tokio::test]
async fn a_field_must_be_a_column() {
    let more = Field::new("delay", DataType::Int32, true);
    let message = refused(vec![id(), name(), more]).await;
    assert!(message.contains("delay"), "{message}");
}

#[tokio::test]
async fn a_field_must_have_the_type_of_its_column() {
    let number = Field::new("name", DataType::Int64, true);
    let message = refused(vec![id(), number]).await;
    assert!(message.contains("name"), "{message}");
    assert!(
        message.contains("int64") && message.contains("string"),
        "{message}"
    );
}

#[tokio::test]
async fn an_optional_field_cannot_fill_a_not_null_column() {
    let optional = Field::new("id", DataType::Int64, true);
    let message = refused(vec![optional, name()]).await;
    assert!(message.contains("id"), "{message}");
}

#[tokio::test]
async fn all_problems_are_listed_at_once() {
    let message = refused(vec![
        Field::new("name", DataType::Int64, true),
        Field::new("delay", DataType::Int32, true),
    ])
    .await;
    for column in ["id", "name", "delay"] {
        assert!(message.contains(column), "{message}");
    }
}

#[tokio::test]
async fn a_required_field_may_fill_a_nullable_column() {
    let (server, _dir) = server(|builder| builder).await;
    let required = Field::new("name", DataType::Utf8, false);
    let encoder = encoder(&Schema::new(vec![id(), required]));
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.half_close();
    assert_eq!(stream.next().await, Said::End);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn nullable_columns_without_a_field_are_null() {
    let (server, _dir) = server(|builder| builder).await;
    let narrow = Arc::new(Schema::new(vec![id()]));
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_new(narrow.clone(), vec![ids]).unwrap();
    let encoder = encoder(&narrow);
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream
        .send(crate::client::batch(0, rows(&encoder, &batch)))
        .await;
    stream.acked(0).await;
    let landed = read(&server.table_path(&table_name())).await;
    assert_eq!(landed.num_rows(), 2);
    assert_eq!(landed.column_by_name("name").unwrap().null_count(), 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn nested_fields_are_checked_too() {
    let (server, _dir) = server(|builder| builder).await;
    let table = "main.nyc.nested".parse().unwrap();
    let nested = |inner: Vec<Field>| {
        Schema::new(vec![Field::new("at", DataType::Struct(inner.into()), true)])
    };
    let lat = Field::new("lat", DataType::Float64, false);
    let wrong = Field::new("lat", DataType::Utf8, false);
    server
        .create_table(&table, &nested(vec![lat]))
        .await
        .unwrap();
    let mut stream = Stream::authorized(&server, &table).await;
    stream
        .send(create(table.as_str(), &encoder(&nested(vec![wrong]))))
        .await;
    let (code, message) = refusal(&mut stream).await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("at.lat"), "{message}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn without_auto_create_the_first_descriptor_makes_nothing_but_with_it_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let server = zb_local::Server::builder(dir.path())
        .auto_create()
        .start()
        .await
        .unwrap();
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let rows = rows(&encoder, &crate::lake::flights(0..3));
    stream.send(crate::client::batch(0, rows)).await;
    stream.acked(0).await;
    assert_eq!(crate::lake::ids(&server).await, [0, 1, 2]);
    server.create_table(&table_name(), &schema()).await.unwrap();
    server.shutdown().await.unwrap();
}
