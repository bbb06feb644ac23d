//! What is printed at the end, and written for `cargo xtask bench`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    contenders::{LeftOut, REFLECT_ROWS, name},
    goals::{self, Bound, Goal},
    measure::{Clock, Form, Measured},
    scaling::Scaled,
    set::CHUNK,
};

#[derive(Default)]
pub(crate) struct Report {
    results: Vec<Measured>,
    left_out: Vec<(&'static str, LeftOut)>,
    scaled: Vec<Scaled>,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        set: &'static str,
        results: Vec<Measured>,
        left_out: Vec<LeftOut>,
    ) {
        self.results.extend(results);
        self.left_out
            .extend(left_out.into_iter().map(|one| (set, one)));
    }

    pub(crate) fn add_scaling(&mut self, scaled: impl Iterator<Item = Scaled>) {
        self.scaled.extend(scaled);
    }

    pub(crate) fn finish(&self) {
        if self.results.is_empty() && self.scaled.is_empty() {
            println!("nothing was measured: the filter names no data set");
            return;
        }
        let mut goals = goals::of_contenders(&self.results);
        goals.extend(goals::of_scaling(&self.scaled));
        let markdown = self.markdown(&goals);
        zb_bench::report(
            env!("CARGO_TARGET_TMPDIR"),
            "zb-convert-encode",
            &markdown,
            self.json(&goals),
        );
    }

    /// Times of a result over ours of a form.
    fn ratio(&self, of: &Measured, ours: &str) -> Option<f64> {
        let mut results = self.results.iter();
        let ours = results.find(|r| r.set == of.set && r.name == ours)?;
        Some(of.ns_per_row() / ours.ns_per_row())
    }

    fn ratios(&self, of: &Measured) -> [Option<f64>; 2] {
        let vecs = (of.form == Form::Vecs)
            .then(|| self.ratio(of, name::OURS_VECS))
            .flatten();
        [self.ratio(of, name::OURS), vecs]
    }

    /// The block that stands in `docs/operations/benchmarks.md`.
    fn markdown(&self, goals: &[Goal]) -> String {
        let mut out = String::new();
        if !goals.is_empty() {
            out.push_str("### Goals\n\n");
            out.push_str(&table(
                &["set", "what", "goal", "measured", ""],
                goals.iter().map(goal_row),
            ));
            out.push('\n');
        }
        if !self.results.is_empty() {
            let _ = writeln!(
                out,
                "### Contenders\n\nIn chunks of at most {} rows and {} KiB. `±` is the range of the \
                 middle half of the rounds. `x` is how many times as long as ours it takes: as ours \
                 into one buffer, and as ours into a `Vec` per row. Allocations are of the whole \
                 batch; prost-reflect does the first {} rows alone.\n",
                CHUNK.rows,
                CHUNK.framed_bytes >> 10,
                REFLECT_ROWS,
            );
            out.push_str(&table(
                &[
                    "set",
                    "contender",
                    "ns/row",
                    "±",
                    "million rows/s",
                    "MB/s",
                    "x buffer",
                    "x Vec",
                    "allocations",
                ],
                self.results.iter().map(|r| self.result_row(r)),
            ));
            out.push('\n');
        }
        for (set, LeftOut { contender, reason }) in &self.left_out {
            let _ = writeln!(out, "Left out: {contender} of {set}, since {reason}.\n");
        }
        if !self.scaled.is_empty() {
            out.push_str("### Scaling\n\n");
            out.push_str(&table(
                &[
                    "shape",
                    "ns/row",
                    "±",
                    "ns/cell",
                    "allocations a chunk",
                    "allocations a batch in one call",
                ],
                self.scaled.iter().map(scaled_row),
            ));
        }
        out
    }

    fn result_row(&self, r: &Measured) -> Vec<String> {
        let [buffer, vecs] = self
            .ratios(r)
            .map(|ratio| ratio.map_or_else(String::new, |x| format!("{x:.2}")));
        let clock = match r.clock {
            Clock::Thread => "",
            Clock::Wall => " (wall)",
        };
        vec![
            r.set.to_owned(),
            format!("{}{clock}", r.name),
            format!("{:.1}", r.ns_per_row()),
            percent(r.spread),
            format!("{:.3}", r.rows_per_second() / 1e6),
            format!("{:.0}", r.mb_per_second()),
            buffer,
            vecs,
            r.allocations.to_string(),
        ]
    }

