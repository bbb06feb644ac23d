//! Tables: their types, and when one is kept or refused.

use std::{collections::BTreeSet, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray,
    StructArray, TimestampMicrosecondArray,
    builder::{Int32Builder, MapBuilder, MapFieldNames, StringBuilder},
    types::Int32Type,
};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use tonic::Code;
use zb_local::{CreateTable, Error, ErrorKind};
use zb_types::TableName;

use crate::{
    client::{Said, Stream, batch, encoder, rows},
    lake::{open, read, schema, server, table_name},
};

/// Every type of Delta that Zerobus can write, with a null where there may be one.
fn all_types() -> RecordBatch {
    let micros = vec![Some(1_700_000_000_123_456), None];
    let prices = Decimal128Array::from(vec![Some(-1_234_567), None])
        .with_precision_and_scale(10, 3)
        .unwrap();
    let place = StructArray::from(vec![
        (
            Arc::new(Field::new("lat", DataType::Float64, false)),
            Arc::new(Float64Array::from(vec![40.7, -1.5])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("name", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec![Some("JFK"), None])),
        ),
    ]);
    let delays = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        Some(vec![]),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("byte", Arc::new(Int8Array::from(vec![Some(-128), None]))),
        (
            "short",
            Arc::new(Int16Array::from(vec![Some(-32768), None])),
        ),
        (
            "int",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None])),
        ),
        (
            "long",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
        ),
        ("float", Arc::new(Float32Array::from(vec![Some(1.5), None]))),
        (
            "double",
            Arc::new(Float64Array::from(vec![Some(-0.25), None])),
        ),
        ("decimal", Arc::new(prices)),
        (
            "string",
            Arc::new(StringArray::from(vec![Some("žluť"), None])),
        ),
        (
            "binary",
            Arc::new(BinaryArray::from(vec![Some(&b"\0\xff"[..]), None])),
        ),
        ("date", Arc::new(Date32Array::from(vec![Some(-1), None]))),
        (
            "timestamp",
            Arc::new(TimestampMicrosecondArray::from(micros.clone()).with_timezone("UTC")),
        ),
        (
            "timestamp_ntz",
            Arc::new(TimestampMicrosecondArray::from(micros)),
        ),
        ("place", Arc::new(place)),
        ("delays", Arc::new(delays)),
        ("counts", Arc::new(counts())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .unwrap()
}

