//! A feed of many sensors: readings become batches by time and by number, every batch has a receipt,
//! and Ctrl-C ends it with nothing lost.
//!
//! ```sh
//! cargo run -p zb-examples --example sensor_feed -- lake 5    # DIRECTORY SECONDS
//! ```
//!
//! Without a workspace in the environment (`ZEROBUS_SERVER_ENDPOINT`, `DATABRICKS_HOST`,
//! `DATABRICKS_CLIENT_ID`, `DATABRICKS_CLIENT_SECRET`), rows land in Delta tables below the directory.
//! In a workspace the table has to be there:
//! `CREATE TABLE main.default.readings (sensor STRING NOT NULL, at TIMESTAMP NOT NULL, celsius DOUBLE)`.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]
#![allow(unreachable_pub, reason = "modules of a program, to be copied")]

mod sensors;

use std::{env, error::Error, time::Duration};

use sensors::{batch, measure};
use tokio::{
    signal::ctrl_c,
    sync::mpsc,
    task::JoinSet,
    time::{interval, sleep},
};
use zb_core::{Client, Receipt, TableName, Totals};

const SENSORS: usize = 40;
/// A batch is handed in this often, or when it has so many rows.
const EVERY: Duration = Duration::from_millis(250);
const ROWS: usize = 1_000;
/// How long rows in flight are waited for at the end.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = env::args().nth(1).unwrap_or_else(|| "lake".to_owned());
    let seconds = env::args()
        .nth(2)
        .map_or(Ok(3), |seconds| seconds.parse())?;
    let table: TableName = "main.default.readings".parse()?;
    let client = match env::var_os("ZEROBUS_SERVER_ENDPOINT") {
        Some(_) => Client::from_env()?,
        None => Client::local(lake).await?,
    };

    // The channel is bounded: when the line is slow, sensors wait, and memory does not grow.
    let (readings, mut incoming) = mpsc::channel(ROWS);
    for sensor in 0..SENSORS {
        tokio::spawn(measure(sensor, readings.clone()));
    }
    drop(readings);

    let mut ready = Vec::new();
    let mut receipts = JoinSet::new();
    let mut totals = Totals::default();
    let mut timer = interval(EVERY);
    let end = sleep(Duration::from_secs(seconds));
    // One for all turns: a new one each time would miss what happens in between.
    let interrupt = ctrl_c();
    tokio::pin!(end, interrupt);
    println!("{SENSORS} sensors to {table}; Ctrl-C ends it");
    loop {
        let is_due = tokio::select! {
            Some(reading) = incoming.recv() => { ready.push(reading); ready.len() >= ROWS }
            _ = timer.tick() => !ready.is_empty(),
            Some(receipt) = receipts.join_next() => { note(&mut totals, &receipt?); false }
            () = &mut end => break,
            interrupted = &mut interrupt => { interrupted?; println!("interrupted"); break }
        };
        if is_due {
            // Returns when the rows are on their way; the ticket tells later what became of them.
            let ticket = client.submit(&table, batch(&mut ready)?).await?;
            receipts.spawn(ticket.wait());
        }
    }

    // The sensors are told by the closed channel; what they had handed over is still sent.
    incoming.close();
    while let Some(reading) = incoming.recv().await {
        ready.push(reading);
    }
    if !ready.is_empty() {
        let ticket = client.submit(&table, batch(&mut ready)?).await?;
        receipts.spawn(ticket.wait());
    }
    client.close_within(PATIENCE).await?;
    while let Some(receipt) = receipts.join_next().await {
        note(&mut totals, &receipt?);
    }
    println!(
        "{} readings: {} durable, {} rejected, {} not sent, {} unknown",
        totals.rows,
        totals.durable.count(),
        totals.rejected(),
        totals.not_sent.count(),
        totals.unknown.count(),
    );
    Ok(())
}

/// Rows that are not sent, or of which nothing is known, would be kept and handed in again here; those
/// that were refused are for a person to look at.
fn note(totals: &mut Totals, receipt: &Receipt) {
    for rejection in receipt.rejected() {
        println!("rejected: {}", rejection.reason());
    }
    if let Some(error) = receipt.error() {
        println!("not delivered: {error}");
    }
    totals.add(receipt);
}
