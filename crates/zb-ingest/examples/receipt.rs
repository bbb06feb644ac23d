//! A batch with a bad row, sent to an endpoint of this machine, and its receipt:
//! `cargo run -p zb-ingest --example receipt`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc, time::Duration};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use zb_auth::{ClientCredentials, Scope, TokenSource as _, workspace_id_from_endpoint};
use zb_ingest::{Secret, Sender, SenderOptions, TableName, TokenError, TokenSource, async_trait};
use zb_local::Server;

/// Where tokens come from: here from `zb-auth`, each time anew.
struct Tokens(ClientCredentials);

#[async_trait]
impl TokenSource for Tokens {
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError> {
        let token = self.0.fetch(&Scope::Table(table.clone())).await;
        let token = token.map_err(TokenError::permanent)?;
        Ok(token.secret().clone())
    }

    async fn refused(&self, _: &TableName, _: &Secret) {}
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = std::env::temp_dir().join(format!("zb-ingest-example-{}", std::process::id()));
    let server = Server::builder(&lake).start().await?;
    let table: TableName = "main.nyc.flights".parse()?;
    let columns = Schema::new(vec![
        Field::new("flight", DataType::Int64, false),
        Field::new("carrier", DataType::Utf8, false),
    ]);
    server.create_table(&table, &columns).await?;
    let credentials = ClientCredentials::builder(
        server.unity_catalog_url(),
        server.client_id(),
        server.client_secret().clone(),
        workspace_id_from_endpoint(server.endpoint())?,
    );
    let tokens = Arc::new(Tokens(credentials.build()?));

    let options = SenderOptions::new(server.endpoint());
    let sender = Sender::open(table, &columns, tokens, options).await?;
    let batch = RecordBatch::try_from_iter_with_nullable([
        (
            "flight",
            Arc::new(Int64Array::from(vec![1, 2, 3])) as ArrayRef,
            true,
        ),
        (
            "carrier",
            Arc::new(StringArray::from(vec![Some("UA"), None, Some("DL")])),
            true,
        ),
    ])?;
    let receipt = sender.submit(batch).await?.wait().await;
    println!(
        "{} of {} rows are durable",
        receipt.durable().count(),
        receipt.rows()
    );
    for rejection in receipt.rejected() {
        println!("{rejection}");
    }

    let _ = sender.close(Duration::from_secs(5)).await;
    server.shutdown().await?;
    std::fs::remove_dir_all(lake)?;
    Ok(())
}