    fn json(&self, goals: &[Goal]) -> Value {
        let results = self.results.iter().map(|r| {
            let [buffer, vecs] = self.ratios(r);
            json!({
                "set": r.set,
                "contender": r.name,
                "clock": match r.clock { Clock::Thread => "thread", Clock::Wall => "wall" },
                "rows": r.rows,
                "bytes": r.bytes,
                "ns_per_row": r.ns_per_row(),
                "spread": r.spread,
                "rows_per_second": r.rows_per_second(),
                "mb_per_second": r.mb_per_second(),
                "times_ours_one_buffer": buffer,
                "times_ours_vec_per_row": vecs,
                "allocations_per_batch": r.allocations,
            })
        });
        let goals = goals.iter().map(|goal| {
            let (bound, value) = match goal.bound {
                Bound::AtLeast(value) => ("at_least", value),
                Bound::AtMost(value) => ("at_most", value),
            };
            json!({
                "set": goal.set,
                "goal": goal.text,
                bound: value,
                "measured": goal.measured,
                "met": goal.met(),
            })
        });
        let left_out = self.left_out.iter().map(
            |(set, one)| json!({ "set": set, "contender": one.contender, "reason": one.reason }),
        );
        let scaling = self.scaled.iter().map(|s| {
            json!({
                "shape": s.measured.name,
                "rows": s.batch_rows,
                "columns": s.columns,
                "ns_per_row": s.measured.ns_per_row(),
                "ns_per_cell": s.ns_per_cell(),
                "spread": s.measured.spread,
                "allocations_per_chunk": s.allocations_per_chunk(),
                "allocations_per_batch": s.whole_batch_allocations,
            })
        });
        json!({
            "results": results.collect::<Value>(),
            "goals": goals.collect::<Value>(),
            "left_out": left_out.collect::<Value>(),
            "scaling": scaling.collect::<Value>(),
        })
    }
}

fn goal_row(goal: &Goal) -> Vec<String> {
    let bound = match goal.bound {
        Bound::AtLeast(bound) => format!("at least {bound}"),
        Bound::AtMost(bound) => format!("at most {bound}"),
    };
    vec![
        goal.set.to_owned(),
        goal.text.clone(),
        bound,
        format!("{:.2}", goal.measured),
        if goal.met() { "met" } else { "missed" }.to_owned(),
    ]
}

fn scaled_row(s: &Scaled) -> Vec<String> {
    vec![
        s.measured.name.to_string(),
        format!("{:.1}", s.measured.ns_per_row()),
        percent(s.measured.spread),
        format!("{:.2}", s.ns_per_cell()),
        format!("{:.1}", s.allocations_per_chunk()),
        s.whole_batch_allocations.to_string(),
    ]
}

fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}

/// A table that reads well as Markdown and at a terminal: numbers to the right.
fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<Vec<String>> = rows.collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].as_str());
        let widths = cells.chain([header[column]]).map(|c| c.chars().count());
        widths.max().unwrap_or_default()
    };
    let number = |column: usize| {
        let mut cells = rows.iter().map(|row| row[column].trim_end_matches('%'));
        cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
    };
    let columns: Vec<(usize, bool)> = (0..header.len()).map(|c| (width(c), number(c))).collect();
    let line = |cells: &[&str]| {
        let mut line = String::from("|");
        for (cell, &(width, number)) in cells.iter().zip(&columns) {
            let _ = if number {
                write!(line, " {cell:>width$} |")
            } else {
                write!(line, " {cell:<width$} |")
            };
        }
        line.push('\n');
        line
    };
    let mut out = line(header);
    out.push('|');
    for &(width, number) in &columns {
        let colon = if number { ':' } else { '-' };
        let _ = write!(out, "-{}{colon}|", "-".repeat(width));
    }
    out.push('\n');
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        out.push_str(&line(&cells));
    }
    out
}
