//! A sender, and a whole set through it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use zb_ingest::{Sender, SenderOptions};
use zb_types::TableName;

use super::{Ground, data::Set};

/// A table for a set in a schema, of columns of its own.
pub(crate) fn table(ground: &Ground, schema: &str, set: &Set) -> TableName {
    let name = set.name.replace(' ', "_").to_lowercase();
    let table: TableName = format!("main.{schema}.{name}").parse().unwrap();
    ground.create(&table, &set.schema);
    table
}

pub(crate) fn open(ground: &Ground, table: TableName, set: &Set, options: SenderOptions) -> Sender {
    let opening = Sender::open(table, &set.schema, Arc::clone(&ground.tokens) as _, options);
    ground.client.block_on(opening).unwrap()
}

/// The whole set through one stream, until all of it is acknowledged.
pub(crate) fn send(ground: &Ground, sender: &Sender, set: &Set) -> Duration {
    ground.client.block_on(async {
        let batches = set.batches.clone();
        let started = Instant::now();
        let mut tickets = Vec::with_capacity(batches.len());
        for batch in batches {
            tickets.push(sender.submit(batch).await.unwrap());
        }
        for ticket in tickets {
            assert!(ticket.wait().await.is_all_durable());
        }
        started.elapsed()
    })
}
