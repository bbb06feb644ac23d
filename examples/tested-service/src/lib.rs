//! A weather station that keeps its readings until they are stored.
//!
//! It is here for its tests: `tests/it/main.rs` has them run against an endpoint inside the test, which
//! loses acknowledgements and goes away when it is told to.
//!
//! ```sh
//! cargo test -p tested-service
//! ```

use std::{error::Error, sync::Arc};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::ArrowError;
use zb_core::{Client, Receipt, TableName};

/// What a sensor said.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// Which sensor.
    pub sensor: String,
    /// What it said.
    pub celsius: f64,
}

impl Reading {
    /// What a sensor said.
    pub fn new(sensor: impl Into<String>, celsius: f64) -> Self {
        let sensor = sensor.into();
        Self { sensor, celsius }
    }
}

/// Sends readings, and keeps those that are not stored yet.
#[derive(Debug)]
pub struct Station {
    client: Client,
    table: TableName,
    kept: Vec<Reading>,
}

impl Station {
    /// A station that sends to a table with the columns `sensor` and `celsius`.
    pub fn new(client: Client, table: TableName) -> Self {
        let kept = Vec::new();
        Self {
            client,
            table,
            kept,
        }
    }

    /// Keeps a reading for the next upload.
    pub fn take(&mut self, reading: Reading) {
        self.kept.push(reading);
    }

    /// How many readings are not known to be stored.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Sends all readings and waits. Those that are stored are forgotten, and so are those that the table
    /// refuses, which the receipt has with the reasons; the others are kept, and sent again by the next
    /// upload.
    ///
    /// # Errors
    ///
    /// When nothing was taken in. All readings are kept then.
    pub async fn upload(&mut self) -> Result<Receipt, Box<dyn Error + Send + Sync>> {
        let batch = batch(&self.kept)?;
        let receipt = self.client.send(&self.table, batch).await?;
        let mut row = 0;
        self.kept.retain(|_| {
            let is_open = receipt.not_sent().contains(row) || receipt.unknown().contains(row);
            row += 1;
            is_open
        });
        Ok(receipt)
    }

    /// Ends the client.
    ///
    /// # Errors
    ///
    /// As [`Client::close`].
    pub async fn close(self) -> Result<(), zb_core::Error> {
        self.client.close().await?;
        Ok(())
    }
}

fn batch(readings: &[Reading]) -> Result<RecordBatch, ArrowError> {
    let sensors = readings.iter().map(|reading| &reading.sensor);
    let celsius = readings.iter().map(|reading| reading.celsius);
    RecordBatch::try_from_iter([
        (
            "sensor",
            Arc::new(StringArray::from_iter_values(sensors)) as ArrayRef,
        ),
        ("celsius", Arc::new(Float64Array::from_iter_values(celsius))),
    ])
}
