//! Rows that the service refuses without saying which they are.

use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use arrow_array::{RecordBatch, cast::AsArray};
use zb_ingest::{Code, Quarantine, RejectedBy, Sender, TrySubmitError};
use zb_local::faults::{self, Fault};
use zb_types::TableName;

use crate::{
    flights::{flights, ids_of, rows_of, without_carrier},
    ground::{Ground, is_flight, prompt},
    partition::{assert_durable, assert_partition, settled},
    witness::{Seen, Witness},
};

/// A service that refuses every row whose carrier is `XX`.
async fn ground() -> Ground {
    Ground::with(|builder| {
        prompt(builder).faults(Fault::on_record().column("carrier", "XX").refuse())
    })
    .await
}

fn with_poison(ids: std::ops::Range<i64>, poison: &[i64]) -> RecordBatch {
    let rows: Vec<_> = ids
        .map(|id| {
            let carrier = if poison.contains(&id) { "XX" } else { "UA" };
            (id, Some(carrier), String::new())
        })
        .collect();
    rows_of(&rows)
}

/// Sends rows of which some are refused, with others around them, and looks at what became of all.
async fn assert_isolated(count: i64, poison: &[i64]) {
    let ground = ground().await;
    let sender = ground.sender(ground.options()).await;
    let before = sender.submit(flights(-10..0)).await.unwrap();
    let ticket = sender.submit(with_poison(0..count, poison)).await.unwrap();
    let after = sender.submit(flights(count..count + 10)).await.unwrap();

    let receipt = settled(ticket).await;
    assert_partition(&receipt);
    let rejected: Vec<_> = receipt.rejected().iter().map(|r| r.row() as i64).collect();
    assert_eq!(rejected, poison, "of {count}");
    for rejection in receipt.rejected() {
        assert_eq!(rejection.by(), RejectedBy::Service);
        assert_eq!(rejection.kind(), "refused_by_service");
    }
    assert_eq!(
        receipt.durable().count() as i64,
        count - poison.len() as i64
    );
    assert!(receipt.error().is_none());
    assert_eq!(ids_of(&receipt.rejected_batch().unwrap()), poison);
    assert_durable(before).await;
    assert_durable(after).await;
    assert_durable(sender.submit(flights(9_000..9_001)).await.unwrap()).await;

    let mut landed = ground.landed();
    landed.sort_unstable();
    landed.dedup();
    let expected: Vec<_> = (-10..count + 10)
        .filter(|id| !poison.contains(id))
        .chain([9_000])
        .collect();
    assert_eq!(landed, expected);
}

#[tokio::test]
async fn one_row_is_found_wherever_it_is() {
    for poison in [0, 6, 12] {
        assert_isolated(13, &[poison]).await;
    }
    assert_isolated(1, &[0]).await;
}

#[tokio::test]
async fn several_rows_are_found_and_those_between_them_are_delivered() {
    assert_isolated(200, &[0, 1, 77, 150, 151, 199]).await;
}

