//! What a client of any kind does, counted in memory, with a recorder of one's own beside:
//! `cargo run -p zb-telemetry --example counted`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc, time::Duration};

use zb_telemetry::{Event, FanOut, Recorder, Stats};

/// Says what it hears.
#[derive(Debug)]
struct Aloud;

impl Recorder for Aloud {
    fn record(&self, event: &Event<'_>) {
        println!("{event:?}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let stats = Arc::new(Stats::new());
    let recorder = FanOut::new().with(stats.clone()).with(Aloud);
    let table = "main.nyc.flights".parse()?;
    for millis in [20, 35, 150] {
        let (rows, bytes) = (500, 48_000);
        let latency = Duration::from_millis(millis);
        recorder.record(&Event::Submitted {
            table: &table,
            rows,
            bytes: 64_000,
        });
        recorder.record(&Event::Sent {
            table: &table,
            rows,
            bytes,
        });
        recorder.record(&Event::Acknowledged {
            table: &table,
            rows,
            bytes,
            latency,
        });
    }
    let now = stats.snapshot();
    println!(
        "{} rows are durable, after {:?} on average",
        now.durable_rows,
        now.ack.mean()
    );
    Ok(())
}
