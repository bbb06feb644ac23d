//! Senders, and submits, that are dropped half-way.

use tokio::time::timeout;
use tracing::Level;
use zb_ingest::ErrorKind;

use crate::{
    flights::{flights, ids_of, with_notes},
    ground::{Ground, is_flight, withholding},
    journal::Journal,
    partition::settled,
    patience::until,
};

#[tokio::test]
async fn a_sender_that_is_dropped_settles_its_tickets_and_says_so_in_the_log() {
    let (journal, _guard) = Journal::begin(Level::INFO);
    let ground = Ground::with(withholding).await;
    let sender = ground.sender(ground.options()).await;
    let ticket = sender.submit(flights(0..10)).await.unwrap();
    let stats = || ground.server.stats();
    until("the server has them", || stats().requests == 1).await;
    drop(sender);
    let receipt = settled(ticket).await;
    assert_eq!(receipt.unknown().as_slice(), [0..10]);
    assert_eq!(receipt.error().unwrap().kind(), ErrorKind::Closed);
    assert!(journal.says("dropped and not closed"), "{}", journal.text());
    // The stream goes with it.
    let server = ground.machine.journal();
    let ended = || server.says("stream closed") || server.says("stream abandoned");
    until("the server noticed", ended).await;
}

#[tokio::test]
async fn a_submit_that_is_dropped_leaves_out_the_rest_and_lets_the_next_one_in() {
    if is_flight() {
        return;
    }
    let ground = Ground::with(withholding).await;
    let options = ground
        .options()
        .request_bytes(300)
        .max_in_flight_bytes(1_000);
    let sender = ground.sender(options).await;
    let submit = sender.submit(with_notes(0..40, &[80; 40]));
    let moment = std::time::Duration::from_millis(100);
    assert!(timeout(moment, submit).await.is_err(), "there is no room");
    assert_eq!(sender.in_flight(), 3);
    // Room for this one there is.
    let ticket = sender.submit(flights(40..41)).await.unwrap();

    let closed = sender.close(moment).await;
    let batches = closed.undelivered.iter();
    let ids: Vec<_> = batches.flat_map(|u| ids_of(&u.batch)).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4, 5, 6, 7, 8, 40]);
    assert_eq!(settled(ticket).await.unknown().as_slice(), [0..1]);
}
