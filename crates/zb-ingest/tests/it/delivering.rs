//! Faults of the service that the sender answers by itself, and what it does besides.

use std::{sync::Arc, time::Duration};

use arrow_array::cast::AsArray;
use arrow_schema::{DataType, Field, Schema};
use tokio::time::Instant;
use zb_ingest::{BATCH_COLUMN, ROW_COLUMN, Sender, SlowDown, TrySubmitError};
use zb_local::faults::{Code, Fault};

use crate::{
    flights::{flights, ids_of, schema, table, with_notes, without_carrier},
    ground::{Ground, is_flight, prompt, withholding},
    partition::{assert_durable, assert_partition, durable, settled},
};

/// The rows that were sent, each at least once and nothing else.
fn assert_landed(ground: &Ground, expected: std::ops::Range<i64>) {
    let mut landed = ground.landed();
    landed.sort_unstable();
    landed.dedup();
    assert_eq!(landed, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_token_that_expires_in_mid_stream_is_replaced() {
    for code in [Code::Unauthenticated, Code::PermissionDenied] {
        let ground = Ground::with(|builder| {
            prompt(builder).faults(Fault::on_request().nth(3).status(code, "expired"))
        })
        .await;
        let sender = ground.sender(ground.options().request_rows(10)).await;
        let before = durable(sender.submit(flights(0..20)).await.unwrap()).await;
        let receipt = durable(sender.submit(flights(20..100)).await.unwrap()).await;
        assert!(before.possibly_duplicated().is_empty());
        assert!(receipt.possibly_duplicated().contains(0));
        assert_landed(&ground, 0..100);
    }
}

#[tokio::test]
async fn a_record_whose_acknowledgement_never_comes_is_missed_though_the_stream_is_idle() {
    let ground =
        Ground::with(|builder| prompt(builder).faults(Fault::on_ack().nth(2).withhold())).await;
    let timeout = Duration::from_secs(1);
    let sender = ground.sender(ground.options().ack_timeout(timeout)).await;
    assert_durable(sender.submit(flights(0..5)).await.unwrap()).await;
    let start = Instant::now();
    let receipt = durable(sender.submit(flights(5..10)).await.unwrap()).await;
    assert!(start.elapsed() >= timeout);
    assert_eq!(receipt.possibly_duplicated().count(), 5);
    assert_landed(&ground, 0..10);
    assert_eq!(
        ground.landed().len(),
        15,
        "they are there twice, and it is said"
    );
}

#[tokio::test]
async fn a_connection_that_is_new_gets_its_time_for_an_old_request() {
    // The first connection is lost after a second, and the acknowledgement on the second one comes
    // two seconds after the request was first sent.
    let late = || Fault::on_ack().after(Duration::from_secs(1));
    let faults = [
        late().nth(1).cut(),
        Fault::on_ack().nth(2).delay(Duration::from_secs(1)),
    ];
    let ground = Ground::with(|builder| prompt(builder).faults(faults)).await;
    let timeout = Duration::from_millis(1_500);
    let sender = ground.sender(ground.options().ack_timeout(timeout)).await;
    let start = Instant::now();
    let receipt = durable(sender.submit(flights(0..5)).await.unwrap()).await;
    assert!(start.elapsed() > timeout, "{:?}", start.elapsed());
    assert_eq!(receipt.possibly_duplicated().count(), 5);
    assert_eq!(ground.server.stats().streams_opened, 2, "none was cut off");
    assert_eq!(ground.landed().len(), 10);
}

#[tokio::test]
async fn an_idle_stream_is_left_alone() {
    let ground = Ground::new().await;
    let sender = ground
        .sender(ground.options().ack_timeout(Duration::from_millis(700)))
        .await;
    assert_durable(sender.submit(flights(0..5)).await.unwrap()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let receipt = durable(sender.submit(flights(5..6)).await.unwrap()).await;
    assert!(receipt.possibly_duplicated().is_empty());
    assert_eq!(ground.server.stats().streams_opened, 1);
}

#[tokio::test]
async fn every_status_in_mid_stream_is_survived_or_ends_in_a_receipt() {
    for code in Code::ALL {
        let ground = Ground::with(|builder| {
            prompt(builder).faults(Fault::on_request().nth(2).status(code, "no"))
        })
        .await;
        let sender = ground.sender(ground.options().request_rows(5)).await;
        let receipt = settled(sender.submit(flights(0..20)).await.unwrap()).await;
        assert_partition(&receipt);
        // Whether the SDK hears of these before its connection is gone is a race.
        if !matches!(code, Code::NotFound | Code::Unimplemented) {
            assert!(receipt.is_all_durable(), "{code:?}: {receipt:?}");
        }
        let landed = ground.landed();
        for row in receipt.durable().rows() {
            assert!(
                landed.contains(&(row as i64)),
                "{code:?}: row {row} is lost"
            );
        }
        for row in receipt.not_sent().rows() {
            assert!(
                !landed.contains(&(row as i64)),
                "{code:?}: row {row} was sent"
            );
        }
    }
}

#[tokio::test]
async fn a_service_that_takes_every_stream_and_then_fails_it_is_given_up() {
    let ground = Ground::with(|builder| {
        prompt(builder).faults(Fault::on_request().status(Code::Unavailable, "sick"))
    })
    .await;
    let sender = ground
        .sender(ground.options().retry(crate::ground::impatient()))
        .await;
    let receipt = sender.send(flights(0..5)).await.unwrap();
    assert_eq!(receipt.unknown().count(), 5);
    let opened = ground.server.stats().streams_opened;
    assert!(
        opened <= 2 * u64::from(crate::ground::impatient().max_attempts()),
        "{opened}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_streams_share_the_work() {
    let ground =
        Ground::with(|builder| prompt(builder).faults(Fault::on_request().nth(9).cut())).await;
    let sender = Arc::new(
        ground
            .sender(ground.options().streams(4).request_rows(10))
            .await,
    );
    let mut tickets = Vec::new();
    for batch in 0..20 {
        tickets.push(
            sender
                .submit(flights(batch * 50..batch * 50 + 50))
                .await
                .unwrap(),
        );
    }
    for ticket in tickets {
        assert_durable(ticket).await;
    }
    assert_landed(&ground, 0..1_000);
    assert!(ground.server.stats().streams_opened >= 4);
    let closed = sender.close(Duration::from_secs(5)).await;
    assert!(closed.undelivered.is_empty() && closed.error.is_none());
}

#[tokio::test]
async fn a_batch_is_taken_in_at_once_or_given_back_whole() {
    if is_flight() {
        return;
    }
    let ground = Ground::with(withholding).await;
    let options = ground
        .options()
        .request_bytes(2_000)
        .max_in_flight_bytes(10_000);
    let sender = ground.sender(options).await;
    let some = with_notes(0..40, &[100; 40]);
    let first = sender.try_submit(some.clone()).await.unwrap();
    let second = sender
        .try_submit(with_notes(40..80, &[100; 40]))
        .await
        .unwrap();
    let Err(TrySubmitError::Full(batch)) = sender.try_submit(some).await else {
        panic!("there is no room");
    };
    assert_eq!(ids_of(&batch), (0..40).collect::<Vec<_>>());
    let bad = without_carrier(80..82, &[80]);
    let small = sender.try_submit(bad).await.unwrap();
    let closed = sender.close(Duration::from_millis(100)).await;
    assert_eq!(
        closed
            .undelivered
            .iter()
            .map(|u| u.batch.num_rows())
            .sum::<usize>(),
        81
    );
    for ticket in [first, second] {
        assert_eq!(settled(ticket).await.unknown().count(), 40);
    }
    let receipt = settled(small).await;
    assert_eq!(
        (receipt.rejected().len(), receipt.unknown().count()),
        (1, 1)
    );
    assert!(matches!(
        sender.try_submit(flights(0..1)).await,
        Err(TrySubmitError::Failed(_))
    ));
}

#[tokio::test]
async fn a_dry_run_connects_to_nothing_and_says_what_would_be_refused() {
    let ground = Ground::new().await;
    let options = ground.options().dry_run();
    let sender = ground.sender(options).await;
    let receipt = sender.send(without_carrier(0..10, &[3, 4])).await.unwrap();
    assert_eq!(
        (receipt.not_sent().count(), receipt.rejected().len()),
        (8, 2)
    );
    assert!(receipt.error().is_none());
    let wrong = arrow_array::RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert!(sender.send(wrong).await.is_err());
    assert!(sender.try_submit(flights(0..3)).await.is_ok());
    assert!(
        sender
            .close(Duration::from_secs(1))
            .await
            .undelivered
            .is_empty()
    );
    assert_eq!(ground.server.stats().streams_opened, 0);
    assert_eq!(ground.server.stats().tokens_issued, 0);
}

#[tokio::test]
async fn rows_are_stamped_with_batch_and_place() {
    let ground = Ground::new().await;
    let name = "main.nyc.stamped".parse().unwrap();
    let mut fields = schema().fields().to_vec();
    fields.push(Arc::new(Field::new(BATCH_COLUMN, DataType::Utf8, true)));
    fields.push(Arc::new(Field::new(ROW_COLUMN, DataType::Int64, true)));
    ground
        .server
        .create_table(&name, &Schema::new(fields))
        .await
        .unwrap();
    let options = ground.options().stamp_rows();
    let sender = Sender::open(name.clone(), &schema(), ground.tokens(), options)
        .await
        .unwrap();
    let receipts = [
        sender.send(without_carrier(0..4, &[1])).await.unwrap(),
        sender.send(flights(4..6)).await.unwrap(),
    ];
    let mut expected = Vec::new();
    for receipt in &receipts {
        let id = receipt.batch_id().unwrap().to_owned();
        expected.extend(receipt.durable().rows().map(|row| (id.clone(), row as i64)));
        assert_eq!(receipt.accepted_batch().unwrap().num_columns(), 3);
    }
    let mut found = Vec::new();
    for batch in crate::landed::batches(&ground.server.table_path(&name)) {
        let ids = batch
            .column_by_name(BATCH_COLUMN)
            .unwrap()
            .as_string::<i32>();
        let rows = batch.column_by_name(ROW_COLUMN).unwrap();
        let rows = rows.as_primitive::<arrow_array::types::Int64Type>();
        found.extend(
            ids.iter()
                .zip(rows)
                .map(|(id, row)| (id.unwrap().to_owned(), row.unwrap())),
        );
    }
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_ne!(receipts[0].batch_id(), receipts[1].batch_id());
}

#[tokio::test]
async fn a_sender_holds_back_while_too_much_goes_wrong() {
    let ground =
        Ground::with(|builder| prompt(builder).faults(Fault::on_request().every(2).cut())).await;
    let rules = SlowDown::new()
        .threshold(0.1)
        .least(2)
        .cap(Duration::from_millis(30));
    let sender = ground.sender(ground.options().slow_down(rules)).await;
    let mut slowed = Duration::ZERO;
    for batch in 0..12 {
        let rows = flights(batch * 5..batch * 5 + 5);
        slowed += durable(sender.submit(rows).await.unwrap()).await.slowed();
    }
    assert!(slowed > Duration::ZERO);
    assert_landed(&ground, 0..60);
    assert_eq!(sender.table(), &table());
}
