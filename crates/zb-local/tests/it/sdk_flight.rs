//! The official SDK, unmodified, with Arrow batches.

use std::{sync::Arc, time::Duration};

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray, ListArray, MapArray,
    RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_ipc::CompressionType;
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use databricks_zerobus_ingest_sdk::{
    SchemaValidationCause as Cause, ZerobusArrowStream, ZerobusError, ZerobusResult, ZerobusSdk,
};
use zb_local::{
    CreateTable, Server,
    faults::{Code, Fault, FaultScript},
};
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

/// Sends six batches, one after another, and gives the batches that landed twice.
async fn batches_twice(fault: Fault) -> Vec<i64> {
    let (server, _dir) = faulty(fault.clone()).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    for batch in 0..6 {
        send(&stream, batch)
            .await
            .unwrap_or_else(|e| panic!("{fault:?}: {e}"));
    }
    stream.close().await.unwrap();
    assert!(server.faults()[0].fired > 0, "{fault:?} did not happen");

    let mut landed = ids(&server).await;
    let count = |id| landed.iter().filter(|other| **other == id).count();
    let twice: Vec<i64> = (0..6).filter(|batch| count(batch * 10) > 1).collect();
    landed.dedup();
    assert_eq!(landed, (0..60).collect::<Vec<_>>(), "{fault:?}");
    server.shutdown().await.unwrap();
    twice
}

#[tokio::test]
async fn what_the_sdk_recovers_from_loses_nothing_and_repeats_what_was_in_flight() {
    for (fault, twice) in [
        (Fault::on_connect().nth(2).cut(), vec![]),
        (Fault::on_token().nth(1).answer(503), vec![]),
        (
            Fault::on_open()
                .times(2)
                .status(Code::Unavailable, "injected"),
            vec![],
        ),
        (Fault::on_open().nth(1).end(), vec![]),
        (Fault::on_open().nth(1).cut(), vec![]),
        (Fault::on_open().nth(1).close_signal(MS * 100), vec![]),
        (Fault::on_open().nth(1).expire_token(), vec![]),
        (
            Fault::on_request()
                .nth(3)
                .status(Code::Internal, "injected"),
            vec![],
        ),
        (Fault::on_request().nth(3).end(), vec![]),
        (Fault::on_request().nth(3).cut(), vec![]),
        (Fault::on_request().nth(3).close_signal(MS * 500), vec![]),
        (Fault::on_request().nth(3).freeze(MS * 300), vec![]),
        (Fault::on_request().nth(3).delay(MS * 300), vec![]),
        (Fault::on_commit().nth(3).disk_full(), vec![]),
        (Fault::on_ack().nth(3).delay(MS * 300), vec![]),
        (Fault::on_ack().nth(3).twice(), vec![]),
        // Rows never become fewer again, and an acknowledgement of nothing is none.
        (Fault::on_ack().nth(3).backwards(2), vec![]),
        (Fault::on_ack().nth(3).close_signal(MS * 500), vec![]),
        // Committed, and the SDK cannot know.
        (Fault::on_ack().nth(3).cut(), vec![2]),
        (Fault::on_ack().nth(3).cut_mid_message(), vec![2]),
        (Fault::on_ack().nth(3).end(), vec![2]),
        (
            Fault::on_ack().nth(3).status(Code::Unavailable, "injected"),
            vec![2],
        ),
    ] {
        assert_eq!(batches_twice(fault.clone()).await, twice, "{fault:?}");
    }
}

/// Sends batches until one fails, and gives the error and the rows that come back.
async fn failure(fault: Fault) -> (ZerobusError, Vec<RecordBatch>) {
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    let mut batch = 0;
    let error = loop {
        match send(&stream, batch).await {
            Ok(()) => batch += 1,
            Err(error) => break error,
        }
        assert!(batch < 10, "nothing failed");
    };
    let _ = stream.close().await;
    let unacked = stream.get_unacked_batches().await.unwrap();
    server.shutdown().await.unwrap();
    (error, unacked)
}

#[tokio::test]
async fn a_row_that_is_refused_leaves_those_before_it_in_the_table() {
    let (server, _dir) = faulty(Fault::on_record().column("id", 25).refuse()).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    stream.ingest_batch(wide(0..20, 9)).await.unwrap();
    stream.ingest_batch(wide(20..40, 9)).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(!error.is_retryable(), "{error:?}");
    let _ = stream.close().await;
    // What comes back is the rest of the batch alone.
    assert_eq!(
        stream.get_unacked_batches().await.unwrap(),
        [wide(25..40, 9)]
    );
    assert_eq!(ids(&server).await, (0..25).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_durable_in_part_is_sent_again_in_part() {
    // Ten rows of a mebibyte are several messages, and nothing is received after the third.
    let fault = Fault::on_request()
        .offset(3)
        .once()
        .status(Code::Unavailable, "injected");
    let (server, _dir) = faulty(fault).await;
    let mut stream = open(&server, &schema()).await.unwrap();
    stream.ingest_batch(wide(0..10, 1024 * 1024)).await.unwrap();
    stream.flush().await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    assert_eq!(server.stats().streams_opened, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_that_expires_in_mid_stream_is_final() {
    let (error, unacked) = failure(Fault::on_request().nth(3).expire_token()).await;
    assert!(
        matches!(&error, ZerobusError::StreamClosedError(status)
            if status.code() == tonic::Code::Unauthenticated),
        "{error:?}"
    );
    assert_eq!(unacked, [wide(20..30, 9)]);
}

#[tokio::test]
async fn acknowledgements_of_rows_that_were_never_sent_are_refused() {
    for fault in [
        Fault::on_ack().nth(3).beyond(1000),
        Fault::on_ack().nth(3).saying(i64::MAX),
    ] {
        let (error, unacked) = failure(fault.clone()).await;
        assert!(
            matches!(error, ZerobusError::InvalidStateError(_)),
            "{fault:?}: {error:?}"
        );
        assert_eq!(unacked, [wide(20..30, 9)], "{fault:?}");
    }
}

#[tokio::test]
async fn acknowledgements_that_stay_away_end_in_a_time_out() {
    for fault in [
        Fault::on_ack().from_offset(1).withhold(),
        Fault::on_ack().from_offset(1).without_offset(),
        Fault::on_ack().from_offset(1).saying(-1),
    ] {
        let (server, _dir) = faulty(fault).await;
        let stream = sdk(&server)
            .stream_builder()
            .table(table_name().as_str())
            .oauth(server.client_id(), server.client_secret().expose_secret())
            .arrow(schema())
            .flush_timeout_ms(1_000)
            .build_arrow()
            .await
            .unwrap();
        send(&stream, 0).await.unwrap();
        send(&stream, 1).await.unwrap_err();
        // They are in the table all the same.
        assert_eq!(ids(&server).await, (0..20).collect::<Vec<_>>());
        drop(stream);
        server.shutdown().await.unwrap();
    }
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
