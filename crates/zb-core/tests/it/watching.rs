//! Mirrors, quarantine and counters, plugged into a client.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, TimestampNanosecondArray};
use zb_core::{
    Client, TableName,
    debug::{ArrowFile, Kind, Mirrors, ProtoFile, QuarantineDir, list},
    telemetry::Stats,
};

fn table() -> TableName {
    "main.default.times".parse().unwrap()
}

/// Every tenth time is finer than a table keeps.
fn times(rows: i64) -> RecordBatch {
    let times = (0..rows).map(|row| row * 1_000 + i64::from(row % 10 == 0));
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter_values(times));
    RecordBatch::try_from_iter([("at", times)]).unwrap()
}

#[tokio::test]
async fn everything_is_seen_and_agrees_with_the_receipt() {
    let dir = tempfile::tempdir().unwrap();
    let [debug, refused] = ["debug", "refused"].map(|name| dir.path().join(name));
    let stats = Arc::new(Stats::new());
    let client = Client::builder()
        .mirrors(Mirrors::builder(&debug).arrow().proto())
        .quarantine(QuarantineDir::builder(&refused))
        .recorder(Arc::clone(&stats))
        .local(dir.path().join("lake"))
        .await
        .unwrap();
    let receipt = client.send(&table(), times(100)).await.unwrap();
    let fates = receipt.fates();
    assert_eq!((fates.durable, fates.rejected), (90, 10));
    assert!(receipt.quarantine_error().is_none());
    assert_eq!(client.quarantine().unwrap().files().len(), 1);
    client.close().await.unwrap();

    let counted = stats.snapshot();
    assert_eq!(counted.durable_rows, 90, "{counted:?}");
    assert_eq!(counted.rejected_rows["sub_microsecond"], 10);
    assert_eq!(counted.inflight_bytes, 0);
    assert!(counted.token_requests.count >= 1 && counted.token_age.is_some());

    let rows = |file: ArrowFile| file.map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    for entry in list(&debug).unwrap() {
        assert_eq!(entry.table(), Some(table()));
        match entry.kind() {
            Kind::Proto => assert_eq!(ProtoFile::open(entry.path()).unwrap().count(), 90),
            _ => assert_eq!(rows(ArrowFile::open(entry.path()).unwrap()), 100),
        }
    }
    let kept = list(&refused).unwrap();
    assert_eq!(rows(ArrowFile::open(kept[0].path()).unwrap()), 10);
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_said_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let builder = Client::builder().mirrors(Mirrors::builder(&file).arrow());
    let error = builder.local(dir.path().join("lake")).await.unwrap_err();
    assert_eq!(error.kind(), zb_core::ErrorKind::Debug, "{error}");
}
