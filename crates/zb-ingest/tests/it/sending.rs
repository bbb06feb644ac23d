//! Batches that are sent and become durable.

use std::{sync::Arc, time::Duration};

use arrow_schema::SchemaRef;

use crate::{
    flights::{flights, schema, table},
    ground::Ground,
    partition::{assert_durable, assert_partition},
    witness::{Seen, Witness},
};

#[tokio::test]
async fn a_batch_is_durable_and_in_the_table_when_send_returns() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    assert_eq!(sender.table(), &table());
    assert_eq!(sender.schema(), &SchemaRef::new(schema()));

    let receipt = sender.send(flights(0..1_000)).await.unwrap();
    assert_partition(&receipt);
    assert!(receipt.is_all_durable());
    assert_eq!(receipt.durable().as_slice(), [0..1_000]);
    assert!(receipt.possibly_duplicated().is_empty());
    assert_eq!(receipt.attempts(), 1);
    assert_eq!(receipt.null_lists(), 0);
    assert_eq!(receipt.accepted_batch().unwrap(), flights(0..1_000));
    assert_eq!(receipt.rejected_batch().unwrap().num_rows(), 0);
    assert_eq!(ground.landed(), (0..1_000).collect::<Vec<_>>());
    assert_eq!(sender.in_flight(), 0);
    let _ = sender.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn batches_that_are_not_waited_for_stay_in_order() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options().request_rows(7)).await;
    let mut tickets = Vec::new();
    for batch in 0..30 {
        let ids = batch * 25..(batch + 1) * 25;
        tickets.push(sender.submit(flights(ids)).await.unwrap());
    }
    for ticket in tickets {
        assert_durable(ticket).await;
    }
    assert_eq!(ground.landed(), (0..750).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_share_a_sender_and_the_requests_of_their_batches_do_not_mix() {
    let ground = Ground::new().await;
    let sender = Arc::new(ground.sender(ground.options().request_rows(10)).await);
    let tasks = (0..8).map(|task| {
        let sender = Arc::clone(&sender);
        tokio::spawn(async move {
            for batch in 0..5 {
                let first = task * 1_000 + batch * 40;
                assert_durable(sender.submit(flights(first..first + 40)).await.unwrap()).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }

    let landed = ground.landed();
    let mut sorted = landed.clone();
    sorted.sort_unstable();
    let sent = (0..8).flat_map(|task| task * 1_000..task * 1_000 + 200);
    assert_eq!(sorted, sent.collect::<Vec<_>>());
    for batch in landed.chunks(40) {
        assert!(batch.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
}

#[tokio::test]
async fn flush_returns_when_all_is_durable_and_the_tickets_know() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    sender.flush().await.unwrap();
    let tickets = [
        sender.submit(flights(0..10)).await.unwrap(),
        sender.submit(flights(10..20)).await.unwrap(),
    ];
    sender.flush().await.unwrap();
    assert_eq!(ground.landed(), (0..20).collect::<Vec<_>>());
    for ticket in tickets {
        let receipt = ticket.try_receipt().expect("settled when flush returns");
        assert_partition(&receipt);
        assert!(receipt.is_all_durable());
    }
}

#[tokio::test]
async fn a_ticket_that_is_open_comes_back() {
    let ground = Ground::with(|builder| builder.commit_every(Duration::from_millis(100))).await;
    let sender = ground.sender(ground.options()).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let ticket = ticket.try_receipt().expect_err("nothing is committed yet");
    assert_durable(ticket).await;
}

#[tokio::test]
async fn a_ticket_that_is_dropped_changes_nothing() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    drop(sender.submit(flights(0..10)).await.unwrap());
    sender.flush().await.unwrap();
    assert_eq!(ground.landed(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_batch_without_rows_is_settled_at_once() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let sender = ground
        .sender(ground.options().observer(witness.clone()))
        .await;
    let ticket = sender.submit(flights(0..0)).await.unwrap();
    let receipt = ticket.try_receipt().expect("nothing to wait for");
    assert_partition(&receipt);
    assert!(receipt.is_all_durable());
    assert_eq!((receipt.rows(), receipt.bytes()), (0, 0));
    assert_eq!(witness.sent(), []);
}

#[tokio::test]
async fn an_observer_sees_each_request_sent_before_it_is_acknowledged() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground.options().request_rows(4).observer(witness.clone());
    let sender = ground.sender(options).await;
    let receipt = sender.send(flights(0..10)).await.unwrap();
    assert_partition(&receipt);

    let seen = witness.seen();
    let first = Seen::Connecting {
        attempt: 1,
        in_flight: 0,
    };
    assert_eq!(seen[0], first);
    let (mut sent, mut acknowledged) = (Vec::new(), Vec::new());
    for event in &seen[1..] {
        match *event {
            Seen::Sent { rows, bytes } => sent.push((rows, bytes)),
            Seen::Acknowledged { rows, bytes } => acknowledged.push((rows, bytes)),
            ref other => panic!("{other:?}"),
        }
        assert!(acknowledged.len() <= sent.len());
    }
    assert_eq!(sent.iter().map(|s| s.0).collect::<Vec<_>>(), [4, 4, 2]);
    assert_eq!(sent, acknowledged);
    let bytes: usize = sent.iter().map(|s| s.1).sum();
    assert_eq!(receipt.bytes(), bytes as u64);
}
