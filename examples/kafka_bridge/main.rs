//! A bridge from Kafka to a Delta table: offsets are committed after the receipt says that the rows are
//! durable, never before; messages that are no rows go to a place for dead letters; a rebalance takes
//! partitions away without a loss.
//!
//! ```sh
//! cargo run -p zb-examples --example kafka_bridge -- lake    # DIRECTORY
//! ```
//!
//! The consumer is a trait, filled from memory here (`consumer.rs`). Where rows land without a workspace
//! in the environment is said in `sensor_feed.rs`. The table, in a workspace:
//! `CREATE TABLE main.default.orders (order BIGINT NOT NULL, cents BIGINT)`.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]
#![allow(unreachable_pub, reason = "modules of a program, to be copied")]

mod bridge;
mod consumer;

use std::{
    env,
    error::Error,
    fs::{self, File},
    path::PathBuf,
};

use bridge::Bridge;
use consumer::InMemory;
use zb_core::{Client, debug::QuarantineDir};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "lake".to_owned()));
    let beside = lake.join("dead-letters");
    fs::create_dir_all(&beside)?;
    let builder = Client::builder().quarantine(QuarantineDir::builder(beside.join("rejected")));
    let client = match env::var_os("ZEROBUS_SERVER_ENDPOINT") {
        Some(_) => builder.environment().build()?,
        None => builder.local(lake).await?,
    };
    let dead_letters = File::create(beside.join("messages.tsv"))?;
    let table = "main.default.orders".parse()?;
    let mut bridge = Bridge::new(InMemory::new(200), client, table, dead_letters);
    let ran = bridge.run().await;
    bridge.client.close().await?;
    ran?;
    println!(
        "{} durable, {} rejected, {} dead letters; committed {:?}",
        bridge.durable, bridge.rejected, bridge.dead, bridge.consumer.committed
    );
    Ok(())
}
