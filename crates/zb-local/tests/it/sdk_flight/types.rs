//! Which schemas are taken, and what becomes of their columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, ListArray, MapArray,
    RecordBatch, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_ipc::CompressionType;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use databricks_zerobus_ingest_sdk::{SchemaValidationCause as Cause, ZerobusError};
use zb_local::{CreateTable, Server};

use super::{open, open_packed};
use crate::lake::{self, table_name};

/// A column of each type that there is: as the service wants it, and as it reads back.
fn every_type() -> Vec<(&'static str, ArrayRef, ArrayRef)> {
    let same = |array: ArrayRef| (array.clone(), array);
    let item = |of| Arc::new(Field::new("item", of, true));
    let element = |of| Arc::new(Field::new("element", of, true));
    let text = LargeStringArray::from(vec![Some("ä"), None, Some("")]);
    let bytes = LargeBinaryArray::from(vec![Some(&[0, 255][..]), None, Some(&[])]);
    let decimals = LargeStringArray::from(vec![Some("1.5"), None, Some("-99999999.99")]);
    let exact = Decimal128Array::from(vec![Some(150), None, Some(-9_999_999_999)]);
    let micros = TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_700_000_000_000_000)]);

    let offsets = OffsetBuffer::from_lengths([2, 0, 1]);
    let nulls = Some(vec![true, false, true].into());
    let words: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("x"), None, Some("y")]));
    let list = |field, values| ListArray::new(field, offsets.clone(), values, nulls.clone());
    let words_back = cast(&words, &DataType::Utf8).unwrap();

    let inner = |text: DataType| {
        Fields::from(vec![
            Field::new("text", text, true),
            Field::new("price", DataType::Int32, false),
        ])
    };
    let prices: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let nested = |of, text: &ArrayRef| {
        let columns = vec![text.clone(), prices.clone()];
        StructArray::new(inner(of), columns, Some(vec![true, false, true].into()))
    };
    let map = |names: [&str; 3], text: &DataType, keys: ArrayRef, decimals: ArrayRef| {
        let fields = Fields::from(vec![
            Field::new(names[1], text.clone(), false),
            Field::new(names[2], decimals.data_type().clone(), true),
        ]);
        let pairs = StructArray::new(fields.clone(), vec![keys, decimals], None);
        let entries = Arc::new(Field::new(names[0], DataType::Struct(fields), false));
        MapArray::new(entries, offsets.clone(), pairs, nulls.clone(), false)
    };
    let keys: ArrayRef = Arc::new(LargeStringArray::from(vec!["a", "b", "a"]));
    let keys_back = cast(&keys, &DataType::Utf8).unwrap();
    let exact = exact.with_precision_and_scale(10, 2).unwrap();

    let columns: Vec<(&str, (ArrayRef, ArrayRef))> = vec![
        (
            "yes",
            same(Arc::new(BooleanArray::from(vec![
                Some(true),
                None,
                Some(false),
            ]))),
        ),
        (
            "tiny",
            same(Arc::new(Int8Array::from(vec![
                Some(i8::MIN),
                None,
                Some(1),
            ]))),
        ),
        (
            "small",
            same(Arc::new(Int16Array::from(vec![
                Some(i16::MAX),
                None,
                Some(1),
            ]))),
        ),
        (
            "int",
            same(Arc::new(Int32Array::from(vec![
                Some(i32::MIN),
                None,
                Some(1),
            ]))),
        ),
        (
            "long",
            same(Arc::new(Int64Array::from(vec![i64::MIN, 0, 1]))),
        ),
        (
            "single",
            same(Arc::new(Float32Array::from(vec![
                Some(f32::NAN),
                None,
                Some(-0.0),
            ]))),
        ),
        (
            "double",
            same(Arc::new(Float64Array::from(vec![
                Some(0.1),
                None,
                Some(f64::INFINITY),
            ]))),
        ),
        (
            "text",
            (
                Arc::new(text.clone()),
                cast(&text, &DataType::Utf8).unwrap(),
            ),
        ),
        (
            "bytes",
            (
                Arc::new(bytes.clone()),
                cast(&bytes, &DataType::Binary).unwrap(),
            ),
        ),
        (
            "price",
            (Arc::new(decimals.clone()), Arc::new(exact.clone())),
        ),
        (
            "day",
            same(Arc::new(Date32Array::from(vec![
                Some(-1),
                None,
                Some(20_000),
            ]))),
        ),
        ("at", same(Arc::new(micros.clone().with_timezone("UTC")))),
        ("wall", same(Arc::new(micros))),
        (
            "words",
            (
                Arc::new(list(item(DataType::LargeUtf8), words.clone())),
                Arc::new(list(element(DataType::Utf8), words_back.clone())),
            ),
        ),
        (
            "nested",
            (
                Arc::new(nested(DataType::LargeUtf8, &words)),
                Arc::new(nested(DataType::Utf8, &words_back)),
            ),
        ),
        (
            "prices",
            (
                Arc::new(map(
                    ["entries", "keys", "values"],
                    &DataType::LargeUtf8,
                    keys,
                    Arc::new(decimals),
                )),
                Arc::new(map(
                    ["key_value", "key", "value"],
                    &DataType::Utf8,
                    keys_back,
                    Arc::new(exact),
                )),
            ),
        ),
    ];
    columns
        .into_iter()
        .map(|(name, (sent, back))| (name, sent, back))
        .collect()
}

