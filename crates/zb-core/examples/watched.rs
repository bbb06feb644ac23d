//! What it costs to be watched: a dry run of many batches, with nothing on or something.
//!
//! `cargo xtask watched` counts its instructions under valgrind; without it, it prints the time.
//!
//! - `plain`: the sender of `zb-ingest` alone, which knows neither mirrors nor telemetry;
//! - `off`: a client with neither switched on;
//! - `counted`: with the counters of `zb-telemetry`;
//! - `arrow DIR`, `proto DIR`: with a mirror.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people at a terminal"
)]

use std::{env, sync::Arc, time::Instant};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use zb_core::{
    Client, Secret, Sender, TableName,
    debug::Mirrors,
    ingest::{SenderOptions, TokenError, TokenSource},
    telemetry::Stats,
};

const BATCHES: usize = 200;
const ROWS: i64 = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut args = env::args().skip(1);
    let mode = args.next().unwrap_or_else(|| "off".to_owned());
    let dir = args.next().unwrap_or_else(|| "debug".to_owned());
    let table: TableName = "main.default.readings".parse().unwrap();
    let batch = readings();
    let schema = batch.schema();
    let builder = Client::builder();
    let client = match mode.as_str() {
        "plain" => {
            let options = SenderOptions::new("https://dry-run.invalid").dry_run();
            let opening = Sender::open(table, &schema, Arc::new(Nobody), options);
            return send(&opening.await.unwrap(), &batch).await;
        }
        "off" => builder,
        "counted" => builder.recorder(Arc::new(Stats::new())),
        "arrow" => builder.mirrors(Mirrors::builder(&dir).arrow()),
        "proto" => builder.mirrors(Mirrors::builder(&dir).proto()),
        other => panic!("{other} is none of plain, off, counted, arrow, proto"),
    };
    let client = client.dry_run().unwrap();
    let sender = client.sender(&table, &schema).open().await.unwrap();
    send(&sender, &batch).await;
    client.close().await.unwrap();
}

async fn send(sender: &Sender, batch: &RecordBatch) {
    let started = Instant::now();
    for _ in 0..BATCHES {
        let receipt = sender.send(batch.clone()).await.unwrap();
        assert_eq!(receipt.not_sent().count(), batch.num_rows());
    }
    let rows = BATCHES as i64 * ROWS;
    println!("{rows} rows in {:?}", started.elapsed());
}

/// Seven columns, as many feeds have.
fn readings() -> RecordBatch {
    let integers = |factor: i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(
            (0..ROWS).map(|row| row * factor),
        ))
    };
    let texts = |word: &str| -> ArrayRef {
        let texts = (0..ROWS).map(|row| format!("{word} {row}"));
        Arc::new(StringArray::from_iter_values(texts))
    };
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(
        (0..ROWS).map(|row| row as f64 / 7.0),
    ));
    RecordBatch::try_from_iter([
        ("id", integers(1)),
        ("at", integers(1_000_003)),
        ("device", texts("device")),
        ("place", texts("hall")),
        ("low", integers(-3)),
        ("high", integers(11)),
        ("value", values),
    ])
    .unwrap()
}

/// A dry run asks for no token.
struct Nobody;

#[async_trait]
impl TokenSource for Nobody {
    async fn token(&self, _: &TableName) -> Result<Secret, TokenError> {
        Err(TokenError::permanent(std::io::Error::other("a dry run")))
    }

    async fn refused(&self, _: &TableName, _: &Secret) {}
}
