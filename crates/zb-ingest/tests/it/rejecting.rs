//! Rows that cannot be sent, among rows that can.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{
    Array, ArrayRef, RecordBatch, StringArray, UInt64Array, cast::AsArray, types::UInt64Type,
};
use arrow_schema::{DataType, Field, Schema};
use zb_ingest::{RejectedBy, Sender, reason_columns};

use crate::{
    flights::{flights, ids_of, rows_of, table, without_carrier},
    ground::{Ground, is_flight},
    partition::{assert_partition, settled},
    witness::{Seen, Witness},
};

/// Ten flights of which the second, the third and the last cannot be sent.
fn mixed() -> RecordBatch {
    let rows: Vec<_> = (0..10)
        .map(|id| {
            let carrier = (id != 1 && id != 2).then_some("UA");
            let note = if id == 9 { 2_000 } else { 1 };
            (id, carrier, "n".repeat(note))
        })
        .collect();
    rows_of(&rows)
}

#[tokio::test]
async fn a_bad_row_is_rejected_alone() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let encoding = zb_convert::Options::default().max_record_bytes(1_000);
    let sender = ground.sender(ground.options().encoding(encoding)).await;
    let receipt = sender.send(mixed()).await.unwrap();
    assert_partition(&receipt);

    assert_eq!(receipt.durable().as_slice(), [0..1, 3..9]);
    assert!(!receipt.is_all_durable());
    assert!(receipt.error().is_none(), "a bad row is no error");
    let rejected = receipt.rejected();
    assert!(rejected.iter().all(|r| r.by() == RejectedBy::Conversion));
    assert_eq!(rejected[0].column(), "carrier");
    assert_eq!(rejected[2].column(), "");
    assert!(rejected[0].to_string().contains("carrier"));
    assert_eq!(
        receipt.rejected_by_kind(),
        BTreeMap::from([("null_in_required", 2), ("record_too_large", 1)])
    );
    assert_eq!(ground.landed(), [0, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn both_kinds_of_rows_come_back_as_batches() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let encoding = zb_convert::Options::default().max_record_bytes(1_000);
    let sender = ground.sender(ground.options().encoding(encoding)).await;
    let receipt = sender.send(mixed()).await.unwrap();

    let accepted = receipt.accepted_batch().unwrap();
    assert_eq!(ids_of(&accepted), [0, 3, 4, 5, 6, 7, 8]);
    assert_eq!(accepted.schema(), mixed().schema());

    let rejected = receipt.rejected_batch().unwrap();
    assert_eq!(ids_of(&rejected), [1, 2, 9]);
    assert!(rejected.column_by_name("carrier").unwrap().is_null(0));
    let rows = rejected.column_by_name("_zb_error_row").unwrap();
    assert_eq!(rows.as_primitive::<UInt64Type>().values(), &[1, 2, 9]);
    let text = |name| {
        let column = rejected.column_by_name(name).unwrap().as_string::<i32>();
        column.iter().map(|text| text.unwrap().to_owned())
    };
    assert!(text("_zb_error_column").eq(["carrier", "carrier", ""]));
    assert!(text("_zb_error_kind").eq([
        "null_in_required",
        "null_in_required",
        "record_too_large"
    ]));
    assert!(text("_zb_error_message").eq([
        "a null in a column that is not nullable",
        "a null in a column that is not nullable",
        "a record over the size limit (found 2009 bytes, limit 1000 bytes)",
    ]));
}

#[tokio::test]
async fn rejected_rows_keep_their_places_over_all_requests_of_a_batch() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground.options().request_rows(5);
    let sender = ground.sender(options.observer(witness.clone())).await;
    let bad = [0, 4, 5, 6, 7, 8, 9, 23, 24];
    let ticket = sender.submit(without_carrier(0..25, &bad)).await.unwrap();
    let receipt = settled(ticket).await;
    assert_eq!(receipt.durable().as_slice(), [1..4, 10..23]);
    let rejected = receipt.rejected().iter().map(|r| r.row() as i64);
    assert_eq!(rejected.collect::<Vec<_>>(), bad);
    assert_eq!(ids_of(&receipt.rejected_batch().unwrap()), bad);

    let told = witness.seen().into_iter().filter_map(|event| match event {
        Seen::Rejected { rows } => Some(rows),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [vec![0, 4], vec![5, 6, 7, 8, 9], vec![23, 24]]
    );
}

#[tokio::test]
async fn a_batch_of_bad_rows_sends_nothing_and_the_next_one_is_sent() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let sender = ground
        .sender(ground.options().observer(witness.clone()))
        .await;
    let batch = without_carrier(0..3, &[0, 1, 2]);
    let receipt = sender
        .submit(batch)
        .await
        .unwrap()
        .try_receipt()
        .expect("nothing to wait for");
    assert_partition(&receipt);
    assert_eq!(receipt.rejected().len(), 3);
    assert_eq!(receipt.accepted_batch().unwrap().num_rows(), 0);
    assert_eq!(witness.sent(), []);

    let receipt = sender.send(flights(3..5)).await.unwrap();
    assert!(receipt.is_all_durable());
    assert_eq!(ground.landed(), [3, 4]);
}

#[tokio::test]
async fn rows_are_counted_on_and_those_of_a_quarantine_before_keep_their_number() {
    let columns = |nullable| {
        Schema::new(vec![
            Field::new(reason_columns::ROW, DataType::UInt64, true),
            Field::new("carrier", DataType::Utf8, nullable),
        ])
    };
    let before: ArrayRef = Arc::new(UInt64Array::from(vec![7, 8]));
    let carriers: ArrayRef = Arc::new(StringArray::from(vec![Some("UA"), None]));
    let batch = RecordBatch::try_new(Arc::new(columns(true)), vec![before, carriers]).unwrap();

    let ground = Ground::new().await;
    let options = ground.options().dry_run();
    let sender = Sender::open(table(), &columns(false), ground.tokens(), options).await;
    let receipt = sender.unwrap().send(batch).await.unwrap();
    let rows = receipt.rejected_batch_from(100).unwrap();
    let place = |column: usize| rows.column(column).as_primitive::<UInt64Type>().value(0);
    assert_eq!((rows.num_rows(), place(0), place(2)), (1, 8, 101));
}
