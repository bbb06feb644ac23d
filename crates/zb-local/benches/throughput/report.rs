//! What is printed at the end, and written for `cargo xtask bench`.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use crate::{Took, data::Set, page::Cost};

/// What the service says that one stream takes.
const RECORDS: f64 = 100_000.0;
const MB: f64 = 100.0;

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<String>,
    page: Option<Cost>,
    json: Vec<Value>,
}

impl Report {
    pub(crate) fn add(&mut self, set: &Set, into: &str, mut took: Vec<Took>) {
        took.sort_unstable_by_key(|took| took.time);
        let of = |time: Duration| {
            let seconds = time.as_secs_f64();
            (set.rows as f64 / seconds, set.bytes as f64 / seconds / 1e6)
        };
        let (records, mb) = of(took[0].time);
        let (median, _) = of(took[took.len() / 2].time);
        // Of the round that took least: others are told what belongs to their neighbours.
        let cpu = took.iter().filter_map(|took| took.cpu).min();
        let cores = cpu.map(|cpu| cpu.as_secs_f64() / set.rows as f64 * RECORDS);
        let met = if records >= RECORDS && mb >= MB {
            "met"
        } else {
            "missed"
        };
        self.rows.push(format!(
            "| {} | {into} | {:.0}k | {mb:.0} | {:.0}k | {} | {met} |",
            set.name,
            records / 1e3,
            median / 1e3,
            cores.map_or_else(String::new, |cores| format!("{cores:.2}")),
        ));
        println!("{}", self.rows[self.rows.len() - 1]);
        self.json.push(json!({
            "set": set.name, "into": into, "rows": set.rows, "bytes": set.bytes,
            "rows_per_second": records, "mb_per_second": mb, "median_rows_per_second": median,
            "cores_at_the_limit": cores,
        }));
    }

    pub(crate) fn page(&mut self, cost: Cost) {
        self.page = Some(cost);
    }

    pub(crate) fn finish(&self, timed: bool) {
        let mut text = format!(
            "### Records of 1 KB on one stream, beside the limits of the service\n\n\
             | records | into | records/s (limit {:.0}k) | MB/s (limit {MB:.0}) | median records/s | cores at the limit | |\n\
             |---|---|---:|---:|---:|---:|---|\n{}\n",
            RECORDS / 1e3,
            self.rows.join("\n")
        );
        if let Some(Cost { time, bytes }) = self.page {
            // Writing to a string never fails.
            let _ = writeln!(
                text,
                "\nThe page, with twenty rows of 50 columns on it: {bytes} bytes, {} µs from asking \
                 for it to having it.",
                time.as_micros()
            );
        }
        if !timed {
            println!("\n{text}");
            return;
        }
        zb_bench::report(
            env!("CARGO_TARGET_TMPDIR"),
            "zb-local-throughput",
            &text,
            json!(self.json),
        );
    }
}
