//! Backpressure: how much may be on its way.

use std::{sync::Arc, time::Duration};

use crate::{
    flights::{flights, with_notes},
    ground::{Ground, withholding},
    partition::{assert_durable, durable, settled},
    patience::until,
    witness::{Seen, Witness},
};

/// The most bytes that were in flight at once, and whether there was an acknowledgement before
/// the last request was sent.
fn high_water(seen: &[Seen]) -> (usize, bool) {
    let (mut now, mut most, mut acknowledged, mut waited) = (0, 0, false, false);
    for event in seen {
        match event {
            Seen::Sent { bytes, .. } => {
                now += bytes;
                most = most.max(now);
                waited = acknowledged;
            }
            Seen::Acknowledged { bytes, .. } => {
                now -= bytes;
                acknowledged = true;
            }
            _ => {}
        }
    }
    (most, waited)
}

#[tokio::test]
async fn submit_waits_for_room_and_goes_on_after_the_acknowledgement() {
    let ground = Ground::with(|builder| builder.commit_every(Duration::from_millis(60))).await;
    let witness = Witness::new();
    let options = ground
        .options()
        .request_bytes(300)
        .max_in_flight_bytes(1_000)
        .observer(witness.clone());
    let sender = ground.sender(options).await;
    let tickets = [
        sender.submit(with_notes(0..40, &[80; 40])).await.unwrap(),
        sender.submit(with_notes(40..50, &[80; 10])).await.unwrap(),
    ];
    for ticket in tickets {
        assert_durable(ticket).await;
    }
    let (most, waited) = high_water(&witness.seen());
    assert!(most <= 1_000, "{most} bytes were in flight");
    assert!(waited, "nothing was waited for");
    assert_eq!(ground.landed(), (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_larger_than_the_budget_goes_when_nothing_else_is_in_flight() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground
        .options()
        .request_bytes(400)
        .max_in_flight_bytes(100)
        .observer(witness.clone());
    let sender = ground.sender(options).await;
    let ticket = sender.submit(with_notes(0..20, &[80; 20])).await.unwrap();
    assert_durable(ticket).await;
    let (most, _) = high_water(&witness.seen());
    assert!(most <= 400, "{most} bytes were in flight");
    assert_eq!(ground.landed(), (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn room_is_given_in_the_order_of_asking() {
    let ground = Ground::new().await;
    let options = ground.options().request_rows(1).max_in_flight_bytes(10);
    let sender = Arc::new(ground.sender(options).await);
    let submits = (0..10).map(|id| {
        let sender = Arc::clone(&sender);
        async move { durable(sender.submit(flights(id..id + 1)).await.unwrap()).await }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for submit in submits {
        tasks.spawn(submit);
    }
    tasks.join_all().await;
    assert_eq!(ground.landed(), (0..10).collect::<Vec<_>>());
}

/// The SDK's own queue is counted in requests, and one that is full would hold `submit` where
/// nothing can call it back.
#[tokio::test]
async fn many_small_requests_fill_the_budget_and_not_the_queue_behind_it() {
    let ground = Ground::with(withholding).await;
    let options = ground
        .options()
        .request_rows(1)
        .max_in_flight_bytes(32 << 20);
    let sender = Arc::new(ground.sender(options).await);
    let submit = tokio::spawn({
        let sender = Arc::clone(&sender);
        async move { sender.submit(flights(0..5_000)).await.unwrap() }
    });
    until("the queue is full", || sender.in_flight() == 4_096).await;
    let closed = sender.close(Duration::from_millis(50)).await;
    let receipt = settled(submit.await.unwrap()).await;
    assert_eq!(receipt.unknown().as_slice(), [0..4_096]);
    assert_eq!(receipt.not_sent().as_slice(), [4_096..5_000]);
    let undelivered = closed.undelivered.iter().map(|u| u.batch.num_rows());
    assert_eq!(undelivered.sum::<usize>(), 5_000);
}
