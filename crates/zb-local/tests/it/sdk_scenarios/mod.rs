//! The scenarios of the SDK's own public test suite, group by group, played against this endpoint
//! with scripts of faults. Those that `sdk.rs`, `sdk_faults.rs` and `sdk_flight.rs` play are not here.

mod arrow;
mod failures;
mod graceful_close;
mod lifecycle;
mod operation;

use std::time::Duration;

use databricks_zerobus_ingest_sdk::{
    JsonString, StreamBuilder, ZerobusResult, ZerobusSdk, ZerobusStream,
};
use zb_local::{Server, faults::FaultScript};
use zb_types::ExposeSecret as _;

use crate::{
    lake::{server, table_name},
    sdk_flight::sdk,
};

const MS: Duration = Duration::from_millis(1);

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.commit_every(MS * 20).faults(script)).await
}

fn builder<'a>(sdk: &'a ZerobusSdk, server: &Server) -> StreamBuilder<'a> {
    sdk.stream_builder()
        .table(table_name().as_str())
        .oauth(server.client_id(), server.client_secret().expose_secret())
        .json()
        .recovery_backoff_ms(10)
        .flush_timeout_ms(30_000)
}

/// A stream of JSON, with what the test wants to have otherwise.
async fn open(
    server: &Server,
    set: impl FnOnce(StreamBuilder<'_>) -> StreamBuilder<'_>,
) -> ZerobusResult<ZerobusStream> {
    let sdk = sdk(server);
    set(builder(&sdk, server)).build().await
}

fn same(builder: StreamBuilder<'_>) -> StreamBuilder<'_> {
    builder
}

fn record(id: i64) -> JsonString {
    JsonString(format!(r#"{{"id": {id}}}"#))
}

fn batch(ids: std::ops::Range<i64>) -> Vec<JsonString> {
    ids.map(record).collect()
}
