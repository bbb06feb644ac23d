//! Tables that are altered while they are written to.

use std::{collections::HashMap, sync::Arc, time::Duration};

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use zb_core::{
    ErrorKind, Sender, ingest,
    local::faults::{Answer, Fault, FaultScript},
};

use crate::ground::{Ground, once, table};

/// `id INT NOT NULL, note STRING`.
fn columns() -> Vec<Field> {
    vec![
        Field::new("id", DataType::Int32, false),
        Field::new("note", DataType::Utf8, true),
    ]
}

fn rows(from: i32, count: i32) -> RecordBatch {
    let ids = Int32Array::from_iter_values(from..from + count);
    let notes = StringArray::from_iter_values((0..count).map(|i| format!("n{i}")));
    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(notes)];
    RecordBatch::try_new(Arc::new(Schema::new(self::columns())), columns).unwrap()
}

fn ids(of: impl IntoIterator<Item = i32>) -> Vec<Option<String>> {
    of.into_iter().map(|id| Some(id.to_string())).collect()
}

async fn open(client: &zb_core::Client) -> Sender {
    let schema = Schema::new(columns());
    client.sender(&table(), &schema).open().await.unwrap()
}

/// Sends a batch, every row of which must become durable.
async fn deliver(sender: &Sender, batch: RecordBatch) {
    let receipt = sender.send(batch).await.unwrap();
    assert!(receipt.is_all_durable(), "{receipt:?}");
}

/// The schema problems that a sender ended with.
fn problems(error: &ingest::Error) -> Vec<String> {
    let ingest::Error::Schema(error) = error else {
        panic!("{error:?}")
    };
    let problems = error.problems().iter();
    problems.map(|problem| problem.path().to_owned()).collect()
}

#[tokio::test]
async fn a_column_that_is_added_is_filled_by_the_next_batch_that_has_it() {
    let ground = Ground::new(&Schema::new(columns())).await;
    let client = ground.client();
    let sent = client.send(&table(), rows(0, 2)).await.unwrap();
    assert!(sent.is_all_durable(), "{sent:?}");

    let gates: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let [id, note] = [0, 1].map(|at| rows(2, 1).column(at).clone());
    let wide = [("gate", gates), ("id", id), ("note", note)];
    let wide = RecordBatch::try_from_iter(wide).unwrap();
    let error = client.send(&table(), wide.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);

    let mut altered = columns();
    altered.push(Field::new("gate", DataType::Int64, true));
    let altered = Schema::new(altered);
    ground.server.alter_table(&table(), &altered).await.unwrap();
    for batch in [wide, rows(3, 1)] {
        let sent = client.send(&table(), batch).await.unwrap();
        assert!(sent.is_all_durable(), "{sent:?}");
    }
    assert_eq!(ground.landed("id"), ids(0..4));
    let gate = |gate: Option<&str>| gate.map(str::to_owned);
    let gates = [None, None, gate(Some("7")), None];
    assert_eq!(ground.landed("gate"), gates);
    client.close().await.unwrap();
}

/// What ends the streams of a server.
async fn end_streams(ground: &Ground) {
    ground.server.rotate_streams(Duration::ZERO);
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn a_running_sender_goes_on_when_a_column_that_it_does_not_have_is_added() {
    let ground = Ground::new(&Schema::new(columns())).await;
    let client = ground.client();
    let sender = open(&client).await;
    deliver(&sender, rows(0, 10)).await;
    let mut altered = columns();
    altered.insert(0, Field::new("gate", DataType::Int64, true));
    let altered = Schema::new(altered);
    ground.server.alter_table(&table(), &altered).await.unwrap();
    for from in [10, 20] {
        deliver(&sender, rows(from, 10)).await;
        end_streams(&ground).await;
    }
    assert_eq!(once(ground.landed("id")), ids(0..30));
}

#[tokio::test]
async fn a_running_sender_follows_a_type_that_has_become_wider() {
    let ground = Ground::new(&Schema::new(columns())).await;
    let client = ground.client();
    let sender = open(&client).await;
    deliver(&sender, rows(0, 10)).await;
    // Int32 is no 64-bit number on the wire before it is planned anew.
    let wider = Schema::new(vec![
        Field::new("id", DataType::Float64, false),
        Field::new("note", DataType::Utf8, true),
    ]);
    ground.server.replace_table(&table(), &wider).await.unwrap();
    end_streams(&ground).await;
    deliver(&sender, rows(10, 10)).await;
    let expected: Vec<_> = (10..20).map(|id| Some(format!("{id}.0"))).collect();
    assert_eq!(once(ground.landed("id")), expected);
}

#[tokio::test]
async fn rows_that_no_longer_fit_are_rejected_by_name_and_the_others_delivered() {
    let ground = Ground::new(&Schema::new(columns())).await;
    let client = ground.client();
    let sender = open(&client).await;
    deliver(&sender, rows(0, 1)).await;
    let narrower = Schema::new(vec![
        Field::new("id", DataType::Int8, false),
        Field::new("note", DataType::Utf8, true),
    ]);
    ground
        .server
        .replace_table(&table(), &narrower)
        .await
        .unwrap();
    end_streams(&ground).await;
    let receipt = sender.send(rows(120, 10)).await.unwrap();
    let rejected: Vec<_> = receipt
        .rejected()
        .iter()
        .map(|r| (r.row(), r.column()))
        .collect();
    assert_eq!(rejected, [(8, "id"), (9, "id")]);
    assert_eq!(receipt.durable().count(), 8, "{receipt:?}");
    assert_eq!(once(ground.landed("id")), ids(120..128));
}

#[tokio::test]
async fn a_breaking_change_is_one_error_with_every_problem_and_no_row_is_to_blame() {
    let ground = Ground::new(&Schema::new(columns())).await;
    let client = ground.client();
    let sender = open(&client).await;
    deliver(&sender, rows(0, 10)).await;
    // Retyped, dropped, and one that is needed.
    let broken = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("gate", DataType::Int64, false),
    ]);
    ground
        .server
        .replace_table(&table(), &broken)
        .await
        .unwrap();
    end_streams(&ground).await;

    let receipt = sender.send(rows(10, 10)).await.unwrap();
    let error = receipt.error().unwrap();
    assert_eq!(problems(error), ["note", "id", "gate"]);
    assert_eq!(receipt.rejected(), []);
    assert_eq!(receipt.not_sent().count() + receipt.unknown().count(), 10);
    assert_eq!(ground.landed("id"), []);

    let again = sender.send(rows(20, 1)).await.unwrap_err();
    assert_eq!(problems(&again), ["note", "id", "gate"]);
    let anew = client.send(&table(), rows(20, 1)).await.unwrap_err();
    assert_eq!(anew.kind(), ErrorKind::Schema);
    let closed = sender.close(Duration::from_secs(5)).await;
    let back: usize = closed.undelivered.iter().map(|u| u.batch.num_rows()).sum();
    assert_eq!(back, 10, "what was not delivered comes back");
}

