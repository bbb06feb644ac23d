//! What is printed at the end, and written for `cargo xtask bench`.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};

use crate::{
    contender::{SDK, SENDER},
    ground::data::Set,
    latency::Latencies,
};

/// Throughput of a sender over that of the bare SDK.
const GOAL: f64 = 0.95;

#[derive(Default)]
pub(crate) struct Report {
    throughput: Vec<String>,
    latency: Vec<String>,
    json: Vec<Value>,
}

impl Report {
    pub(crate) fn throughput(
        &mut self,
        set: &Set,
        results: impl Iterator<Item = (&'static str, Vec<Duration>)>,
    ) {
        let medians: Vec<_> = results
            .map(|(name, times)| (name, zb_bench::median(times)))
            .collect();
        let of = |name| medians.iter().find(|(other, _)| *other == name).unwrap().1;
        let ratio = of(SDK) / of(SENDER);
        for (name, seconds) in &medians {
            let rows = set.rows as f64 / seconds;
            let mb = set.bytes as f64 / seconds / 1e6;
            let (ratio, met) = match *name {
                SENDER if ratio >= GOAL => (format!("{ratio:.2}"), "met"),
                SENDER => (format!("{ratio:.2}"), "missed"),
                _ => (String::new(), ""),
            };
            self.throughput.push(format!(
                "| {} | {name} | {:.0}k | {mb:.0} | {ratio} | {met} |",
                set.name,
                rows / 1e3
            ));
            self.json.push(json!({
                "set": set.name, "contender": name, "rows": set.rows, "bytes": set.bytes,
                "rows_per_second": rows, "mb_per_second": mb,
            }));
        }
    }

    pub(crate) fn latency(&mut self, rows: usize, times: &Latencies) {
        for (name, times) in [(SDK, &times.sdk), (SENDER, &times.sender)] {
            let [p50, p95, p99] = [50, 95, 99].map(|percent| {
                let at = (times.len() * percent / 100).min(times.len() - 1);
                times[at].as_secs_f64() * 1e3
            });
            self.latency.push(format!(
                "| {rows} | {name} | {p50:.2} | {p95:.2} | {p99:.2} |"
            ));
            self.json.push(json!({
                "set": "latency", "contender": name, "rows": rows,
                "p50_ms": p50, "p95_ms": p95, "p99_ms": p99,
            }));
        }
    }

    pub(crate) fn finish(&self) {
        let mut text = String::from("### Throughput on one stream\n\n");
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "| set | who | rows/s | MB/s | over the bare SDK (goal {GOAL}) | |\n|---|---|---|---|---|---|"
        );
        let _ = writeln!(text, "{}\n", self.throughput.join("\n"));
        let _ = writeln!(
            text,
            "### One batch of flights, from handing it in to its acknowledgement\n\n\
             | rows | who | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|"
        );
        let _ = writeln!(text, "{}", self.latency.join("\n"));
        zb_bench::report(
            env!("CARGO_TARGET_TMPDIR"),
            "zb-ingest-cost",
            &text,
            json!(self.json),
        );
    }
}
