//! What it costs to be watched: a dry run of many batches, with nothing on or something.
//!
//! `cargo xtask watched` counts its instructions under valgrind, beside those of the example `unwatched`
//! of `zb-ingest`; without it, it prints the time.
//!
//! - `off`: a client with neither mirrors nor telemetry switched on;
//! - `counted`: with the counters of `zb-telemetry`;
//! - `arrow DIR`, `proto DIR`: with a mirror.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people at a terminal"
)]

mod dry_run;

use std::{env, sync::Arc};

use zb_core::{Client, Sender, TableName, debug::Mirrors, telemetry::Stats};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = env::args().skip(1);
    let mode = args.next().unwrap_or_else(|| "off".to_owned());
    let dir = args.next().unwrap_or_else(|| "debug".to_owned());
    let table: TableName = "main.default.readings".parse().unwrap();
    let batch = dry_run::readings();
    let schema = batch.schema();
    let builder = Client::builder();
    let builder = match mode.as_str() {
        "off" => builder,
        "counted" => builder.recorder(Arc::new(Stats::new())),
        "arrow" => builder.mirrors(Mirrors::builder(&dir).arrow()),
        "proto" => builder.mirrors(Mirrors::builder(&dir).proto()),
        other => panic!("{other} is none of off, counted, arrow, proto"),
    };
    let client = builder.dry_run().unwrap();
    let sender = client.sender(&table, &schema).open().await.unwrap();
    dry_run::send(&sender, &batch).await;
    client.close().await.unwrap();
}