#[tokio::test]
async fn rows_that_are_all_refused_are_all_rejected() {
    assert_isolated(9, &(0..9).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn the_search_is_logarithmic() {
    let ground = ground().await;
    let sender = ground.sender(ground.options()).await;
    let receipt = sender.send(with_poison(0..4_096, &[1_234])).await.unwrap();
    assert_eq!(receipt.rejected().len(), 1);
    // The first stream, and one for each refusal: the batch, the batch alone, twelve halves, and the
    // row again until two streams have refused it that carried nothing else.
    let opened = ground.server.stats().streams_opened;
    assert!((12..=17).contains(&opened), "{opened} streams");
}

/// Sends eight rows of which one is refused, to a service that also acknowledges what cannot be.
async fn assert_found_in_spite_of(lie: Fault, what: &str) {
    let refusal = Fault::on_record().column("carrier", "XX").refuse();
    let ground = Ground::with(|builder| prompt(builder).faults([refusal, lie])).await;
    // Over Flight too few rows are no lie, and the others are waited for.
    let patience = Duration::from_millis(if is_flight() { 500 } else { 60_000 });
    let sender = ground.sender(ground.options().ack_timeout(patience)).await;
    let receipt = sender.send(with_poison(0..8, &[5])).await.unwrap();
    assert_partition(&receipt);
    let rejected = ids_of(&receipt.rejected_batch().unwrap());
    assert_eq!(rejected, [5], "{what}");
    assert_eq!(receipt.durable().count(), 7, "{what}");
    let landed = ground.landed();
    for row in receipt.durable().rows() {
        let times = landed.iter().filter(|id| **id == row as i64).count();
        let doubtful = receipt.possibly_duplicated().contains(row);
        assert!(times == 1 || (times > 1 && doubtful), "{what}: row {row}");
    }
    assert!(!landed.contains(&5), "{what}");
}

#[tokio::test]
async fn an_acknowledgement_that_cannot_be_makes_no_bad_row_of_a_good_one() {
    // At each of the parts in turn; there are fewer acknowledgements than that.
    for nth in 1..=8 {
        let on = || Fault::on_ack().nth(nth);
        assert_found_in_spite_of(on().behind(2), &format!("behind, {nth}")).await;
        assert_found_in_spite_of(on().beyond(1_000), &format!("beyond, {nth}")).await;
        assert_found_in_spite_of(on().saying(-7), &format!("below zero, {nth}")).await;
        assert_found_in_spite_of(on().backwards(3), &format!("backwards, {nth}")).await;
    }
    // What is said of the rows before is not taken for an answer to the next ones.
    assert_found_in_spite_of(Fault::on_ack().backwards(3), "backwards, always").await;
}

#[tokio::test]
async fn with_a_service_that_never_acknowledges_what_can_be_there_is_an_end() {
    if is_flight() {
        return;
    }
    for probes in [0, 3, 10_000] {
        let ground =
            Ground::with(|builder| prompt(builder).faults(Fault::on_ack().beyond(1_000))).await;
        let options = ground.options().max_probes(probes);
        let sender = ground.sender(options).await;
        let receipt = sender.send(flights(0..16)).await.unwrap();
        assert_partition(&receipt);
        // Every stream refuses every row, as far as can be told.
        assert_eq!(receipt.rejected().len(), 16);
        assert!(receipt.durable().is_empty());
        let halved = probes.min(15) as u64;
        let parts = halved + 1;
        let opened = ground.server.stats().streams_opened;
        assert!(opened <= 2 + halved + 3 * parts, "{opened} streams");
    }
}

#[tokio::test]
async fn what_is_not_found_within_the_bound_is_rejected_together() {
    let ground = ground().await;
    let sender = ground.sender(ground.options().max_probes(3)).await;
    let receipt = sender.send(with_poison(0..64, &[5, 40])).await.unwrap();
    assert_partition(&receipt);
    assert!(receipt.rejected().iter().any(|r| r.row() == 5));
    assert!(receipt.rejected().iter().any(|r| r.row() == 40));
    assert!(
        receipt
            .rejected_by_kind()
            .contains_key("refused_with_others")
    );
    assert!(receipt.durable().count() >= 16, "{:?}", receipt.durable());
    assert_durable(sender.submit(flights(100..110)).await.unwrap()).await;
}

#[tokio::test]
async fn what_is_durable_is_in_the_table_once_or_said_to_be_doubtful() {
    let ground = ground().await;
    let sender = ground.sender(ground.options().request_rows(10)).await;
    let receipt = sender.send(with_poison(0..100, &[55])).await.unwrap();
    assert_partition(&receipt);
    let landed = ground.landed();
    for row in receipt.durable().rows() {
        let times = landed.iter().filter(|id| **id == row as i64).count();
        let doubtful = receipt.possibly_duplicated().contains(row);
        assert!(
            times == 1 || (times > 1 && doubtful),
            "row {row}: {times} times"
        );
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<(TableName, RecordBatch)>>);

impl Quarantine for Kept {
    fn put(&self, table: &TableName, rows: &RecordBatch) -> Result<(), Box<dyn StdError>> {
        self.0.lock().unwrap().push((table.clone(), rows.clone()));
        Ok(())
    }
}

struct DiskFull;

impl Quarantine for DiskFull {
    fn put(&self, _: &TableName, _: &RecordBatch) -> Result<(), Box<dyn StdError>> {
        Err("no space left on device".into())
    }
}

/// One row that cannot be converted and one that is refused.
async fn send_bad(sender: &Sender) -> zb_ingest::Receipt {
    let rows = [(0, Some("UA")), (1, None), (2, Some("XX")), (3, Some("UA"))];
    let rows: Vec<_> = rows
        .map(|(id, carrier)| (id, carrier, String::new()))
        .to_vec();
    sender.send(rows_of(&rows)).await.unwrap()
}

#[tokio::test]
async fn refused_rows_are_in_quarantine_with_their_reasons_before_the_receipt_is() {
    let ground = ground().await;
    let kept = Arc::new(Kept::default());
    let sender = ground
        .sender(ground.options().quarantine(kept.clone()))
        .await;
    let receipt = send_bad(&sender).await;
    assert_eq!(receipt.quarantine_error(), None);
    let kept = kept.0.lock().unwrap();
    let [(table, rows)] = kept.as_slice() else {
        panic!("{} batches", kept.len());
    };
    assert_eq!(table, sender.table());
    assert_eq!(ids_of(rows), [1, 2]);
    let kinds = rows
        .column_by_name("_zb_error_kind")
        .unwrap()
        .as_string::<i32>();
    let kinds: Vec<_> = kinds.iter().flatten().collect();
    assert_eq!(kinds, ["null_in_required", "refused_by_service"]);
}

#[tokio::test]
async fn a_quarantine_that_fails_fails_nothing_and_the_receipt_says_so() {
    let ground = ground().await;
    let sender = ground
        .sender(ground.options().quarantine(Arc::new(DiskFull)))
        .await;
    let receipt = send_bad(&sender).await;
    assert_eq!(receipt.quarantine_error(), Some("no space left on device"));
    assert_eq!(receipt.rejected().len(), 2);
    assert_eq!(receipt.durable().count(), 2);
    let closed = sender.close(std::time::Duration::from_secs(5)).await;
    assert!(closed.undelivered.is_empty());
}

#[tokio::test]
async fn a_table_that_changes_under_a_stream_is_an_error_and_no_bad_row() {
    // Refused in mid-stream, and then at every opening.
    let refusal = "the schema has changed";
    let code = faults::Code::InvalidArgument;
    let ground = Ground::with(|builder| {
        prompt(builder).faults([
            Fault::on_request().nth(2).status(code, refusal),
            Fault::on_open().from_nth(2).status(code, refusal),
        ])
    })
    .await;
    let sender = ground.sender(ground.options()).await;
    assert_durable(sender.submit(flights(0..5)).await.unwrap()).await;
    let receipt = sender.send(flights(5..10)).await.unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.rejected(), []);
    assert_eq!(receipt.unknown().count(), 5);
    let Some(zb_ingest::Error::Service { status, .. }) = receipt.error() else {
        panic!("{:?}", receipt.error());
    };
    assert_eq!(status.code, Code::INVALID_ARGUMENT);
}

/// Keeps nothing before it may.
struct Slow(Mutex<mpsc::Receiver<()>>);

impl Quarantine for Slow {
    fn put(&self, _: &TableName, _: &RecordBatch) -> Result<(), Box<dyn StdError>> {
        Ok(self.0.lock().unwrap().recv()?)
    }
}

#[tokio::test]
async fn batches_of_bad_rows_alone_wait_for_a_slow_quarantine_too() {
    const MAX_WAITING: usize = 64;
    let ground = ground().await;
    let (go, slow) = mpsc::channel();
    let slow = Arc::new(Slow(Mutex::new(slow)));
    let sender = ground.sender(ground.options().quarantine(slow)).await;
    let bad = |id| without_carrier(id..id + 1, &[id]);
    let mut tickets = Vec::new();
    for id in 0..MAX_WAITING as i64 {
        tickets.push(sender.submit(bad(id)).await.unwrap());
    }
    let Err(TrySubmitError::Full(refused)) = sender.try_submit(bad(64)).await else {
        panic!("there is no end to what waits for the quarantine");
    };
    assert_eq!(refused.num_rows(), 1);
    let next = tokio::time::timeout(Duration::from_millis(300), sender.submit(bad(64))).await;
    assert!(next.is_err(), "it has not waited");
    for _ in 0..=MAX_WAITING {
        go.send(()).unwrap();
    }
    tickets.push(sender.submit(bad(65)).await.unwrap());
    go.send(()).unwrap();
    for ticket in tickets {
        let receipt = settled(ticket).await;
        assert_eq!(receipt.rejected().len(), 1);
        assert_eq!(receipt.quarantine_error(), None);
    }
}

#[tokio::test]
async fn what_is_sent_in_parts_is_told_of_as_often_and_is_durable_once() {
    let ground = ground().await;
    let witness = Witness::new();
    let options = ground.options().observer(witness.clone());
    let sender = ground.sender(options).await;
    let receipt = sender.send(with_poison(0..16, &[5])).await.unwrap();
    assert_partition(&receipt);
    let requests = ground.server.stats().requests;
    let sent = witness.sent();
    assert_eq!(sent.len() as u64, requests, "{sent:?}");
    let (whole_rows, whole_bytes) = sent[0];
    assert_eq!(whole_rows, 16);
    let seen = witness.seen();
    let durable = seen.iter().filter_map(|seen| match seen {
        Seen::Acknowledged { rows, bytes } => Some((*rows, *bytes)),
        _ => None,
    });
    let (rows, bytes) = durable.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert_eq!(rows, 15);
    // All rows are of one size, but for a byte of rounding a part.
    let expected = whole_bytes * 15 / 16;
    assert!(bytes.abs_diff(expected) <= 16, "{bytes} of {expected}");
}
