//! Batches larger than a request.

use crate::{
    flights::{flights, with_notes},
    ground::{Ground, is_flight},
    partition::{assert_durable, assert_partition, durable},
    witness::Witness,
};

/// The most bytes of records in one call: 10 MiB less 64 KiB.
const MAX_RECORD: usize = 10_420_224;

/// What a flight with an id below 128 and a note of this length is, encoded: two bytes of id, four
/// of carrier, and the note with its tag and its length of four bytes.
fn record(note: usize) -> usize {
    assert!((1 << 21..1 << 28).contains(&note));
    2 + 4 + 1 + 4 + note
}

#[tokio::test]
async fn requests_are_cut_by_their_encoded_size_with_framing() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground.options().request_bytes(500);
    let sender = ground.sender(options.observer(witness.clone())).await;
    let lengths: Vec<_> = (0..300).map(|row| row * 7 % 120).collect();
    let receipt = durable(sender.submit(with_notes(0..300, &lengths)).await.unwrap()).await;

    let sent = witness.sent();
    assert!(sent.iter().all(|&(_, bytes)| bytes <= 500), "{sent:?}");
    // No request could have taken one row more; the longest row is 133 bytes with its framing.
    let (_, full) = sent.split_last().unwrap();
    assert!(full.iter().all(|&(_, bytes)| bytes > 500 - 133), "{sent:?}");
    assert_eq!(sent.iter().map(|s| s.0).sum::<usize>(), 300);
    let bytes: usize = sent.iter().map(|s| s.1).sum();
    assert_eq!(receipt.bytes(), bytes as u64);
    assert_eq!(ground.landed(), (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_row_larger_than_a_request_goes_alone() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground.options().request_bytes(200);
    let sender = ground.sender(options.observer(witness.clone())).await;
    let batch = with_notes(0..5, &[1, 1, 5_000, 1, 1]);
    assert_durable(sender.submit(batch).await.unwrap()).await;

    let sent = witness.sent();
    assert_eq!(sent.iter().map(|s| s.0).collect::<Vec<_>>(), [2, 1, 2]);
    assert!(sent[1].1 > 5_000);
    assert_eq!(ground.landed(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_row_over_the_record_limit_is_rejected_and_its_neighbours_are_durable() {
    let ground = Ground::new().await;
    let encoding = zb_convert::Options::default().max_record_bytes(1_000);
    let options = ground.options().request_bytes(200).encoding(encoding);
    let sender = ground.sender(options).await;
    let batch = with_notes(0..5, &[1, 900, 1_000, 900, 1]);
    let receipt = sender.send(batch).await.unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.durable().as_slice(), [0..2, 3..5]);
    assert_eq!(receipt.rejected()[0].row(), 2);
    assert_eq!(receipt.rejected()[0].kind(), "record_too_large");
    assert!(receipt.error().is_none());
    assert_eq!(ground.landed(), [0, 1, 3, 4]);
}

#[tokio::test]
async fn a_row_of_exactly_the_limit_of_the_service_is_taken_and_one_byte_more_is_not() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let sender = ground.sender(ground.options()).await;
    let fits = MAX_RECORD - record(1 << 21) + (1 << 21);
    let receipt = sender
        .send(with_notes(0..3, &[1, fits, fits + 1]))
        .await
        .unwrap();
    assert_partition(&receipt);
    assert_eq!(receipt.durable().as_slice(), [0..2]);
    assert_eq!(receipt.rejected()[0].row(), 2);
    assert_eq!(ground.landed(), [0, 1]);
}

#[tokio::test]
async fn the_smallest_request_carries_one_row() {
    let ground = Ground::new().await;
    let witness = Witness::new();
    let options = ground.options().request_bytes(1);
    let sender = ground.sender(options.observer(witness.clone())).await;
    assert_durable(sender.submit(flights(0..5)).await.unwrap()).await;
    assert!(witness.sent().iter().all(|&(rows, _)| rows == 1));
    assert_eq!(ground.landed(), [0, 1, 2, 3, 4]);
}
