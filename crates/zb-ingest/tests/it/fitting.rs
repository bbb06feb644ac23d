//! Batches that do not look like the sender's schema.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use zb_ingest::{Error, ErrorKind};

use crate::{
    flights::flights, ground::Ground, landed, partition::assert_durable, witness::Witness,
};

fn batch<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn ids() -> ArrayRef {
    Arc::new(Int64Array::from(vec![1, 2]))
}

fn texts(first: &str, second: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![first, second]))
}

#[tokio::test]
async fn columns_are_found_by_name_and_a_nullable_one_may_be_left_out() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    let turned = batch([
        ("note", texts("late", "early")),
        ("carrier", texts("UA", "DL")),
        ("id", ids()),
    ]);
    assert_durable(sender.submit(turned).await.unwrap()).await;
    let short = batch([("carrier", texts("AA", "B6")), ("id", ids())]);
    assert_durable(sender.submit(short).await.unwrap()).await;

    let row = |id, carrier: &str, note: Option<&str>| landed::Row {
        id,
        carrier: carrier.to_owned(),
        note: note.map(str::to_owned),
    };
    assert_eq!(
        landed::rows(&ground.path()),
        [
            row(1, "UA", Some("late")),
            row(2, "DL", Some("early")),
            row(1, "AA", None),
            row(2, "B6", None),
        ]
    );
}

#[tokio::test]
async fn another_schema_is_refused_whole_and_the_sender_lives_on() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let sender = ground
        .sender(ground.options().observer(witness.clone()))
        .await;
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let wrong = [
        (
            "id",
            batch([("id", numbers), ("carrier", texts("UA", "DL"))]),
        ),
        ("carrier", batch([("id", ids())])),
        (
            "gate",
            batch([
                ("id", ids()),
                ("carrier", texts("UA", "DL")),
                ("gate", texts("A1", "A2")),
            ]),
        ),
        // Rows or none, the columns are the wrong ones.
        ("carrier", batch([("id", ids())]).slice(0, 0)),
    ];
    for (column, batch) in wrong {
        let error = sender.submit(batch).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema);
        let Error::Schema(cause) = error else {
            panic!("{error:?}")
        };
        assert!(cause.to_string().contains(column), "{column}: {cause}");
    }
    assert_eq!(witness.sent(), []);

    assert_durable(sender.submit(flights(0..2)).await.unwrap()).await;
    assert_eq!(ground.landed(), [0, 1]);
}