fn counts() -> MapArray {
    let names = MapFieldNames {
        entry: "key_value".to_owned(),
        key: "key".to_owned(),
        value: "value".to_owned(),
    };
    let mut map = MapBuilder::new(Some(names), StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("a");
    map.values().append_value(1);
    map.append(true).unwrap();
    map.append(true).unwrap();
    map.finish()
}

#[tokio::test]
async fn every_type_lands_as_it_was() {
    let (server, _dir) = server(|builder| builder).await;
    let table: TableName = "main.types.all".parse().unwrap();
    let sent = all_types();
    server.create_table(&table, &sent.schema()).await.unwrap();
    let encoder = encoder(&sent.schema());
    let mut stream = Stream::open(&server, &table, &encoder).await;
    stream.send(batch(0, rows(&encoder, &sent))).await;
    stream.acked(0).await;

    let landed = read(&server.table_path(&table)).await;
    assert_eq!(landed.num_rows(), sent.num_rows());
    for (column, field) in sent.columns().iter().zip(sent.schema().fields()) {
        let found = landed.column_by_name(field.name()).unwrap();
        // The types differ in the name of what is in a list; the values must not.
        assert_eq!(
            format!("{found:?}"),
            format!("{column:?}"),
            "{}",
            field.name()
        );
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn delta_types_are_those_of_the_statement() {
    let (server, _dir) = server(|builder| builder).await;
    let table: TableName = "main.types.ddl".parse().unwrap();
    let created = CreateTable::parse(
        "CREATE TABLE t (a TINYINT NOT NULL, b SMALLINT, c DATE, d TIMESTAMP, e TIMESTAMP_NTZ,
         f DECIMAL(38, 18), g STRUCT<x: INT NOT NULL>, h MAP<STRING, DOUBLE>, i ARRAY<BINARY>)",
    )
    .unwrap();
    server.create_table(&table, created.schema()).await.unwrap();
    let delta = open(&server.table_path(&table)).await;
    let state = delta.snapshot().unwrap();
    let types: Vec<String> = state
        .schema()
        .fields()
        .map(|field| format!("{} {}", field.data_type(), field.is_nullable()))
        .collect();
    assert_eq!(types[0], "byte false");
    assert_eq!(types[1], "short true");
    assert_eq!(types[2], "date true");
    assert_eq!(types[3], "timestamp true");
    assert_eq!(types[4], "timestamp_ntz true");
    assert_eq!(types[5], "decimal(38,18) true");
    let features = state.protocol().reader_features().unwrap();
    let features: BTreeSet<String> = features.iter().map(ToString::to_string).collect();
    assert_eq!(features, BTreeSet::from(["timestampNtz".to_owned()]));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn arrow_types_become_those_of_delta() {
    let (server, _dir) = server(|builder| builder).await;
    let table: TableName = "main.types.arrow".parse().unwrap();
    let wanted = Schema::new(vec![
        Field::new("a", DataType::UInt8, true),
        Field::new("b", DataType::UInt64, true),
        Field::new("c", DataType::LargeUtf8, true),
        Field::new("d", DataType::Date64, true),
        Field::new(
            "e",
            DataType::Timestamp(TimeUnit::Nanosecond, Some("+02:00".into())),
            true,
        ),
    ]);
    server.create_table(&table, &wanted).await.unwrap();
    let same = Schema::new(vec![
        Field::new("a", DataType::Int16, true),
        Field::new("b", DataType::Int64, true),
        Field::new("c", DataType::Utf8, true),
        Field::new("d", DataType::Date32, true),
        Field::new(
            "e",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
    ]);
    server.create_table(&table, &same).await.unwrap();
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_equal_table_is_kept_and_a_different_one_is_refused() {
    let (server, _dir) = server(|builder| builder).await;
    server.create_table(&table_name(), &schema()).await.unwrap();
    let other = Schema::new(vec![
        Field::new("id", DataType::Utf8, true),
        Field::new("delay", DataType::Int32, true),
    ]);
    let error = server
        .create_table(&table_name(), &other)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let Error::SchemaDiffers { differences, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        differences,
        [
            "column id is NOT NULL in the table, not nullable",
            "column id is Int64 in the table, not Utf8",
            "column name is in the table but not in the new schema",
            "column delay is not in the table",
        ]
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_delta_cannot_hold_is_refused() {
    let (server, _dir) = server(|builder| builder).await;
    let table: TableName = "main.nyc.refused".parse().unwrap();
    let inner = Fields::from(vec![Field::new("x y", DataType::Int32, true)]);
    for field in [
        Field::new("two words", DataType::Int32, true),
        Field::new("nested", DataType::Struct(inner), true),
        Field::new("nothing", DataType::Null, true),
    ] {
        let name = field.name().clone();
        let error = server
            .create_table(&table, &Schema::new(vec![field]))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema, "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    assert!(!server.table_path(&table).exists());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_table_that_was_removed_is_forgotten() {
    let (server, _dir) = server(|builder| builder).await;
    let flights = table_name();
    std::fs::remove_dir_all(server.table_path(&flights)).unwrap();
    let other = Schema::new(vec![Field::new("other", DataType::Int32, true)]);
    server.create_table(&flights, &other).await.unwrap();
    let stream = Stream::open(&server, &flights, &encoder(&other)).await;
    drop(stream);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn rows_that_cannot_be_committed_are_never_acknowledged() {
    let (server, _dir) = server(|builder| builder).await;
    let path = server.table_path(&table_name());
    let away = path.with_extension("away");
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let three = || rows(&encoder, &crate::lake::flights(0..3));
    stream.send(batch(0, three())).await;
    stream.acked(0).await;

    std::fs::rename(&path, &away).unwrap();
    std::fs::write(&path, "not a directory").unwrap();
    stream.send(batch(1, three())).await;
    let (acked, end) = stream.end().await;
    assert_eq!(acked, None);
    assert!(matches!(end, Said::Failed(Code::Unavailable, _)), "{end:?}");

    // The next stream finds the table as it is now.
    std::fs::remove_file(&path).unwrap();
    std::fs::rename(&away, &path).unwrap();
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, three())).await;
    stream.acked(0).await;
    assert_eq!(crate::lake::ids(&server).await, [0, 0, 1, 1, 2, 2]);
    server.shutdown().await.unwrap();
}
