//! Sensors that are made up, and how their readings become a batch.

use std::{sync::Arc, time::Duration};

use arrow_array::{
    RecordBatch,
    builder::{Float64Builder, StringBuilder, TimestampMicrosecondBuilder},
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use tokio::{sync::mpsc, time::interval};

pub struct Reading {
    pub sensor: usize,
    pub at: i64,
    pub celsius: Option<f64>,
}

/// Measures until nobody wants to know.
pub async fn measure(sensor: usize, readings: mpsc::Sender<Reading>) {
    let mut clock = interval(Duration::from_millis(20));
    for n in 0_u32.. {
        clock.tick().await;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        // Now and then a sensor has nothing to say.
        let celsius = (n % 50 != 49).then(|| 20.0 + f64::from(n % 25) / 10.0);
        let at = now.as_micros() as i64;
        let reading = Reading {
            sensor,
            at,
            celsius,
        };
        if readings.send(reading).await.is_err() {
            return;
        }
    }
}

/// All readings as a batch, which leaves none.
pub fn batch(readings: &mut Vec<Reading>) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema: SchemaRef = Arc::new(Schema::new(vec![
        Field::new("sensor", DataType::Utf8, false),
        Field::new("at", time.clone(), false),
        Field::new("celsius", DataType::Float64, true),
    ]));
    let mut sensors = StringBuilder::new();
    let mut times = TimestampMicrosecondBuilder::new().with_data_type(time);
    let mut celsius = Float64Builder::new();
    for reading in readings.drain(..) {
        sensors.append_value(format!("sensor-{:02}", reading.sensor));
        times.append_value(reading.at);
        celsius.append_option(reading.celsius);
    }
    RecordBatch::try_new(
        schema,
        vec![
            Arc::new(sensors.finish()),
            Arc::new(times.finish()),
            Arc::new(celsius.finish()),
        ],
    )
}
