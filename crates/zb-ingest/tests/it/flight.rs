//! What is particular to Arrow Flight.

use std::{
    env,
    process::Command,
    sync::{Arc, Mutex},
};

use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    StringViewArray, cast::AsArray, types::Int8Type,
};
use arrow_schema::{DataType, Field, Schema};
use zb_ingest::{Event, Observer, Rejection, Sender, SenderOptions, Transport};
use zb_local::faults::Fault;
use zb_types::TableName;

use crate::{
    flights::{flights, ids_of, rows_of, table},
    ground::{Ground, is_flight, patient, prompt},
    landed,
    partition::assert_partition,
};

/// The tests of this program, in a process of their own, where rows travel over Flight.
#[test]
fn whatever_holds_for_protobuf_holds_for_flight() {
    if is_flight() {
        return;
    }
    let mut tests = Command::new(env::current_exe().unwrap());
    let tests = tests
        .env("ZB_TRANSPORT", "flight")
        .args(["--test-threads", "2"]);
    let ended = tests.output().unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}");
    assert!(told.contains("test sending::"), "{told}");
}

fn options(ground: &Ground) -> SenderOptions {
    ground.options().transport(Transport::Flight)
}

/// The batches that went out, and whether before.
#[derive(Default)]
struct Sent(Mutex<Vec<(RecordBatch, bool)>>);

impl Observer for Sent {
    fn observe(&self, _: &TableName, event: &Event<'_>) {
        if let Event::SendingBatch { batch, again, .. } = event {
            self.0.lock().unwrap().push(((*batch).clone(), *again));
        }
    }
}

impl Sent {
    fn ids(&self) -> Vec<(Vec<i64>, bool)> {
        let sent = self.0.lock().unwrap();
        sent.iter()
            .map(|(batch, again)| (ids_of(batch), *again))
            .collect()
    }
}

#[tokio::test]
async fn after_a_refusal_only_the_rows_go_again_that_were_not_acknowledged() {
    let fault = Fault::on_record().column("carrier", "XX").refuse();
    let ground = Ground::with(|builder| prompt(builder).faults(fault)).await;
    let sent = Arc::new(Sent::default());
    let sender = ground.sender(options(&ground).observer(sent.clone())).await;
    let rows: Vec<_> = (0..100)
        .map(|id| (id, Some(if id == 60 { "XX" } else { "UA" }), String::new()))
        .collect();
    let receipt = sender.send(rows_of(&rows)).await.unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.durable().as_slice(), [0..60, 61..100]);
    let rejected: Vec<_> = receipt.rejected().iter().map(Rejection::row).collect();
    assert_eq!(rejected, [60]);
    // No row is there twice, and none may be: what was acknowledged was not sent again.
    let mut landed = ground.landed();
    landed.sort_unstable();
    assert_eq!(landed, (0..100).filter(|id| *id != 60).collect::<Vec<_>>());
    let again: Vec<_> = sent.ids().into_iter().filter(|(_, again)| *again).collect();
    assert!(!again.is_empty());
    assert!(
        again.iter().all(|(ids, _)| ids.iter().all(|id| *id >= 60)),
        "{again:?}"
    );
}

