//! What is printed at the end, and written for `cargo xtask bench`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{TRANSPORTS, ground::data::Set};

#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    json: Vec<Value>,
}

impl Report {
    /// Of Protobuf and of Flight: the times it took to make requests, and to send the set, and what
    /// has come over the wire.
    pub(crate) fn add(
        &mut self,
        set: &Set,
        made: [Vec<Duration>; 2],
        sent: [Vec<Duration>; 2],
        wire: [u64; 2],
    ) {
        let (made, sent) = (made.map(zb_bench::median), sent.map(zb_bench::median));
        let rows = set.rows as f64;
        for (i, transport) in TRANSPORTS.into_iter().enumerate() {
            let ratio = |of: [f64; 2]| match i {
                0 => "1".to_owned(),
                _ => format!("{:.2}", of[0] / of[1]),
            };
            self.lines.push(format!(
                "| {} | {} | {:.0} | {} | {:.0}k | {} | {:.0} |",
                set.name,
                transport.name(),
                made[i] * 1e9 / rows,
                ratio(made),
                rows / sent[i] / 1e3,
                ratio(sent),
                wire[i] as f64 / rows,
            ));
            self.json.push(json!({
                "set": set.name, "transport": transport.name(), "rows": set.rows,
                "make_ns_per_row": made[i] * 1e9 / rows, "rows_per_second": rows / sent[i],
                "wire_bytes_per_row": wire[i] as f64 / rows,
            }));
        }
    }

    pub(crate) fn finish(&self) {
        let head = "| rows | transport | make, ns a row | times as fast | sent, rows/s | times as fast | bytes a row on the wire |\n|---|---|---|---|---|---|---|\n";
        let text = format!("{head}{}\n", self.lines.join("\n"));
        zb_bench::report(
            env!("CARGO_TARGET_TMPDIR"),
            "zb-ingest-transport",
            &text,
            json!(self.json),
        );
    }
}
