//! Batches that are made to fit the table they go to.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int64Array, RecordBatch, StringArray,
    TimestampNanosecondArray, UInt64Array, types::Int32Type,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use zb_core::{
    ErrorKind, Fit,
    local::faults::{Answer, Fault},
};

use crate::ground::{Ground, table};

fn columns() -> Schema {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Schema::new(vec![
        Field::new("price", DataType::Decimal128(10, 2), true),
        Field::new("id", DataType::Int16, false),
        Field::new("at", utc, true),
        Field::new("carrier", DataType::Utf8, false),
        Field::new("note", DataType::Utf8, true),
    ])
}

/// In another order, with other types, without a column that may be null.
fn batch() -> RecordBatch {
    let carriers: DictionaryArray<Int32Type> = ["UA", "DL", "UA"].into_iter().collect();
    let at = TimestampNanosecondArray::from(vec![1_000, 2_000, 3_000]);
    let price = Decimal128Array::from(vec![15, 20, -1]);
    RecordBatch::try_from_iter([
        ("carrier", Arc::new(carriers) as ArrayRef),
        ("ID", Arc::new(UInt64Array::from(vec![1, 70_000, 3]))),
        ("at", Arc::new(at.with_timezone("Europe/Berlin"))),
        (
            "price",
            Arc::new(price.with_precision_and_scale(4, 1).unwrap()),
        ),
    ])
    .unwrap()
}

fn texts(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[tokio::test]
async fn a_batch_of_other_types_lands_exactly_and_what_is_out_of_range_is_told_by_row() {
    let ground = Ground::new(&columns()).await;
    let client = ground.client();
    let receipt = client.send(&table(), batch()).await.unwrap();
    let [rejection] = receipt.rejected() else {
        panic!("{receipt:?}")
    };
    assert_eq!((rejection.row(), rejection.column()), (1, "id"));
    assert_eq!(receipt.durable().count(), 2);
    assert_eq!(ground.landed("id"), texts(&["1", "3"]));
    assert_eq!(ground.landed("price"), texts(&["1.50", "-0.10"]));
    assert_eq!(ground.landed("carrier"), texts(&["UA", "UA"]));
    assert_eq!(ground.landed("note"), [None, None]);
    let at = texts(&["1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.000003Z"]);
    assert_eq!(ground.landed("at"), at);
    client.close().await.unwrap();
}

#[tokio::test]
async fn everything_that_does_not_fit_is_named_at_once_before_a_stream_is_opened() {
    let ground = Ground::new(&columns()).await;
    let client = ground.client();
    let wrong = RecordBatch::try_from_iter([
        (
            "price",
            Arc::new(StringArray::from(vec!["1.5"])) as ArrayRef,
        ),
        ("id", Arc::new(StringArray::from(vec!["1"]))),
        ("at", Arc::new(TimestampNanosecondArray::from(vec![1]))),
        ("gate", Arc::new(Int64Array::from(vec![1]))),
    ])
    .unwrap();
    let error = client.send(&table(), wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let told = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        told,
        "4 problems: column `gate`: the table has no such column; add it to the table or leave it \
         out; column `id`: Utf8 cannot become int32 (SMALLINT) without loss; cast the column first; \
         column `at`: Timestamp(ns) cannot become int64 (TIMESTAMP) without loss; cast the column \
         first; column `carrier`: the table needs this column, string (STRING) NOT NULL, and it is \
         not there; add it"
    );
    assert_eq!(ground.server.stats().opens, 0);
}

/// A table that any of these batches has the columns of as they are.
async fn plain(fault: Fault) -> (Ground, RecordBatch) {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let ground = Ground::with(&batch.schema(), |builder| builder.faults(fault)).await;
    (ground, batch)
}

#[tokio::test]
async fn who_may_write_and_not_look_sends_rows_as_they_are() {
    for fault in [
        Fault::on_catalog().answer(Answer::status(403)),
        Fault::on_catalog().answer(Answer::status(404)),
        Fault::on_catalog().answer(Answer::status(200).body("<html>sign in</html>")),
        Fault::on_catalog().cut(),
    ] {
        let (ground, batch) = plain(fault).await;
        let client = ground.client();
        let receipt = client.send(&table(), batch).await.unwrap();
        assert!(receipt.is_all_durable(), "{receipt:?}");
        client.close().await.unwrap();
    }
}

#[tokio::test]
async fn who_must_know_the_columns_opens_nothing_without_them() {
    for (status, kind) in [
        (400, ErrorKind::Refused),
        (401, ErrorKind::Authentication),
        (403, ErrorKind::Permission),
        (404, ErrorKind::NotFound),
        (503, ErrorKind::Unavailable),
    ] {
        let fault = Fault::on_catalog().answer(Answer::status(status));
        let (ground, batch) = plain(fault).await;
        let client = ground.builder().fit(Fit::Required).build().unwrap();
        let error = client.send(&table(), batch.clone()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains("main.nyc.flights"), "{error}");
        assert_eq!(ground.server.stats().opens, 0);
    }
}

#[tokio::test]
async fn a_catalog_that_stumbles_is_asked_again() {
    let fault = Fault::on_catalog().times(2).answer(Answer::status(503));
    let (ground, batch) = plain(fault).await;
    let client = ground.builder().fit(Fit::Required).build().unwrap();
    let receipt = client.send(&table(), batch).await.unwrap();
    assert!(receipt.is_all_durable(), "{receipt:?}");
    client.close().await.unwrap();
}

#[tokio::test]
async fn many_who_ask_at_once_cost_a_few_looks() {
    // Slow enough for all of them to ask during the first look.
    let slow = Fault::on_catalog().delay(Duration::from_millis(300));
    let (ground, batch) = plain(slow).await;
    let client = ground.client();
    let schema = batch.schema();
    let name = table();
    let opening = (0..32).map(|_| client.sender(&name, &schema).open());
    for sender in futures::future::join_all(opening).await {
        let closed = sender.unwrap().close(Duration::from_secs(5)).await;
        assert!(closed.undelivered.is_empty());
    }
    let looks = ground.server.faults()[0].seen;
    assert!((1..=4).contains(&looks), "{looks}");
}

#[tokio::test]
async fn who_does_not_want_to_know_does_not_ask() {
    let (ground, batch) = plain(Fault::on_catalog().answer(Answer::status(403))).await;
    let client = ground.builder().fit(Fit::Off).build().unwrap();
    let receipt = client.send(&table(), batch).await.unwrap();
    assert!(receipt.is_all_durable(), "{receipt:?}");
    assert_eq!(ground.server.stats().faults_fired, 0);
    assert_eq!(ground.server.stats().token_requests, 1);
    client.close().await.unwrap();
}

/// What is logged, in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn that_the_columns_are_not_known_is_logged_once() {
    let (ground, batch) = plain(Fault::on_catalog().answer(Answer::status(403))).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let client = ground.client();
    for _ in 0..3 {
        let schema = batch.schema();
        let sender = client.sender(&table(), &schema).open().await.unwrap();
        let closed = sender.close(Duration::from_secs(5)).await;
        assert!(closed.undelivered.is_empty());
    }
    drop(logging);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let told = text.matches("columns of the table are not known").count();
    assert_eq!(told, 1, "{text}");
    assert!(
        text.contains("main.nyc.flights") && text.contains("403"),
        "{text}"
    );
}