#[tokio::test]
async fn after_a_loss_the_sender_goes_on_at_the_first_row_that_was_not_acknowledged() {
    // Rows are committed and acknowledged by tens, and the connection is cut after the third answer.
    let ground =
        Ground::with(|builder| builder.commit_rows(10).faults(Fault::on_ack().nth(4).cut())).await;
    let sent = Arc::new(Sent::default());
    let options = options(&ground).request_rows(10).observer(sent.clone());
    let sender = ground.sender(options).await;
    let receipt = sender.send(flights(0..100)).await.unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.durable().count(), 100);
    assert!(receipt.attempts() > 1);
    let first_again = sent.ids().into_iter().find(|(_, again)| *again).unwrap();
    let first_again = first_again.0[0];
    assert!((0..100).contains(&first_again));
    let doubtful = receipt.possibly_duplicated();
    // What was acknowledged before the loss is not among them.
    assert!(
        doubtful.rows().all(|row| row as i64 >= first_again),
        "{doubtful:?}"
    );
    let mut landed = ground.landed();
    landed.sort_unstable();
    landed.dedup();
    assert_eq!(landed, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn rows_are_made_as_the_table_takes_them_whatever_their_layout() {
    let ground = Ground::new().await;
    let name: TableName = "main.nyc.fares".parse().unwrap();
    let columns = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("fare", DataType::Decimal128(10, 2), true),
        Field::new("carrier", DataType::Utf8, true),
        Field::new("origin", DataType::Utf8, true),
        Field::new("seats", DataType::Int16, true),
        Field::new("note", DataType::Utf8, true),
    ]);
    ground.server.create_table(&name, &columns).await.unwrap();
    let fares = Decimal128Array::from(vec![Some(15), None, Some(-5)]);
    let origins: DictionaryArray<Int8Type> = vec!["JFK", "LGA", "JFK"].into_iter().collect();
    let batch = RecordBatch::try_from_iter([
        (
            "seats",
            Arc::new(Int32Array::from(vec![1, 70_000, 3])) as ArrayRef,
        ),
        ("origin", Arc::new(origins)),
        ("id", Arc::new(Int64Array::from(vec![7, 8, 9]))),
        (
            "carrier",
            Arc::new(StringViewArray::from(vec!["UA", "DL", "AA"])),
        ),
        (
            "fare",
            Arc::new(fares.with_precision_and_scale(4, 1).unwrap()),
        ),
    ])
    .unwrap();
    let options = options(&ground).table_schemas(Arc::new(Known(Arc::new(columns))));
    let sender = Sender::open(name.clone(), &batch.schema(), ground.tokens(), options)
        .await
        .unwrap();
    let receipt = sender.send(batch).await.unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.durable().as_slice(), [0..1, 2..3]);
    let [rejection] = receipt.rejected() else {
        panic!("{receipt:?}")
    };
    assert_eq!(
        (rejection.row(), rejection.column(), rejection.kind()),
        (1, "seats", "integer_range")
    );

    let landed = landed::batches(&ground.server.table_path(&name));
    let [landed] = landed.as_slice() else {
        panic!("{landed:?}")
    };
    let column = |name| landed.column_by_name(name).unwrap();
    let fares = Decimal128Array::from(vec![Some(150), Some(-50)]);
    let fares: ArrayRef = Arc::new(fares.with_precision_and_scale(10, 2).unwrap());
    assert_eq!(column("fare"), &fares);
    assert_eq!(
        column("origin"),
        &(Arc::new(StringArray::from(vec!["JFK", "JFK"])) as ArrayRef)
    );
    assert_eq!(column("carrier").as_string::<i32>().value(1), "AA");
    assert_eq!(column("note").null_count(), 2);
}

/// The columns of a table that does not change.
struct Known(Arc<Schema>);

#[async_trait::async_trait]
impl zb_ingest::TableSchemaSource for Known {
    async fn table_schema(
        &self,
        _: &TableName,
    ) -> Result<Option<Arc<Schema>>, zb_ingest::TableSchemaError> {
        Ok(Some(self.0.clone()))
    }
}

#[tokio::test]
async fn a_schema_that_the_table_does_not_take_is_refused_with_what_the_service_says() {
    let ground = Ground::new().await;
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(StringArray::from(vec!["a"])) as ArrayRef),
        ("other", Arc::new(Int64Array::from(vec![1]))),
    ])
    .unwrap();
    let options = options(&ground).retry(patient());
    let error = Sender::open(table(), &batch.schema(), ground.tokens(), options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), zb_ingest::ErrorKind::Schema, "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("`other` is not in the table") && text.contains("`id`"),
        "{text}"
    );
}
