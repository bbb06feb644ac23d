//! The promise of a receipt: every row of the batch is in it, and in one place.

use tokio::time::timeout;
use zb_ingest::{Receipt, Rejection, Ticket};

use crate::patience::PATIENCE;

/// Waits for the receipt, which must come and must keep its promise.
pub(crate) async fn settled(ticket: Ticket) -> Receipt {
    let receipt = timeout(PATIENCE, ticket.wait())
        .await
        .expect("the fate of every row is known in time");
    assert_partition(&receipt);
    receipt
}

/// Durable, rejected, not sent and unknown have every row of the batch once.
pub(crate) fn assert_partition(receipt: &Receipt) {
    let rejected: Vec<_> = receipt.rejected().iter().map(Rejection::row).collect();
    assert!(rejected.is_sorted(), "{receipt:?}");
    let mut places = vec![0; receipt.rows()];
    let settled = receipt
        .durable()
        .rows()
        .chain(rejected)
        .chain(receipt.not_sent().rows())
        .chain(receipt.unknown().rows());
    for row in settled {
        places[row] += 1;
    }
    assert!(places.iter().all(|&times| times == 1), "{receipt:?}");

    let mut doubtful = receipt.possibly_duplicated().rows();
    assert!(
        doubtful.all(|row| receipt.durable().contains(row)),
        "{receipt:?}"
    );
    let undelivered = receipt.not_sent().count() + receipt.unknown().count();
    assert_eq!(receipt.error().is_some(), undelivered > 0, "{receipt:?}");
    let all_durable = receipt.durable().count() == receipt.rows();
    assert_eq!(receipt.is_all_durable(), all_durable);
}

/// The same, and every row is durable.
pub(crate) async fn durable(ticket: Ticket) -> Receipt {
    let receipt = settled(ticket).await;
    assert!(receipt.is_all_durable(), "{receipt:?}");
    receipt
}

/// For those who do not want the receipt.
pub(crate) async fn assert_durable(ticket: Ticket) {
    let _ = durable(ticket).await;
}
