//! An endpoint on threads of its own, and a stream of the SDK to it.

use std::time::Instant;

use databricks_zerobus_ingest_sdk::{ProtoBytes, ZerobusSdk, ZerobusStream};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zb_local::{Landing, Server};
use zb_types::ExposeSecret as _;

use crate::{Took, cpu, data::Set, page};

const TABLE: &str = "main.bench.records";

/// Requests that may be on their way, of 1 MB each.
const IN_FLIGHT: usize = 128;

/// What becomes of rows, and who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Memory,
    Delta,
    /// Into Delta, while somebody has the page open.
    Watched,
}

impl Setting {
    pub(crate) const ALL: [Self; 3] = [Self::Memory, Self::Delta, Self::Watched];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Delta => "Delta",
            Self::Watched => "Delta, page open",
        }
    }
}

pub(crate) struct Ground {
    pub(crate) server: Server,
    stream: ZerobusStream,
    /// Where the client runs.
    pub(crate) client: Runtime,
    /// Where the endpoint runs.
    _serving: Runtime,
    _dir: TempDir,
}

impl Ground {
    /// With a group commit as it is by default.
    pub(crate) fn new(set: &Set, setting: Setting) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (serving, client) = (runtime(), runtime());
        let server = serving.block_on(async {
            let builder = Server::builder(dir.path());
            let builder = match setting {
                Setting::Memory => builder.landing(Landing::Memory),
                Setting::Delta => builder,
                Setting::Watched => builder.ui(),
            };
            let server = builder.start().await.unwrap();
            let table = TABLE.parse().unwrap();
            server.create_table(&table, &set.schema).await.unwrap();
            server
        });
        if let Some(url) = server.ui_url() {
            client.spawn(page::look(url));
        }
        let stream = client.block_on(stream(&server, set));
        Self {
            server,
            stream,
            client,
            _serving: serving,
            _dir: dir,
        }
    }

    /// Sends all, and waits until all of it is acknowledged. Records are copied beforehand.
    pub(crate) fn send(&self, set: &Set) -> Took {
        let requests = set.requests.clone();
        self.client.block_on(async {
            let (started, before) = (Instant::now(), cpu::used());
            for request in requests {
                let records = request.into_iter().map(ProtoBytes);
                self.stream.ingest_records_offset(records).await.unwrap();
            }
            self.stream.flush().await.unwrap();
            let time = started.elapsed();
            let cpu = cpu::used()
                .zip(before)
                .map(|(now, before)| now.saturating_sub(before));
            Took { time, cpu }
        })
    }

    /// Whether all of it landed.
    pub(crate) fn check(&self, set: &Set) {
        assert_eq!(self.server.stats().rows, set.rows as u64);
    }
}

async fn stream(server: &Server, set: &Set) -> ZerobusStream {
    let sdk = ZerobusSdk::builder()
        .endpoint(server.endpoint())
        .unity_catalog_url(server.unity_catalog_url())
        .build()
        .unwrap();
    let secret = server.client_secret().expose_secret();
    sdk.stream_builder()
        .table(TABLE)
        .oauth(server.client_id(), secret)
        .compiled_proto(set.encoder.descriptor().clone())
        .max_inflight_requests(IN_FLIGHT)
        .build()
        .await
        .unwrap()
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}
