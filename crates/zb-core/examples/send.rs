//! A batch into a Delta table of this machine: `cargo run -p zb-core --example send`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use zb_core::Client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let lake = std::env::temp_dir().join(format!("zb-core-example-{}", std::process::id()));
    // Against a workspace this is `Client::from_env()?`, and nothing else changes.
    let client = Client::local(&lake).await?;
    let batch = RecordBatch::try_from_iter([
        (
            "sensor",
            Arc::new(StringArray::from(vec!["north", "south"])) as ArrayRef,
        ),
        ("celsius", Arc::new(Float64Array::from(vec![21.5, 19.0]))),
    ])?;
    let receipt = client
        .send(&"main.weather.readings".parse()?, batch)
        .await?;
    println!(
        "{} of {} rows are durable",
        receipt.durable().count(),
        receipt.rows()
    );
    client.close().await?;
    println!("{}", lake.join("main/weather/readings/_delta_log").is_dir());
    std::fs::remove_dir_all(lake)?;
    Ok(())
}
