//! A server that is gone for good.

use std::time::Duration;

use tokio::time::Instant;
use tracing::Level;
use zb_ingest::{Error, ErrorKind, Fate, Sender};

use crate::{
    flights::{flights, ids_of},
    ground::{Ground, impatient, is_flight, prompt, withholding},
    journal::Journal,
    opening::told,
    partition::{assert_durable, settled},
    patience::until,
};

/// What SDK and policy need at most for four attempts, and what a busy machine takes.
const BOUND: Duration = Duration::from_secs(3);

fn assert_refused_connection(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(told(error).contains("onnection refused"), "{}", told(error));
}

/// What the sender says and gives back once it has failed.
async fn assert_over(sender: &Sender, undelivered: &[(Fate, Vec<i64>)]) {
    assert_refused_connection(&sender.submit(flights(90..99)).await.unwrap_err());
    assert_refused_connection(&sender.flush().await.unwrap_err());
    let closed = sender.close(Duration::from_secs(5)).await;
    let rows = closed.undelivered.iter();
    let rows: Vec<_> = rows.map(|u| (u.fate, ids_of(&u.batch))).collect();
    assert_eq!(rows, undelivered);
    assert_refused_connection(&closed.error.unwrap());
}

#[tokio::test]
async fn what_was_never_acknowledged_is_unknown_and_the_cause_is_told() {
    let ground = Ground::with(withholding).await;
    let sender = ground.sender(ground.options().retry(impatient())).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let stats = || ground.server.stats();
    until("the server has them", || stats().requests == 1).await;
    let start = Instant::now();
    let _ruin = ground.crash();
    let receipt = settled(ticket).await;
    assert!(start.elapsed() < BOUND);
    assert_eq!(receipt.unknown().as_slice(), [0..10]);
    assert_refused_connection(receipt.error().unwrap());
    assert_over(&sender, &[(Fate::Unknown, (0..10).collect())]).await;
}

#[tokio::test]
async fn a_sender_that_has_delivered_before_fails_the_same_way() {
    let ground = Ground::with(prompt).await;
    let sender = ground.sender(ground.options().retry(impatient())).await;
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    let _ruin = ground.crash();
    let ticket = sender.submit(flights(10..20)).await.unwrap();
    let receipt = settled(ticket).await;
    // The end of the connection may be noticed before they are handed over, or after.
    let (fate, rows) = match receipt.unknown().count() {
        0 => (Fate::NotSent, receipt.not_sent()),
        _ => (Fate::Unknown, receipt.unknown()),
    };
    assert_eq!(rows.as_slice(), [0..10]);
    assert_refused_connection(receipt.error().unwrap());
    assert_over(&sender, &[(fate, (10..20).collect())]).await;
}

#[tokio::test]
async fn a_deadline_ends_it_too() {
    let ground = Ground::with(withholding).await;
    let policy = impatient()
        .with_max_attempts(u32::MAX)
        .with_deadline(Duration::from_millis(150));
    let sender = ground.sender(ground.options().retry(policy)).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let stats = || ground.server.stats();
    until("the server has them", || stats().requests == 1).await;
    let start = Instant::now();
    let _ruin = ground.crash();
    let receipt = settled(ticket).await;
    assert!(start.elapsed() < BOUND);
    assert_eq!(receipt.unknown().as_slice(), [0..10]);
    let error = receipt.error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_refused_connection(error);
}

#[tokio::test]
async fn a_sender_that_was_idle_when_it_failed_knows_why() {
    if is_flight() {
        return;
    }
    let (journal, _guard) = Journal::begin(Level::INFO);
    let ground = Ground::with(prompt).await;
    let sender = ground.sender(ground.options().retry(impatient())).await;
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    let _ruin = ground.crash();
    until("it has given up", || journal.says("giving up")).await;
    tokio::task::yield_now().await;

    let receipt = settled(sender.submit(flights(10..20)).await.unwrap()).await;
    assert_eq!(receipt.not_sent().as_slice(), [0..10]);
    assert_refused_connection(receipt.error().unwrap());
    assert_over(&sender, &[(Fate::NotSent, (10..20).collect())]).await;
}
