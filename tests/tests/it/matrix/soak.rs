//! A long load with random faults, for `cargo xtask soak`: what was held, what was survived, and that
//! nothing was lost.
//!
//! No two tokens are refused in a row by intent: that ends a sender, and with it the soak.
//!
//! `ZB_SOAK_SECONDS` says for how long, `ZB_SOAK_ROWS_PER_SECOND` how fast rows are made.

use std::{
    collections::{BTreeMap, VecDeque},
    env, fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use zb_core::{
    Client, Sender, Ticket,
    ingest::{SenderOptions, SlowDown},
    retry::Policy,
};

use super::{
    belief::{Belief, Refusal, Span},
    case::{BY_SERVICE, Doing},
    clients::peak_memory,
    host::{Address, Host},
    judge,
    rows::{self, Kind},
    stage::{Stage, Witness},
};
use crate::Scratch;

/// What goes wrong, each by its own chance. The names are those of the report.
const FAULTS: &str = r#"
fault = [
    { name = "connection reset", on = "connect", probability = 0.05, do = "cut" },
    { name = "token endpoint away", on = "token", probability = 0.2, do = "answer", status = 503 },
    { name = "token endpoint slow", on = "token", probability = 0.1, delay = "200ms" },
    { name = "stream not opened", on = "open", probability = 0.1, do = "status", code = "UNAVAILABLE" },
    { name = "token refused", on = "open", every = 200, do = "expire_token" },
    { name = "cut before the commit", on = "request", probability = 0.002, do = "cut" },
    { name = "cut in mid-message", on = "request", probability = 0.001, do = "cut_after", bytes = 3000 },
    { name = "status in mid-stream", on = "request", probability = 0.002, do = "status", code = "INTERNAL" },
    { name = "token expired in mid-stream", on = "request", probability = 0.001, do = "expire_token" },
    { name = "stream ended", on = "request", probability = 0.001, do = "end" },
    { name = "close signal", on = "request", probability = 0.002, do = "close_signal", duration = "100ms" },
    { name = "server frozen", on = "request", probability = 0.0005, do = "freeze", lasting = "700ms" },
    { name = "slow reads", on = "request", probability = 0.0005, do = "read_slowly", bytes_per_second = 200000, lasting = "1s" },
    { name = "poison row", on = "record", column = "kind", equals = "poison", do = "refuse" },
    { name = "disk full", on = "commit", probability = 0.005, do = "disk_full" },
    { name = "slow commit", on = "commit", probability = 0.01, delay = "100ms" },
    { name = "acknowledgement lost", on = "ack", probability = 0.004, do = "cut" },
    { name = "half an acknowledgement", on = "ack", probability = 0.002, do = "cut_mid_message" },
    { name = "acknowledgement withheld", on = "ack", probability = 0.005, do = "withhold" },
    { name = "acknowledgement twice", on = "ack", probability = 0.01, do = "acknowledge", twice = true },
]
"#;

/// Rows of a batch.
const BATCH: i64 = 200;

/// How many batches of a producer may be open.
const OPEN: usize = 50;

/// The tasks that send; the first two share a sender of one stream, the others one of three.
const PRODUCERS: i64 = 4;

/// One row in so many is poison, another one cannot be converted.
const ONE_BAD_IN: i64 = 2_003;

fn kind(seq: i64) -> Kind {
    match seq % ONE_BAD_IN {
        1_000 => Kind::Poison,
        1_500 => Kind::Hollow,
        _ => Kind::Good,
    }
}

/// The faults, each with a seed of its own: with one seed for all, the same event would be drawn for each
/// of them, and the first would take it.
fn script(seed: u64) -> String {
    let parts = (seed..).zip(FAULTS.split("probability"));
    parts.fold(String::new(), |script, (seed, part)| {
        if script.is_empty() {
            part.to_owned()
        } else {
            format!("{script}seed = {seed}, probability{part}")
        }
    })
}

fn setting(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: cargo xtask soak"]
async fn soak() {
    let scratch = Scratch::alone();
    let seconds = setting("ZB_SOAK_SECONDS", 300);
    let rows_per_second = setting("ZB_SOAK_ROWS_PER_SECOND", 5_000);
    let seed = setting("ZB_SOAK_SEED", rand::random_range(0..1 << 30));
    println!("soak: {seconds} s, {rows_per_second} rows/s, seed {seed}");
    let lake = scratch.lake();
    let script = script(seed);
    let host = Host::here(&lake, &script, false, None).await.unwrap();
    let address = host.address();
    let stage = Arc::new(Stage {
        lake: lake.clone(),
        script,
        stamped: false,
        host: tokio::sync::Mutex::new(Some(host)),
        witness: Arc::default(),
    });
    let senders = [
        Arc::new(open(&address, &stage.witness, 1).await),
        Arc::new(open(&address, &stage.witness, 3).await),
    ];
    let belief = Arc::new(Mutex::new(Belief::new(
        "soak",
        "soak",
        zb_tests::table_dir(&lake, rows::table().as_str()),
    )));
    let over = Arc::new(AtomicBool::new(false));
    let survived = tokio::spawn(misfortune(Arc::clone(&stage), seed, Arc::clone(&over)));
    let began = Instant::now();
    let producing: Vec<_> = (0..PRODUCERS)
        .map(|producer| {
            let sender = Arc::clone(&senders[usize::from(producer >= PRODUCERS / 2)]);
            let (belief, over) = (Arc::clone(&belief), Arc::clone(&over));
            let pace = rows_per_second as f64 / PRODUCERS as f64;
            tokio::spawn(async move { produce(&sender, producer, pace, &belief, &over).await })
        })
        .collect();
    let end = began + Duration::from_secs(seconds);
    let mut told = began;
    while Instant::now() < end && !producing.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if told.elapsed() > Duration::from_secs(30) {
            told = Instant::now();
            let rows = stage.witness.seen().acknowledged;
            println!("{:>5} s: {rows} rows durable", began.elapsed().as_secs());
        }
    }
    over.store(true, Ordering::SeqCst);
    for producing in producing {
        producing.await.unwrap();
    }
    let took = began.elapsed();
    for sender in senders {
        let closed = sender.close(Duration::from_mins(1)).await;
        println!("closed: {} batches undelivered", closed.undelivered.len());
    }
    let mut faults = survived.await.unwrap();
    note_faults(&stage, &mut faults).await;
    if let Some(Host::Here(server)) = stage.host.lock().await.take() {
        server.shutdown().await.unwrap();
    }
    report(&scratch, &belief.lock().unwrap(), &stage, &faults, took);
}

async fn open(address: &Address, witness: &Arc<Witness>, streams: usize) -> Sender {
    let client = Client::builder()
        .endpoint(&address.endpoint)
        .host(&address.workspace)
        .client_id(&address.client_id)
        .client_secret(address.client_secret.clone())
        .build()
        .unwrap();
    let policy = Policy::new()
        .with_base(Duration::from_millis(10))
        .with_cap(Duration::from_millis(500))
        .with_max_attempts(u32::MAX)
        .with_deadline(Duration::from_mins(2));
    let witness = Arc::clone(witness);
    let options = move |options: SenderOptions| {
        options
            .request_rows(100)
            .max_in_flight_bytes(1 << 20)
            .connect_timeout(Duration::from_secs(5))
            .ack_timeout(Duration::from_secs(5))
            .slow_down(SlowDown::new().cap(Duration::from_millis(200)))
            .retry(policy)
            .streams(streams)
            .observer(witness)
    };
    let schema = rows::schema();
    let sender = client.sender(&rows::table(), &schema).options(options);
    sender.open().await.unwrap()
}

/// Makes rows at a pace until it is over, and takes down what became of them.
async fn produce(
    sender: &Sender,
    producer: i64,
    rows_per_second: f64,
    belief: &Mutex<Belief>,
    over: &AtomicBool,
) {
    let mut tick = tokio::time::interval(Duration::from_secs_f64(BATCH as f64 / rows_per_second));
    let mut waiting: VecDeque<(i64, Ticket)> = VecDeque::new();
    for number in 0.. {
        if over.load(Ordering::SeqCst) {
            break;
        }
        tick.tick().await;
        let (from, to) = (number * BATCH, (number + 1) * BATCH);
        let batch = rows::batch("soak", producer, from..to, 60, kind);
        match sender.submit(batch).await {
            Ok(ticket) => waiting.push_back((from, ticket)),
            Err(error) => {
                println!("producer {producer}: {error}");
                belief.lock().unwrap().turned_away(producer, from, to);
                break;
            }
        }
        while waiting.len() > OPEN {
            settle_oldest(&mut waiting, producer, belief).await;
        }
    }
    while !waiting.is_empty() {
        settle_oldest(&mut waiting, producer, belief).await;
    }
}

async fn settle_oldest(
    waiting: &mut VecDeque<(i64, Ticket)>,
    producer: i64,
    belief: &Mutex<Belief>,
) {
    if let Some((from, ticket)) = waiting.pop_front() {
        let receipt = ticket.wait().await;
        if let Some(error) = receipt.error() {
            println!("producer {producer}: rows from {from}: {error}");
        }
        belief.lock().unwrap().settled(producer, from, &receipt);
    }
}

/// How often what has happened.
type Counts = BTreeMap<String, u64>;

/// Crashes the server now and then, and rotates its streams, until it is over.
fn misfortune(
    stage: Arc<Stage>,
    seed: u64,
    over: Arc<AtomicBool>,
) -> std::pin::Pin<Box<dyn Future<Output = Counts> + Send>> {
    Box::pin(async move {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut faults = Counts::new();
        while !over.load(Ordering::SeqCst) {
            let pause = Instant::now() + Duration::from_millis(rng.random_range(2_000..12_000));
            while Instant::now() < pause && !over.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let (name, doing): (_, Doing) = if rng.random_bool(0.4) {
                note_faults(&stage, &mut faults).await;
                let stage = Arc::clone(&stage);
                (
                    "server crashed and started again",
                    Box::pin(async move { stage.crash().await }),
                )
            } else {
                let stage = Arc::clone(&stage);
                let rotate = async move {
                    let grace = Duration::from_millis(50);
                    stage
                        .with_server(|server| server.rotate_streams(grace))
                        .await;
                };
                ("all streams rotated", Box::pin(rotate))
            };
            doing.await;
            *faults.entry(name.to_owned()).or_default() += 1;
        }
        faults
    })
}

/// Adds what the server's script has done: a server that is started again counts from nothing.
async fn note_faults(stage: &Stage, faults: &mut Counts) {
    for fault in stage.with_server(zb_core::local::Server::faults).await {
        *faults.entry(fault.name).or_default() += fault.fired;
    }
}

fn report(scratch: &Scratch, belief: &Belief, stage: &Stage, faults: &Counts, took: Duration) {
    let mut belief = belief.clone();
    // A sender that has failed has not come to all of them.
    if belief.not_sent.is_empty() && belief.unknown.is_empty() {
        belief.expected_rejected = Some(bad_rows(&belief.offered));
    }
    let beliefs = scratch.path().join("beliefs");
    fs::create_dir(&beliefs).unwrap();
    belief.write(&beliefs.join("soak.json"));
    let peak = peak_memory();
    let verdict = judge::judge(&beliefs).remove("soak").unwrap();
    let seen = stage.witness.seen();
    let mut recoveries = seen.recoveries;
    recoveries.sort_unstable();
    let at = |share: f64| {
        let last = recoveries.len().saturating_sub(1);
        let found = recoveries.get((last as f64 * share) as usize);
        found.copied().unwrap_or_default()
    };
    println!(
        "\nload held: {:.0} rows/s for {took:.0?}",
        verdict.durable as f64 / took.as_secs_f64()
    );
    println!(
        "rows: {} offered, {} durable, {} rejected, {} not sent, {} unknown",
        verdict.offered, verdict.durable, verdict.rejected, verdict.not_sent, verdict.unknown
    );
    println!(
        "rows lost: {}, unaccounted for: {}",
        verdict.lost, verdict.unaccounted
    );
    println!(
        "duplicates: {} reported as possible, {} real",
        verdict.duplicates_reported, verdict.duplicates_real
    );
    println!("connections: {} attempts", seen.attempts);
    println!(
        "recovered {} times: p50 {:.0?}, p95 {:.0?}, at most {:.0?}",
        recoveries.len(),
        at(0.5),
        at(0.95),
        at(1.0)
    );
    println!(
        "memory: {} MiB at most, sender and server together",
        peak >> 20
    );
    println!("faults survived: {}", faults.values().sum::<u64>());
    for (name, times) in faults {
        println!("{times:>8}  {name}");
    }
    assert!(
        verdict.violations.is_empty(),
        "violations: {:#?}",
        verdict.violations
    );
}

/// The rows that must be rejected, and why.
fn bad_rows(offered: &[Span]) -> Vec<Refusal> {
    let rows = offered
        .iter()
        .flat_map(|(producer, from, to)| (*from..*to).map(|seq| (*producer, seq)));
    let bad = rows.filter_map(|(producer, seq)| {
        let reason = match kind(seq) {
            Kind::Poison => BY_SERVICE,
            Kind::Hollow => "null_in_required",
            _ => return None,
        };
        Some((producer, seq, reason.to_owned()))
    });
    bad.collect()
}
