//! Closing a sender: what is not delivered comes back.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};
use zb_ingest::{ErrorKind, Fate};

use crate::{
    flights::{flights, ids_of, with_notes},
    ground::{Ground, is_flight, withholding},
    partition::{assert_durable, assert_partition, settled},
    patience::{PATIENCE, until},
};

const DEADLINE: Duration = Duration::from_millis(150);
/// For a machine that is busy with other tests.
const MARGIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_close_with_nothing_left_ends_the_stream_in_good_order() {
    let ground = Ground::new().await;
    let journal = ground.machine.journal();
    let sender = ground.sender(ground.options()).await;
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    let closed = sender.close(PATIENCE).await;
    assert!(closed.undelivered.is_empty());
    assert!(closed.error.is_none());
    until("the server saw the end", || journal.says("stream closed")).await;
    assert!(!journal.says("stream abandoned"), "{}", journal.text());
    assert_eq!(ground.landed(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_close_waits_for_what_is_in_flight() {
    let ground = Ground::with(|builder| builder.commit_every(DEADLINE)).await;
    let sender = ground.sender(ground.options()).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let closed = sender.close(PATIENCE).await;
    assert!(closed.undelivered.is_empty());
    let receipt = ticket.try_receipt().expect("settled when close returns");
    assert_partition(&receipt);
    assert!(receipt.is_all_durable());
}

#[tokio::test]
async fn a_close_gives_back_what_is_not_acknowledged_within_its_deadline() {
    let ground = Ground::with(withholding).await;
    let sender = ground.sender(ground.options().request_rows(6)).await;
    let tickets = [
        sender.submit(flights(0..10)).await.unwrap(),
        sender.submit(flights(10..14)).await.unwrap(),
    ];
    let start = Instant::now();
    let closed = sender.close(DEADLINE).await;
    let elapsed = start.elapsed();
    assert!(elapsed >= DEADLINE && elapsed < DEADLINE + MARGIN);

    assert!(closed.undelivered.iter().all(|u| u.fate == Fate::Unknown));
    let batches = closed.undelivered.iter();
    let ids: Vec<_> = batches.flat_map(|u| ids_of(&u.batch)).collect();
    assert_eq!(ids, (0..14).collect::<Vec<_>>());
    assert_eq!(closed.error.unwrap().kind(), ErrorKind::Closed);
    for ticket in tickets {
        let receipt = settled(ticket).await;
        assert_eq!(receipt.unknown().count(), receipt.rows());
        assert_eq!(receipt.error().unwrap().kind(), ErrorKind::Closed);
    }
    // Unknown is the word: this server stores what it has when a stream ends.
    until("the rows are stored", || ground.landed().len() == 14).await;
}

#[tokio::test]
async fn a_submit_that_waits_for_room_ends_with_the_close_and_its_rest_comes_back() {
    if is_flight() {
        return;
    }
    let ground = Ground::with(withholding).await;
    let options = ground
        .options()
        .request_bytes(300)
        .max_in_flight_bytes(1_000);
    let sender = Arc::new(ground.sender(options).await);
    let submit = |ids: std::ops::Range<i64>| {
        let sender = Arc::clone(&sender);
        tokio::spawn(async move { sender.submit(with_notes(ids, &[80; 40])).await })
    };
    let first = submit(0..40);
    until("the budget is spent", || sender.in_flight() == 3).await;
    let second = submit(40..80);
    let start = Instant::now();
    let closed = sender.close(DEADLINE).await;
    assert!(start.elapsed() < DEADLINE + MARGIN);

    let receipt = settled(first.await.unwrap().unwrap()).await;
    assert_eq!(receipt.unknown().as_slice(), [0..9]);
    assert_eq!(receipt.not_sent().as_slice(), [9..40]);
    let error = second.await.unwrap().unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Closed,
        "nothing of it was taken in"
    );

    let of = |fate| {
        let rows = closed.undelivered.iter().filter(move |u| u.fate == fate);
        rows.flat_map(|u| ids_of(&u.batch)).collect::<Vec<_>>()
    };
    assert_eq!(of(Fate::Unknown), (0..9).collect::<Vec<_>>());
    assert_eq!(of(Fate::NotSent), (9..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_submit_that_nobody_polls_does_not_hold_up_the_close() {
    let ground = Ground::with(withholding).await;
    let options = ground.options().request_rows(1).max_in_flight_bytes(10);
    let sender = ground.sender(options).await;
    let submit = sender.submit(flights(0..5));
    tokio::pin!(submit);
    assert!(timeout(DEADLINE, &mut submit).await.is_err());

    let start = Instant::now();
    let closed = sender.close(DEADLINE).await;
    assert!(start.elapsed() < DEADLINE + MARGIN);
    let batches = closed.undelivered.iter();
    let ids: Vec<_> = batches.flat_map(|u| ids_of(&u.batch)).collect();
    assert_eq!(ids, [0]);
    let receipt = settled(submit.await.unwrap()).await;
    assert_eq!(receipt.unknown().as_slice(), [0..1]);
    assert_eq!(receipt.not_sent().as_slice(), [1..5]);
}

#[tokio::test]
async fn after_a_close_nothing_is_taken_in() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    let _ = sender.close(PATIENCE).await;
    let error = sender.submit(flights(0..1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("main.nyc.flights"), "{error}");
    let error = sender.send(flights(0..1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);

    let again = sender.close(PATIENCE).await;
    assert!(again.undelivered.is_empty() && again.error.is_none());
    assert!(ground.landed().is_empty());
}
