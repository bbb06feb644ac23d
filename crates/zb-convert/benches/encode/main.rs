//! From Arrow to Protobuf, side by side with everything else that does it.
//!
//! `cargo bench -p zb-convert --bench encode` prints the ratios and writes them to
//! `target/bench.json`. Times are of the thread, so that a busy machine distorts them less.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::redundant_closure_for_method_calls,
    clippy::semicolon_if_nothing_returned
)]

mod by_hand;
mod counting;
mod data;
mod report;

use std::{hint::black_box, time::Duration};

use arrow_array::RecordBatch;
use criterion::{Criterion, SamplingMode, Throughput};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use rustix::time::{ClockId, clock_gettime};
use zb_convert::{ChunkLimit, Encoded, Encoder, Options};

use by_hand::Fill;
use report::Report;

/// Rows of a request: what a sender encodes at a time.
const CHUNK: usize = 4096;

/// The slow contender does fewer rows.
const FEW: usize = 2_000;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

fn main() {
    // A large block that was given back keeps glibc from returning memory to the system after
    // each chunk: what a process has that has run for a while, and luck otherwise.
    drop(black_box(vec![1_u8; (32 << 20) - (64 << 10)]));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(900))
        .without_plots()
        .configure_from_args();
    let mut report = Report::default();
    let only = std::env::args().nth(1).filter(|a| !a.starts_with('-'));
    let mut run = |name: &str, batch: fn() -> RecordBatch, hand: fn(&mut Set)| {
        if only.as_ref().is_some_and(|only| !only.starts_with(name)) {
            return;
        }
        let batch = batch();
        let mut set = Set::new(&mut criterion, &mut report, name, &batch);
        set.ours();
        hand(&mut set);
        set.rest();
    };
    run("flat", data::flat, |s| s.by_hand::<by_hand::Flat>());
    run("nested", data::nested, |s| s.by_hand::<by_hand::Nested>());
    run("wide", data::wide, |s| s.by_hand::<by_hand::Wide>());
    run("strings", data::strings, |s| {
        s.by_hand::<by_hand::Strings>()
    });
    run("dictionary", data::dictionary, |_| {});
    run("decimals", data::decimals, |_| {});
    run("flights", data::flights, |_| {});
    report.finish();
    criterion.final_summary();
}

/// One data set and what runs on it.
struct Set<'a> {
    criterion: &'a mut Criterion,
    report: &'a mut Report,
    name: &'a str,
    batch: &'a RecordBatch,
    encoder: Encoder,
    whole: Encoded,
}

impl<'a> Set<'a> {
    fn new(
        criterion: &'a mut Criterion,
        report: &'a mut Report,
        name: &'a str,
        batch: &'a RecordBatch,
    ) -> Self {
        let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
        let whole = encoder.encode(batch).unwrap();
        assert_eq!(whole.errors(), []);
        Self {
            criterion,
            report,
            name,
            batch,
            encoder,
            whole,
        }
    }

    fn measure(&mut self, contender: &'static str, rows: usize, mut work: impl FnMut()) {
        let bytes = self.whole.ends()[rows - 1];
        work();
        let before = counting::allocations();
        work();
        let allocations = counting::allocations() - before;
        let mut best = f64::MAX;
        let mut group = self.criterion.benchmark_group(self.name);
        group
            .sampling_mode(SamplingMode::Flat)
            .throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(contender, |b| {
            b.iter_custom(|iterations| {
                let start = thread_time();
                for _ in 0..iterations {
                    work();
                }
                let spent = thread_time().saturating_sub(start);
                best = best.min(spent.as_secs_f64() / iterations as f64);
                spent
            });
        });
        group.finish();
        self.report
            .add(self.name, contender, rows, bytes, best, allocations);
    }

    fn ours(&mut self) {
        let (encoder, batch) = (self.encoder.clone(), self.batch);
        let limit = ChunkLimit {
            rows: CHUNK,
            framed_bytes: usize::MAX,
        };
        let rows = batch.num_rows();
        let mut chunk = Encoded::default();
        self.measure("ours, one buffer", rows, || {
            let mut next = 0;
            while next < rows {
                next = encoder
                    .encode_chunk(batch, next, limit, &mut chunk)
                    .unwrap();
                black_box(chunk.bytes());
            }
        });
        self.measure("ours, Vec per row", rows, || {
            let mut next = 0;
            while next < rows {
                next = encoder
                    .encode_chunk(batch, next, limit, &mut chunk)
                    .unwrap();
                black_box(chunk.to_vecs());
            }
        });
    }

    fn by_hand<F: Fill<'a>>(&mut self) {
        let rows = self.batch.num_rows();
        let filler = F::bind(self.batch);
        let mut row = F::Row::default();
        for (i, expected) in self.whole.rows().enumerate() {
            filler.fill(i, &mut row);
            assert!(row.encode_to_vec() == expected, "row {i}");
        }
        self.measure("structs, Vec per row", rows, || {
            for start in (0..rows).step_by(CHUNK) {
                let encoded: Vec<Vec<u8>> = (start..rows.min(start + CHUNK))
                    .map(|i| {
                        let mut row = F::Row::default();
                        filler.fill(i, &mut row);
                        row.encode_to_vec()
                    })
                    .collect();
                black_box(encoded);
            }
        });
        let (mut out, mut ends) = (Vec::new(), Vec::new());
        self.measure("struct and buffer reused", rows, || {
            for start in (0..rows).step_by(CHUNK) {
                out.clear();
                ends.clear();
                for i in start..rows.min(start + CHUNK) {
                    filler.fill(i, &mut row);
                    row.encode_raw(&mut out);
                    ends.push(out.len());
                }
                black_box((&out, &ends));
            }
        });
    }

    /// What works on any message, and the limit.
    fn rest(&mut self) {
        let message = message(self.encoder.descriptor());
        let rows: Vec<DynamicMessage> = self
            .whole
            .rows()
            .take(FEW)
            .map(|row| DynamicMessage::decode(message.clone(), row).unwrap())
            .collect();
        // The messages are there already: this is less than the whole work.
        self.measure("prost-reflect, encoding alone", FEW, || {
            for row in &rows {
                black_box(row.encode_to_vec());
            }
        });
        let from = self.whole.bytes().to_vec();
        let mut to = from.clone();
        self.measure("copy of the output", self.batch.num_rows(), || {
            to.copy_from_slice(black_box(&from));
            black_box(&to);
        });
    }
}

fn message(descriptor: &prost_types::DescriptorProto) -> MessageDescriptor {
    let file = prost_types::FileDescriptorProto {
        name: Some("record.proto".to_owned()),
        message_type: vec![descriptor.clone()],
        ..prost_types::FileDescriptorProto::default()
    };
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_proto(file).unwrap();
    pool.get_message_by_name(descriptor.name()).unwrap()
}

fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
