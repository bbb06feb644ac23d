//! From Arrow to Protobuf, side by side with everything else that does it.
//!
//! `cargo bench -p zb-convert --bench encode` runs all data sets and then says what the goals are
//! and which are met; `-- flat` runs one set, `-- scaling` what rows and columns cost as there are
//! more of them. `docs/operations/benchmarks.md` tells what is measured and how.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people at a terminal"
)]

mod by_hand;
mod contenders;
mod counting;
mod data;
mod goals;
mod measure;
mod report;
mod scaling;
mod set;

use std::{env, hint::black_box, time::Duration};

use arrow_array::RecordBatch;
use criterion::Criterion;

use by_hand::Record;
use measure::{Contender, Measured};
use report::Report;
use set::Set;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn main() {
    // A large block that was given back keeps glibc from returning memory to the system after
    // each chunk: what a process has that has run for a while, and luck otherwise.
    drop(black_box(vec![1_u8; (32 << 20) - (64 << 10)]));
    let args: Vec<String> = env::args().skip(1).collect();
    let mut bench = Bench {
        criterion: zb_bench::criterion(Duration::from_millis(600)),
        report: Report::default(),
        filter: args.first().filter(|arg| !arg.starts_with('-')).cloned(),
        timed: zb_bench::is_timed(),
    };
    bench.set::<by_hand::FlatRow>("flat", data::flat);
    bench.set::<by_hand::NestedRow>("nested", data::nested);
    bench.set::<by_hand::WideRow>("wide", data::wide);
    bench.set::<by_hand::StringsRow>("strings", data::strings);
    bench.set::<by_hand::DictionaryRow>("dictionary", data::dictionary);
    bench.set::<by_hand::DecimalsRow>("decimals", data::decimals);
    bench.set::<by_hand::FlightsRow>("flights", data::flights);
    bench.scaling();
    if bench.timed {
        bench.report.finish();
    }
    bench.criterion.final_summary();
}

struct Bench {
    criterion: Criterion,
    report: Report,
    filter: Option<String>,
    /// Not when it is only asked whether the benches run, or for their names.
    timed: bool,
}

impl Bench {
    fn set<R: Record + 'static>(&mut self, name: &'static str, batch: fn() -> RecordBatch) {
        if !self.wants(name) {
            return;
        }
        let set = Set::new(batch());
        let (contenders, left_out) = contenders::all::<R>(&set);
        let results = self.measure(name, contenders);
        self.report.add(name, results, left_out);
    }

    fn scaling(&mut self) {
        if self.wants(scaling::NAME) {
            let shapes = scaling::shapes();
            let contenders = shapes.iter().map(scaling::Shape::contender).collect();
            let results = self.measure(scaling::NAME, contenders);
            let results = shapes.iter().zip(results);
            self.report
                .add_scaling(results.map(|(shape, result)| shape.scaled(result)));
        }
    }

    /// The figures of the report are those of the turns; criterion has its own statistics and
    /// compares with the run before.
    fn measure(&mut self, set: &'static str, mut contenders: Vec<Contender<'_>>) -> Vec<Measured> {
        measure::under_criterion(&mut self.criterion, set, &mut contenders);
        if self.timed {
            measure::in_turns(set, contenders)
        } else {
            Vec::new()
        }
    }

    /// The filter begins with the name of a set; what follows is for criterion.
    fn wants(&self, set: &str) -> bool {
        let filter = self.filter.as_ref();
        filter.is_none_or(|filter| filter.split('/').next() == Some(set))
    }
}