#[tokio::test]
async fn a_column_that_is_dropped_under_a_sender_is_named() {
    // Without a look at the table the sender would only hear that the service refuses.
    let cut = Fault::on_request().nth(2).cut();
    let ground = Ground::with(&Schema::new(columns()), |b| b.faults(cut)).await;
    let client = ground.client();
    let sender = open(&client).await;
    deliver(&sender, rows(0, 10)).await;
    let dropped = Schema::new(columns()[..1].to_vec());
    ground.server.alter_table(&table(), &dropped).await.unwrap();
    let receipt = sender.send(rows(10, 10)).await.unwrap();
    assert_eq!(problems(receipt.error().unwrap()), ["note"]);
    assert_eq!(receipt.rejected(), []);
    assert_eq!(ground.landed("id"), ids(0..10));
}

#[tokio::test]
async fn a_catalog_that_is_away_when_a_stream_is_opened_again_stops_nothing() {
    let script: FaultScript = [
        Fault::on_catalog().from_nth(2).answer(Answer::status(500)),
        Fault::on_request()
            .every(2)
            .status(zb_core::local::faults::Code::Unavailable, "gone"),
    ]
    .into_iter()
    .collect();
    let ground = Ground::with(&Schema::new(columns()), |b| b.faults(script)).await;
    let client = ground.client();
    let sender = open(&client).await;
    for from in [0, 10, 20, 30] {
        deliver(&sender, rows(from, 10)).await;
    }
    assert_eq!(once(ground.landed("id")), ids(0..40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_grows_again_and_again_under_load_loses_no_row() {
    // An end to it: all that waits is sent again each time, and cut again.
    let cut = Fault::on_request().every(9).times(6).cut();
    let ground = Ground::with(&Schema::new(columns()), |b| b.faults(cut)).await;
    let client = ground.client();
    let sender = open(&client).await;
    let mut tickets = Vec::new();
    let mut altered = columns();
    for turn in 0..40 {
        tickets.push(sender.submit(rows(turn * 100, 100)).await.unwrap());
        if turn % 8 == 5 {
            altered.push(Field::new(format!("more{turn}"), DataType::Int64, true));
            let altered = Schema::new(altered.clone());
            ground.server.alter_table(&table(), &altered).await.unwrap();
        }
    }
    let mut twice = 0;
    for ticket in tickets {
        let receipt = ticket.wait().await;
        assert_eq!(receipt.durable().count(), 100, "{receipt:?}");
        twice += receipt.possibly_duplicated().count();
    }
    let closed = sender.close(Duration::from_secs(10)).await;
    assert!(closed.undelivered.is_empty());
    let mut counts: HashMap<String, usize> = HashMap::new();
    for id in ground.landed("id") {
        *counts.entry(id.unwrap()).or_default() += 1;
    }
    assert_eq!(counts.len(), 4_000, "every row, and no other");
    let duplicated = counts.values().filter(|count| **count > 1).count();
    assert!(duplicated <= twice, "{duplicated} of {twice}");
    client.close().await.unwrap();
}