const EVERY_TYPE: &str = "CREATE TABLE main.nyc.flights (yes BOOLEAN, tiny TINYINT, \
    small SMALLINT, int INT, long BIGINT NOT NULL, single FLOAT, double DOUBLE, text STRING, \
    bytes BINARY, price DECIMAL(10, 2), day DATE, at TIMESTAMP, wall TIMESTAMP_NTZ, \
    words ARRAY<STRING>, nested STRUCT<text: STRING, price: INT NOT NULL>, \
    prices MAP<STRING, DECIMAL(10, 2)>) USING DELTA";

/// A server with the table of every type.
async fn broad() -> (Server, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path()).start().await.unwrap();
    let table = CreateTable::parse(EVERY_TYPE).unwrap();
    server
        .create_table(&table_name(), table.schema())
        .await
        .unwrap();
    (server, dir)
}

fn batch_of(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let fields = columns.iter().map(|(name, array)| {
        let nullable = *name != "long";
        Field::new(*name, array.data_type().clone(), nullable)
    });
    let schema = Schema::new(fields.collect::<Fields>());
    let arrays = columns.iter().map(|(_, array)| array.clone()).collect();
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}

#[tokio::test]
async fn every_type_reads_back_however_it_is_packed() {
    for packed in [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ] {
        let (server, _dir) = broad().await;
        let columns = every_type();
        let sent: Vec<_> = columns
            .iter()
            .map(|(name, sent, _)| (*name, sent.clone()))
            .collect();
        let sent = batch_of(&sent);
        let mut stream = open_packed(&server, &sent.schema(), packed).await.unwrap();
        let offset = stream.ingest_batch(sent).await.unwrap();
        stream.wait_for_offset(offset).await.unwrap();
        stream.close().await.unwrap();

        let landed = lake::read(&server.table_path(&table_name())).await;
        for (name, _, back) in &columns {
            assert_eq!(
                landed.column_by_name(name).unwrap(),
                back,
                "{name}, {packed:?}"
            );
        }
        assert_eq!(server.stats().rows_received, 3);
        server.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_column_that_is_not_sent_is_null() {
    let (server, _dir) = broad().await;
    let long: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    let batch = batch_of(&[("long", long)]);
    let mut stream = open(&server, &batch.schema()).await.unwrap();
    stream.ingest_batch(batch).await.unwrap();
    stream.close().await.unwrap();
    let landed = lake::read(&server.table_path(&table_name())).await;
    assert_eq!(landed.num_rows(), 100_000);
    for column in landed.columns() {
        assert!([0, 100_000].contains(&column.null_count()));
    }
    server.shutdown().await.unwrap();
}

/// The schema of every type with one column made anew, or left out.
fn with(name: &str, made: impl FnOnce(&Field) -> Option<Field>) -> SchemaRef {
    let columns = every_type();
    let sent: Vec<_> = columns
        .iter()
        .map(|(name, sent, _)| (*name, sent.clone()))
        .collect();
    let schema = batch_of(&sent).schema();
    let at = schema.index_of(name).unwrap();
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    match made(&fields[at]) {
        Some(field) => fields[at] = field,
        None => drop(fields.remove(at)),
    }
    Arc::new(Schema::new(fields))
}

fn typed(name: &str, data_type: DataType) -> SchemaRef {
    with(name, |field| Some(field.clone().with_data_type(data_type)))
}

#[tokio::test]
async fn a_schema_that_does_not_fit_is_refused_with_its_causes() {
    let (server, _dir) = broad().await;
    let list_of = |of| DataType::List(Arc::new(Field::new("item", of, true)));
    let struct_of = |fields: &[(&str, DataType, bool)]| {
        let fields = fields.iter();
        let fields = fields.map(|(name, of, null)| Field::new(*name, of.clone(), *null));
        DataType::Struct(fields.collect())
    };
    let reversed = with("yes", |field| Some(field.clone()));
    let reversed = Schema::new(reversed.fields().iter().rev().cloned().collect::<Fields>());
    let nanos = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("Europe/Zurich".into()));
    for (schema, causes) in [
        (
            with("yes", |f| Some(f.clone().with_name("no"))),
            vec![Cause::FieldNotInTable],
        ),
        (with("long", |_| None), vec![Cause::MissingRequiredColumn]),
        (Arc::new(reversed), vec![Cause::FieldOutOfOrder]),
        (
            Arc::new(Schema::empty()),
            vec![Cause::FieldCountMismatch, Cause::MissingRequiredColumn],
        ),
        (
            with("yes", |f| Some(f.clone().with_nullable(false))),
            vec![Cause::TypeIncompatible],
        ),
        (
            with("long", |f| Some(f.clone().with_nullable(true))),
            vec![Cause::TypeIncompatible],
        ),
        (typed("text", DataType::Utf8), vec![Cause::TypeIncompatible]),
        (
            typed("text", DataType::Utf8View),
            vec![Cause::TypeIncompatible],
        ),
        (
            typed("bytes", DataType::Binary),
            vec![Cause::TypeIncompatible],
        ),
        (typed("int", DataType::Int64), vec![Cause::TypeIncompatible]),
        (
            typed("price", DataType::Decimal128(10, 2)),
            vec![Cause::TypeIncompatible],
        ),
        (typed("at", nanos), vec![Cause::TypeIncompatible]),
        (typed("at", zoned), vec![Cause::TypeIncompatible]),
        (
            typed("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
            vec![Cause::TypeIncompatible],
        ),
        (
            typed("day", DataType::Date64),
            vec![Cause::TypeIncompatible],
        ),
        (
            typed("words", list_of(DataType::Utf8)),
            vec![Cause::TypeIncompatible],
        ),
        (
            typed("words", DataType::LargeUtf8),
            vec![Cause::TypeIncompatible],
        ),
        (
            typed("nested", struct_of(&[("text", DataType::LargeUtf8, true)])),
            vec![Cause::FieldCountMismatch],
        ),
        (
            typed(
                "nested",
                struct_of(&[
                    ("text", DataType::LargeUtf8, true),
                    ("cost", DataType::Int32, false),
                ]),
            ),
            vec![Cause::FieldNotInTable],
        ),
    ] {
        match open(&server, &schema).await.err() {
            Some(ZerobusError::InvalidSchema {
                causes: found,
                error_code,
                message,
                ..
            }) => {
                assert_eq!(found, causes, "{message}");
                assert_eq!(error_code.as_deref(), Some("8001"));
            }
            other => panic!("{causes:?}, {schema:?}: {other:?}"),
        }
    }
    assert_eq!(server.stats().streams_opened, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn other_names_for_the_parts_of_lists_and_maps_are_taken() {
    let (server, _dir) = broad().await;
    let names = |field: &Field| match field.data_type() {
        DataType::Map(entries, sorted) => {
            let DataType::Struct(parts) = entries.data_type() else {
                panic!()
            };
            let parts = [("key", &parts[0]), ("value", &parts[1])];
            let parts = parts.map(|(name, part)| part.as_ref().clone().with_name(name));
            let parts = DataType::Struct(Fields::from(parts.to_vec()));
            let entries = Arc::new(Field::new("key_value", parts, false));
            Some(
                field
                    .clone()
                    .with_data_type(DataType::Map(entries, *sorted)),
            )
        }
        DataType::List(item) => {
            let item = Arc::new(item.as_ref().clone().with_name("element"));
            Some(field.clone().with_data_type(DataType::List(item)))
        }
        other => panic!("{other}"),
    };
    for name in ["prices", "words"] {
        let mut stream = open(&server, &with(name, names)).await.unwrap();
        stream.close().await.unwrap();
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_value_that_does_not_fit_ends_the_stream_and_what_came_before_it_stays() {
    let (server, _dir) = broad().await;
    let prices = |text: &str| -> RecordBatch {
        let long: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let price: ArrayRef = Arc::new(LargeStringArray::from(vec![text]));
        batch_of(&[("long", long), ("price", price)])
    };
    for bad in ["1.234", "123456789.00", "", "1e3"] {
        let before = server.stats().rows;
        let mut stream = open(&server, &prices("").schema()).await.unwrap();
        stream.ingest_batch(prices("-1.20")).await.unwrap();
        stream.ingest_batch(prices(bad)).await.unwrap();
        let error = stream.flush().await.unwrap_err();
        assert!(
            error.to_string().contains("is no DECIMAL(10, 2)"),
            "{error:?}"
        );
        assert!(!error.is_retryable());
        let _ = stream.close().await;
        assert_eq!(stream.get_unacked_batches().await.unwrap(), [prices(bad)]);
        assert_eq!(server.stats().rows, before + 1);
    }
    server.shutdown().await.unwrap();
}
