//! Connections that are lost while rows are on their way, and opened again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use zb_ingest::{Receipt, Sender};

use crate::{
    flights::{flights, ids_of},
    ground::{Ground, prompt, withholding},
    partition::{assert_durable, durable, settled},
    patience::until,
    witness::{Seen, Witness},
};

/// Sends `batches` batches of 50 rows, with several of them on their way at any time.
async fn feed(sender: Arc<Sender>, batches: i64) -> Vec<Receipt> {
    let mut tickets = Vec::new();
    for batch in 0..batches {
        let rows = flights(batch * 50..(batch + 1) * 50);
        tickets.push(sender.submit(rows).await.unwrap());
    }
    let mut receipts = Vec::new();
    for ticket in tickets {
        receipts.push(durable(ticket).await);
    }
    receipts
}

/// Every row is in the table, and twice only where its receipt says it may be.
fn assert_accounted_for(receipts: &[Receipt], landed: &[i64]) {
    let mut times = BTreeMap::new();
    for id in landed {
        *times.entry(*id).or_insert(0) += 1;
    }
    for receipt in receipts {
        let ids = ids_of(&receipt.accepted_batch().unwrap());
        for (row, id) in ids.into_iter().enumerate() {
            let times = times.remove(&id).unwrap_or_default();
            let doubtful = receipt.possibly_duplicated().contains(row);
            assert!(times >= 1, "row {id} is lost");
            assert!(times == 1 || doubtful, "row {id} is there {times} times");
        }
    }
    assert_eq!(times, BTreeMap::new(), "rows that nobody sent");
}

#[tokio::test]
async fn a_server_that_crashes_and_comes_back_gets_what_it_had_not_acknowledged() {
    let ground = Ground::with(|builder| withholding(builder).commit_rows(100)).await;
    let witness = Witness::new();
    let options = ground.options().observer(witness.clone());
    let sender = ground.sender(options).await;
    let before = durable(sender.submit(flights(0..100)).await.unwrap()).await;
    assert!(before.possibly_duplicated().is_empty());
    let tickets = [
        sender.submit(flights(100..140)).await.unwrap(),
        sender.submit(flights(140..180)).await.unwrap(),
    ];
    let stats = || ground.server.stats();
    until("the server has them", || stats().requests == 3).await;

    let ruin = ground.crash();
    until("it is missed", || witness.attempts().len() > 3).await;
    let while_away = sender.submit(flights(180..200)).await.unwrap();
    let ground = ruin.rebuild(prompt).await;
    let mut receipts = vec![before];
    for ticket in tickets {
        let receipt = durable(ticket).await;
        assert_eq!(receipt.possibly_duplicated(), receipt.durable());
        assert!(receipt.attempts() > 1);
        receipts.push(receipt);
    }
    receipts.push(durable(while_away).await);
    let after = durable(sender.submit(flights(200..210)).await.unwrap()).await;
    assert!(after.possibly_duplicated().is_empty());
    receipts.push(after);

    assert_accounted_for(&receipts, &ground.landed());
    assert!(ground.landed().is_sorted(), "{:?}", ground.landed());
    // The hook counts from the last acknowledgement, and knows what was in flight.
    let seen = witness.seen();
    let lost = seen.iter().find_map(|event| match event {
        Seen::Connecting { in_flight, attempt } if *in_flight > 0 => Some((*attempt, *in_flight)),
        _ => None,
    });
    assert_eq!(lost, Some((1, 2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_again_and_again_under_load_loses_no_row() {
    let every = Duration::from_millis(15);
    let mut ground = Ground::with(|builder| builder.commit_every(every)).await;
    let options = ground.options().request_rows(20).max_in_flight_bytes(4_096);
    let sender = Arc::new(ground.sender(options).await);
    let feeding = tokio::spawn(feed(Arc::clone(&sender), 80));
    for _ in 0..3 {
        let stats = || ground.server.stats();
        until("some is stored", || {
            stats().commits >= 2 || feeding.is_finished()
        })
        .await;
        let ruin = ground.crash();
        ground = ruin.rebuild(|builder| builder.commit_every(every)).await;
    }
    let receipts = feeding.await.unwrap();
    assert!(receipts.iter().any(|r| !r.possibly_duplicated().is_empty()));
    assert_accounted_for(&receipts, &ground.landed());
    let closed = sender.close(Duration::from_secs(5)).await;
    assert!(closed.undelivered.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_told_to_close_under_load_loses_no_row() {
    let ground = Ground::new().await;
    let options = ground.options().request_rows(20).max_in_flight_bytes(4_096);
    let sender = Arc::new(ground.sender(options).await);
    let feeding = tokio::spawn(feed(Arc::clone(&sender), 60));
    for streams in 1..4 {
        let stats = || ground.server.stats();
        until("the stream is there", || stats().streams_opened >= streams).await;
        let requests = stats().requests;
        until("it is used", || {
            stats().requests > requests || feeding.is_finished()
        })
        .await;
        ground.server.rotate_streams(Duration::from_secs(2));
    }
    let receipts = feeding.await.unwrap();
    assert!(ground.server.stats().streams_opened > 1);
    assert_accounted_for(&receipts, &ground.landed());
}

#[tokio::test]
async fn a_stream_that_is_told_to_close_while_acknowledgements_are_due_gets_them() {
    let ground = Ground::with(withholding).await;
    let sender = ground.sender(ground.options()).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let stats = || ground.server.stats();
    until("the server has them", || stats().requests == 1).await;
    ground.server.rotate_streams(Duration::from_millis(100));
    let receipt = durable(ticket).await;
    assert_accounted_for(&[receipt], &ground.landed());
}

#[tokio::test]
async fn an_idle_sender_outlives_its_server() {
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    assert_durable(sender.submit(flights(0..10)).await.unwrap()).await;
    let ground = ground.crash().rebuild(prompt).await;
    let receipt = settled(sender.submit(flights(10..20)).await.unwrap()).await;
    assert!(receipt.is_all_durable());
    assert_eq!(ground.landed(), (0..20).collect::<Vec<_>>());
}
