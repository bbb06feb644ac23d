//! Who sends.

use std::time::{Duration, Instant};

use databricks_zerobus_ingest_sdk::{ProtoBytes, ZerobusSdk, ZerobusStream};
use zb_ingest::{Sender, SenderOptions};

use crate::ground::{Ground, data::Set, sending};

/// Where the tables are.
const SCHEMA: &str = "bench";

pub(crate) const SENDER: &str = "sender";
pub(crate) const SDK: &str = "bare SDK";

/// One way to send a whole set.
pub(crate) enum Contender<'a> {
    /// From record batches.
    Sender(Box<Sender>, &'a Set),
    /// From records encoded beforehand, copied for each round outside of the measured time.
    Sdk(Box<ZerobusStream>, &'a Set),
}

pub(crate) fn all<'a>(ground: &Ground, set: &'a Set) -> [Contender<'a>; 2] {
    [
        Contender::Sdk(Box::new(stream(ground, set)), set),
        Contender::Sender(Box::new(sender(ground, set)), set),
    ]
}

impl Contender<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sender(..) => SENDER,
            Self::Sdk(..) => SDK,
        }
    }

    pub(crate) fn run(&self, ground: &Ground) -> Duration {
        match self {
            Self::Sender(sender, set) => sending::send(ground, sender, set),
            Self::Sdk(stream, set) => {
                let requests = set.requests.clone();
                let records = |request: Vec<Vec<u8>>| request.into_iter().map(ProtoBytes);
                ground.client.block_on(async {
                    let started = Instant::now();
                    for request in requests {
                        let ingested = stream.ingest_records_offset(records(request)).await;
                        ingested.unwrap();
                    }
                    stream.flush().await.unwrap();
                    started.elapsed()
                })
            }
        }
    }
}

pub(crate) fn sender(ground: &Ground, set: &Set) -> Sender {
    let options = SenderOptions::new(ground.server.endpoint());
    sending::open(ground, sending::table(ground, SCHEMA, set), set, options)
}

pub(crate) fn stream(ground: &Ground, set: &Set) -> ZerobusStream {
    let table = sending::table(ground, SCHEMA, set);
    let (id, secret) = ground.credentials();
    ground.client.block_on(async {
        let sdk = ZerobusSdk::builder()
            .endpoint(ground.server.endpoint())
            .unity_catalog_url(ground.server.unity_catalog_url())
            .build()
            .unwrap();
        sdk.stream_builder()
            .table(table.as_str())
            .oauth(&id, &secret)
            .compiled_proto(set.encoder.descriptor().clone())
            // As many as a sender allows.
            .max_inflight_requests(4_096)
            .build()
            .await
            .unwrap()
    })
}
