//! Senders that are told which columns the table has, by whoever knows.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use zb_ingest::{Error, ErrorKind, Sender, SenderOptions, TableSchemaError, TableSchemaSource};
use zb_local::faults::{Code, Fault};
use zb_types::TableName;

use crate::{
    flights::{schema, table},
    ground::{Ground, prompt},
    partition::assert_durable,
};

/// Says what it is told to say, and counts.
struct Told {
    columns: Mutex<Result<Option<SchemaRef>, ErrorKind>>,
    asked: AtomicUsize,
}

impl Told {
    fn new(columns: Result<Option<Schema>, ErrorKind>) -> Arc<Self> {
        Arc::new(Self {
            columns: Mutex::new(columns.map(|columns| columns.map(Arc::new))),
            asked: AtomicUsize::new(0),
        })
    }

    fn now(&self, columns: Result<Option<Schema>, ErrorKind>) {
        *self.columns.lock().unwrap() = columns.map(|columns| columns.map(Arc::new));
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[async_trait::async_trait]
impl TableSchemaSource for Told {
    async fn table_schema(&self, _: &TableName) -> Result<Option<SchemaRef>, TableSchemaError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let columns = self.columns.lock().unwrap().clone();
        columns.map_err(|kind| TableSchemaError::new(kind, "it is not said"))
    }
}

/// Ids of 32 bits, which a table of 64 bits takes only when it is known.
fn narrow(from: i32, count: i32) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(from..from + count));
    let carriers: ArrayRef = Arc::new(StringArray::from(vec!["UA"; count as usize]));
    RecordBatch::try_from_iter([("carrier", carriers), ("id", ids)]).unwrap()
}

async fn open(ground: &Ground, told: &Arc<Told>, options: SenderOptions) -> Result<Sender, Error> {
    let columns = narrow(0, 0).schema();
    let options = options.table_schemas(Arc::clone(told) as Arc<dyn TableSchemaSource>);
    Sender::open(table(), &columns, ground.tokens(), options).await
}

#[tokio::test]
async fn rows_are_made_as_the_table_wants_them_where_somebody_says_how() {
    let ground = Ground::new().await;
    let told = Told::new(Ok(Some(schema())));
    let sender = open(&ground, &told, ground.options()).await.unwrap();
    assert_durable(sender.submit(narrow(0, 3)).await.unwrap()).await;
    assert_eq!(ground.landed(), [0, 1, 2]);
    assert_eq!(told.asked(), 1);

    // Where nobody says, they are as they are, and the service refuses them.
    let silent = Told::new(Ok(None));
    let error = open(&ground, &silent, ground.options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(matches!(error, Error::Service { .. }), "{error:?}");
    let unfitted = ground.options().table_schemas(told.clone()).unfitted();
    let columns = narrow(0, 0).schema();
    let opening = Sender::open(table(), &columns, ground.tokens(), unfitted);
    assert_eq!(opening.await.unwrap_err().kind(), ErrorKind::Schema);
    assert_eq!(told.asked(), 1);
}

#[tokio::test]
async fn a_source_that_must_know_and_does_not_ends_the_opening_with_its_kind() {
    let ground = Ground::new().await;
    for kind in [
        ErrorKind::Permission,
        ErrorKind::NotFound,
        ErrorKind::Unavailable,
    ] {
        let told = Told::new(Err(kind));
        let error = open(&ground, &told, ground.options()).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains("main.nyc.flights"), "{error}");
    }
    assert_eq!(ground.server.stats().opens, 0);
}

#[tokio::test]
async fn a_dry_run_asks_nobody() {
    let ground = Ground::new().await;
    let told = Told::new(Err(ErrorKind::NotFound));
    let sender = open(&ground, &told, ground.options().dry_run())
        .await
        .unwrap();
    let receipt = sender.send(narrow(0, 3)).await.unwrap();
    assert_eq!(receipt.not_sent().count(), 3);
    assert_eq!(told.asked(), 0);
}

/// Every third request fails in a way that the SDK leaves to the lane.
fn stumbling(builder: zb_local::ServerBuilder) -> zb_local::ServerBuilder {
    let unavailable = Fault::on_request()
        .every(3)
        .status(Code::Unavailable, "gone");
    let refused = Fault::on_open()
        .every(2)
        .status(Code::Unavailable, "not yet");
    prompt(builder).faults(zb_local::faults::FaultScript::from_iter([
        unavailable,
        refused,
    ]))
}

#[tokio::test]
async fn the_source_is_asked_again_when_a_stream_is_opened_and_need_not_know() {
    let ground = Ground::with(stumbling).await;
    let told = Told::new(Ok(Some(schema())));
    let sender = open(&ground, &told, ground.options()).await.unwrap();
    told.now(Err(ErrorKind::Unavailable));
    for from in [0, 10, 20, 30, 40, 50] {
        assert_durable(sender.submit(narrow(from, 10)).await.unwrap()).await;
    }
    assert!(told.asked() > 1, "{}", told.asked());
    let landed: BTreeSet<_> = ground.landed().into_iter().collect();
    assert!(landed.into_iter().eq(0..60));
}

#[tokio::test]
async fn columns_that_are_known_late_end_no_sender_that_the_service_has_taken() {
    let ground = Ground::with(stumbling).await;
    let told = Told::new(Ok(None));
    let options = ground.options().table_schemas(told.clone());
    let schema = schema();
    let opening = Sender::open(table(), &schema, ground.tokens(), options);
    let sender = opening.await.unwrap();
    // By this the rows would not fit.
    told.now(Ok(Some(Schema::new(vec![Field::new(
        "id",
        DataType::Utf8,
        false,
    )]))));
    for from in [0, 10, 20, 30] {
        let batch = crate::flights::flights(from..from + 10);
        assert_durable(sender.submit(batch).await.unwrap()).await;
    }
    assert!(told.asked() > 1);
    let closed = sender.close(Duration::from_secs(5)).await;
    assert!(closed.undelivered.is_empty());
    let landed: BTreeSet<_> = ground.landed().into_iter().collect();
    assert!(landed.into_iter().eq(0..40));
}
