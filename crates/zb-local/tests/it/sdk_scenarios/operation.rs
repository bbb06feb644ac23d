//! `standard_operation_and_state_management`, `concurrency_and_race_condition`, `api_offset`,
//! `callback`.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use databricks_zerobus_ingest_sdk::{AckCallback, JsonString, OffsetId, ZerobusError};
use zb_local::faults::{Code, Fault};

use super::{MS, batch, faulty, open, record, same};
use crate::lake::ids;

#[tokio::test]
async fn a_call_has_an_offset_and_nothing_has_none() {
    let (server, _dir) = faulty([]).await;
    let mut stream = open(&server, same).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(
        stream.ingest_records_offset(batch(0..0)).await.unwrap(),
        None
    );
    assert_eq!(stream.ingest_record_offset(record(0)).await.unwrap(), 0);
    assert_eq!(
        stream.ingest_records_offset(batch(1..5)).await.unwrap(),
        Some(1)
    );
    assert_eq!(
        stream.ingest_records_offset(batch(0..0)).await.unwrap(),
        None
    );
    assert_eq!(stream.ingest_record_offset(record(5)).await.unwrap(), 2);
    stream.wait_for_offset(2).await.unwrap();
    // Whatever comes before is durable, too, and can be waited for at any time.
    stream.wait_for_offset(0).await.unwrap();
    stream.close().await.unwrap();
    assert_eq!(ids(&server).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(server.stats().requests, 3);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_large_batch_lands_and_one_that_is_too_large_is_refused_by_the_server() {
    let (server, _dir) = faulty([]).await;
    let padded = |id: i64, bytes| {
        let name = "x".repeat(bytes);
        JsonString(format!(r#"{{"id": {id}, "name": "{name}"}}"#))
    };
    let mut stream = open(&server, |b| b.max_ingest_payload_bytes(usize::MAX))
        .await
        .unwrap();
    let large: Vec<_> = (0..9).map(|id| padded(id, 1024 * 1024)).collect();
    stream.ingest_records_offset(large).await.unwrap();
    stream.flush().await.unwrap();
    let too_large: Vec<_> = (9..20).map(|id| padded(id, 1024 * 1024)).collect();
    stream.ingest_records_offset(too_large).await.unwrap();
    let error = stream.flush().await.unwrap_err();
    assert!(
        error.to_string().contains("over the limit of 10485760"),
        "{error:?}"
    );
    let _ = stream.close().await;
    assert_eq!(ids(&server).await, (0..9).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn many_tasks_share_a_stream() {
    let (server, _dir) = faulty([]).await;
    let stream = Arc::new(open(&server, same).await.unwrap());
    let tasks = (0..8).map(|task| {
        let stream = stream.clone();
        tokio::spawn(async move {
            for id in 0..20 {
                let id = task * 100 + id * 3;
                stream.ingest_record_offset(record(id)).await.unwrap();
                stream
                    .ingest_records_offset(batch(id + 1..id + 3))
                    .await
                    .unwrap();
                if id % 5 == 0 {
                    stream.flush().await.unwrap();
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut stream = Arc::into_inner(stream).unwrap();
    stream.close().await.unwrap();
    let expected: Vec<i64> = (0..8)
        .flat_map(|task| task * 100..task * 100 + 60)
        .collect();
    assert_eq!(ids(&server).await, expected);
    assert_eq!(server.stats().highest_offset, Some(8 * 40 - 1));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn no_more_is_in_flight_than_is_allowed() {
    let (server, _dir) = faulty(Fault::on_ack().nth(1).delay(MS * 400)).await;
    let stream = open(&server, |b| b.max_inflight_requests(1)).await.unwrap();
    stream.ingest_record_offset(record(0)).await.unwrap();
    let begun = Instant::now();
    stream.ingest_records_offset(batch(1..3)).await.unwrap();
    assert!(begun.elapsed() >= MS * 300, "{:?}", begun.elapsed());
    stream.flush().await.unwrap();
    assert_eq!(ids(&server).await, [0, 1, 2]);
    drop(stream);
    server.shutdown().await.unwrap();
}

/// Writes down what it is told.
#[derive(Default)]
struct Told(Mutex<(Vec<OffsetId>, Vec<OffsetId>)>);

impl AckCallback for Told {
    fn on_ack(&self, offset: OffsetId) {
        self.0.lock().unwrap().0.push(offset);
    }

    fn on_error(&self, offset: OffsetId, message: &str) {
        assert!(message.contains("injected"), "{message}");
        self.0.lock().unwrap().1.push(offset);
    }
}

#[tokio::test]
async fn callbacks_are_told_of_every_offset() {
    let fault = Fault::on_request()
        .offset(4)
        .status(Code::InvalidArgument, "injected");
    let (server, _dir) = faulty(fault).await;
    let told = Arc::new(Told::default());
    let callback = told.clone();
    let mut stream = open(&server, |b| b.ack_callback(callback)).await.unwrap();
    for id in 0..3 {
        stream.ingest_record_offset(record(id)).await.unwrap();
    }
    stream.ingest_records_offset(batch(3..10)).await.unwrap();
    stream.flush().await.unwrap();
    stream.ingest_record_offset(record(10)).await.unwrap();
    let error = stream.wait_for_offset(4).await.unwrap_err();
    assert!(
        matches!(error, ZerobusError::InvalidArgument(_)),
        "{error:?}"
    );
    // There is nothing to wait for but the callback itself.
    let deadline = Instant::now() + Duration::from_secs(10);
    while told.0.lock().unwrap().1.is_empty() && Instant::now() < deadline {
        tokio::time::sleep(MS).await;
    }
    stream.close().await.unwrap();
    let (acked, failed) = std::mem::take(&mut *told.0.lock().unwrap());
    assert_eq!((&acked[..], &failed[..]), (&[0, 1, 2, 3][..], &[4][..]));
    server.shutdown().await.unwrap();
}
