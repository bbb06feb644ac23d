//! Protobuf or Arrow Flight: what each costs, for rows of several kinds.
//!
//! `cargo bench -p zb-ingest --features flight --bench transport` makes requests of the same batches both
//! ways, and sends them to one `zb-local`, which checks and decodes every row and puts it nowhere. The two
//! take turns, so that what disturbs one disturbs both. `docs/operations/benchmarks.md` tells what came of it.
#![allow(
    missing_docs,
    dead_code,
    clippy::unwrap_used,
    reason = "a program for people at a terminal; the ground is that of another one, too"
)]

#[path = "../ground/mod.rs"]
mod ground;
mod relay;
mod report;
mod sets;

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput};
use zb_convert::{EncodedVecs, Encoder, Fitter, Options};
use zb_ingest::{Sender, SenderOptions, Transport};

use ground::{
    Ground,
    data::{LIMIT, Set},
    sending::{self, send},
};
use relay::Relay;
use report::Report;

/// Of an odd number of rounds one is the median.
const ROUNDS: usize = 9;

const TRANSPORTS: [Transport; 2] = [Transport::Protobuf, Transport::Flight];

fn main() {
    let timed = zb_bench::is_timed();
    let mut criterion = zb_bench::criterion(Duration::from_secs(2));
    let ground = Ground::new();
    let mut report = Report::default();
    for set in sets::all() {
        compare(&mut criterion, &mut report, &ground, &set, timed);
    }
    if timed {
        report.finish();
    }
    criterion.final_summary();
}

fn compare(
    criterion: &mut Criterion,
    report: &mut Report,
    ground: &Ground,
    set: &Set,
    timed: bool,
) {
    let endpoint = ground.server.endpoint();
    let senders = TRANSPORTS.map(|transport| sender(ground, set, transport, endpoint));
    let makers = TRANSPORTS.map(|transport| Maker::new(set, transport));
    let mut group = criterion.benchmark_group(set.name);
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(set.rows as u64));
    for ((transport, sender), maker) in TRANSPORTS.into_iter().zip(&senders).zip(&makers) {
        group.bench_function(format!("make {}", transport.name()), |bencher| {
            bencher.iter(|| maker.run(set));
        });
        group.bench_function(format!("send {}", transport.name()), |bencher| {
            bencher.iter_custom(|times| (0..times).map(|_| send(ground, sender, set)).sum());
        });
    }
    group.finish();
    if !timed {
        return;
    }
    let [mut made, mut sent] = [(); 2].map(|()| [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (i, maker) in makers.iter().enumerate() {
            made[i].push(maker.run(set));
            sent[i].push(send(ground, &senders[i], set));
        }
    }
    let wire = TRANSPORTS.map(|transport| {
        let relay = ground.client.block_on(Relay::to(ground.server.endpoint()));
        let sender = sender(ground, set, transport, &relay.endpoint);
        let before = relay.counted();
        send(ground, &sender, set);
        relay.counted() - before
    });
    report.add(set, made, sent, wire);
}

/// What makes requests of batches, and does not send them.
enum Maker {
    Protobuf(Box<Encoder>),
    Flight(Box<Fitter>),
}

impl Maker {
    fn new(set: &Set, transport: Transport) -> Self {
        match transport {
            Transport::Flight => Self::Flight(Box::new(
                Fitter::new(&set.schema, Options::default()).unwrap(),
            )),
            _ => Self::Protobuf(Box::new(set.encoder.clone())),
        }
    }

    fn run(&self, set: &Set) -> Duration {
        let started = Instant::now();
        let mut buffer = EncodedVecs::default();
        for batch in &set.batches {
            let mut next = 0;
            while next < batch.num_rows() {
                next = match self {
                    Self::Protobuf(encoder) => {
                        let next = encoder
                            .encode_vecs(batch, next, LIMIT, &mut buffer)
                            .unwrap();
                        std::hint::black_box(buffer.take_rows());
                        next
                    }
                    Self::Flight(fitter) => {
                        let (next, fitted) = fitter.fit_chunk(batch, next, LIMIT).unwrap();
                        std::hint::black_box(fitted);
                        next
                    }
                };
            }
        }
        started.elapsed()
    }
}

fn sender(ground: &Ground, set: &Set, transport: Transport, endpoint: &str) -> Sender {
    let table = sending::table(ground, transport.name(), set);
    let options = SenderOptions::new(endpoint).transport(transport);
    sending::open(ground, table, set, options)
}
