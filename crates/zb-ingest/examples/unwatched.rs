//! A dry run of many batches in a program that has neither mirrors nor telemetry in it: what the
//! example `watched` of `zb-core` is measured against by `cargo xtask watched`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people at a terminal"
)]

#[path = "../../zb-core/examples/watched/dry_run.rs"]
mod dry_run;

use std::{io, sync::Arc};

use zb_ingest::{Secret, Sender, SenderOptions, TableName, TokenError, TokenSource, async_trait};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let table: TableName = "main.default.readings".parse().unwrap();
    let batch = dry_run::readings();
    let schema = batch.schema();
    let options = SenderOptions::new("https://dry-run.invalid").dry_run();
    let opening = Sender::open(table, &schema, Arc::new(Nobody), options);
    dry_run::send(&opening.await.unwrap(), &batch).await;
}

/// A dry run asks for no token.
struct Nobody;

#[async_trait]
impl TokenSource for Nobody {
    async fn token(&self, _: &TableName) -> Result<Secret, TokenError> {
        Err(TokenError::permanent(io::Error::other("a dry run")))
    }

    async fn refused(&self, _: &TableName, _: &Secret) {}
}
