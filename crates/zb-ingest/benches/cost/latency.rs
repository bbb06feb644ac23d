//! How long one batch takes from being handed in to being known durable, nothing else on the line.

use std::time::{Duration, Instant};

use databricks_zerobus_ingest_sdk::ProtoBytes;

use crate::{
    contender,
    ground::{
        Ground,
        data::{Set, requests},
    },
};

/// Rows of a batch.
pub(crate) const SIZES: [usize; 3] = [1, 100, 10_000];

/// So many of them for each contender.
const TIMES: usize = 400;

/// Sorted times of the sender, and of the SDK with records encoded beforehand.
pub(crate) struct Latencies {
    pub(crate) sender: Vec<Duration>,
    pub(crate) sdk: Vec<Duration>,
}

pub(crate) fn measure(ground: &Ground, set: &Set, rows: usize) -> Latencies {
    let batch = set.batches[0].slice(0, rows);
    let encoded = requests(&set.encoder, &batch);
    let (sender, stream) = (
        contender::sender(ground, set),
        contender::stream(ground, set),
    );
    let mut times = Latencies {
        sender: Vec::new(),
        sdk: Vec::new(),
    };
    ground.client.block_on(async {
        for _ in 0..TIMES {
            let started = Instant::now();
            let receipt = sender.send(batch.clone()).await.unwrap();
            times.sender.push(started.elapsed());
            assert!(receipt.is_all_durable());

            let requests = encoded.clone();
            let started = Instant::now();
            for request in requests {
                let records = request.into_iter().map(ProtoBytes);
                stream.ingest_records_offset(records).await.unwrap();
            }
            stream.flush().await.unwrap();
            times.sdk.push(started.elapsed());
        }
    });
    times.sender.sort_unstable();
    times.sdk.sort_unstable();
    times
}
