//! An endpoint for any Zerobus client, with one table, for as long as a line is not read:
//! `cargo run -p zb-local --example endpoint`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, io};

use zb_local::{CreateTable, Server};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = std::env::temp_dir().join(format!("zb-local-example-{}", std::process::id()));
    let server = Server::builder(&lake).start().await?;
    let table = "main.nyc.flights".parse()?;
    let columns = CreateTable::parse(
        "CREATE TABLE main.nyc.flights (flight BIGINT NOT NULL, carrier STRING) USING DELTA",
    )?;
    server.create_table(&table, columns.schema()).await?;

    println!("export ZEROBUS_SERVER_ENDPOINT={}", server.endpoint());
    println!("export DATABRICKS_HOST={}", server.unity_catalog_url());
    println!("export DATABRICKS_CLIENT_ID={}", server.client_id());
    println!("the secret lies in {}; Enter ends it", lake.display());
    tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await??;

    println!("{:?}", server.stats());
    server.shutdown().await?;
    std::fs::remove_dir_all(lake)?;
    Ok(())
}
