//! What observers are told, held against the receipt.

use std::sync::{Arc, Mutex};

use zb_ingest::{Event, Fates, Observer};
use zb_local::faults::Fault;
use zb_types::TableName;

use crate::{
    flights::{flights, table, without_carrier},
    ground::{Ground, is_flight, prompt},
    partition::{durable, settled},
};

/// Adds up what it is told.
#[derive(Debug, Default)]
struct Sums(Mutex<Told>);

#[derive(Debug, Default, Clone)]
struct Told {
    handed_in: usize,
    encoded: usize,
    encoded_bytes: usize,
    admitted_bytes: usize,
    released_bytes: usize,
    released: usize,
    records: Vec<Vec<u8>>,
    records_again: usize,
    sent: usize,
    sent_again: usize,
    acknowledged: usize,
    rejected: usize,
    lost: usize,
    settled: Vec<Fates>,
}

impl Sums {
    fn told(&self) -> Told {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Sums {
    fn observe(&self, of: &TableName, event: &Event<'_>) {
        assert_eq!(*of, table());
        let mut told = self.0.lock().unwrap();
        match event {
            Event::HandedIn { batch, .. } => told.handed_in += batch.num_rows(),
            Event::Encoded { rows, bytes, .. } => {
                told.encoded += rows;
                told.encoded_bytes += bytes;
            }
            Event::Admitted { bytes, .. } => told.admitted_bytes += bytes,
            Event::Released { rows, bytes, .. } => {
                told.released += rows;
                told.released_bytes += bytes;
            }
            Event::Sending { records, again, .. } if *again => told.records_again += records.len(),
            Event::Sending { records, .. } => told.records.extend(records.iter().cloned()),
            Event::Sent { rows, again, .. } if *again => told.sent_again += rows,
            Event::Sent { rows, .. } => told.sent += rows,
            Event::Acknowledged { rows, .. } => told.acknowledged += rows,
            Event::Rejected { rejections, .. } => told.rejected += rejections.len(),
            Event::Lost { .. } => told.lost += 1,
            Event::Settled { fates, .. } => told.settled.push(*fates),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_observers_are_told_adds_up_to_the_receipt() {
    let ground = Ground::new().await;
    let [sums, other] = [(); 2].map(|()| Arc::new(Sums::default()));
    let options = ground.options().request_rows(7).observer(sums.clone());
    let sender = ground.sender(options.observer(other.clone())).await;
    let ticket = sender.submit(without_carrier(0..50, &[3, 8, 49])).await;
    let receipt = settled(ticket.unwrap()).await;
    for told in [sums.told(), other.told()] {
        assert_eq!(told.handed_in, 50);
        assert_eq!((told.encoded, told.sent, told.acknowledged), (47, 47, 47));
        assert_eq!(told.encoded_bytes as u64, receipt.bytes());
        assert_eq!(told.admitted_bytes as u64, receipt.bytes());
        assert_eq!(
            (told.released_bytes, told.released),
            (told.admitted_bytes, 47)
        );
        assert_eq!((told.rejected, told.lost), (3, 0));
        assert_eq!((told.records_again, told.sent_again), (0, 0));
        assert_eq!(told.settled, [receipt.fates()]);
        if is_flight() {
            continue;
        }
        let batch = receipt.accepted_batch().unwrap();
        let encoder = zb_convert::Encoder::new(&batch.schema(), zb_convert::Options::default());
        let encoded = encoder.unwrap().encode(&batch).unwrap();
        assert!(
            encoded.rows().eq(told.records.iter().map(Vec::as_slice)),
            "these bytes were sent"
        );
    }
}

#[tokio::test]
async fn rows_that_are_sent_again_are_told_of_as_such() {
    if is_flight() {
        return;
    }
    let ground = Ground::with(|builder| {
        prompt(builder).faults(
            Fault::on_request()
                .nth(2)
                .status(zb_local::faults::Code::Unauthenticated, "no"),
        )
    })
    .await;
    let sums = Arc::new(Sums::default());
    let sender = ground.sender(ground.options().observer(sums.clone())).await;
    let first = durable(sender.submit(flights(0..90)).await.unwrap()).await;
    assert_eq!(first.fates().possibly_duplicated, 0);
    // The only request on its way: one that follows it may run into the end of the stream before
    // its status is read, which the SDK takes for a connection that broke and mends by itself.
    let receipt = durable(sender.submit(flights(90..100)).await.unwrap()).await;
    let told = sums.told();
    assert!(told.lost >= 1 && told.sent_again >= 10, "{told:?}");
    assert_eq!(
        (told.records.len(), told.sent, told.acknowledged),
        (100, 100, 100)
    );
    let fates = receipt.fates();
    assert_eq!(
        fates.possibly_duplicated,
        receipt.possibly_duplicated().count()
    );
    assert_eq!(fates.possibly_duplicated, 10);
}

#[tokio::test]
async fn a_dry_run_tells_what_it_would_send() {
    if is_flight() {
        return;
    }
    let ground = Ground::new().await;
    let sums = Arc::new(Sums::default());
    let options = ground.options().dry_run().observer(sums.clone());
    let sender = ground.sender(options).await;
    let receipt = sender.send(flights(0..20)).await.unwrap();
    let told = sums.told();
    assert_eq!((told.records.len(), told.sent), (20, 0));
    assert_eq!(told.settled, [receipt.fates()]);
    assert_eq!(receipt.fates().not_sent, 20);
}
