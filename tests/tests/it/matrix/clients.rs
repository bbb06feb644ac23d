//! Clients in processes of their own: one is killed, and what it was told is durable must be there; one
//! is fast where the server is slow, and must stay small.
//!
//! The client is this test program, asked for one test that is otherwise ignored. It reports on its
//! standard error, which nothing else writes to.

use std::{
    collections::VecDeque,
    env, fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use zb_core::{Client, Sender, Ticket};

use super::{
    belief::{Belief, Duplicates, Span},
    case::patient,
    host::{Address, Host},
    judge, rows,
};
use crate::Scratch;

/// How the client is told what to do.
const VARIABLE: &str = "ZB_TEST_CLIENT";

/// The name of the test that is the client.
const CLIENT: &str = "matrix::clients::the_client_of_another_test";

/// The run that the rows of these clients belong to.
const RUN: &str = "client";

/// What is let fly without an acknowledgement.
const BUDGET: usize = 2 << 20;

/// By how much the memory of a client may grow: the batches and two copies of their records in
/// flight, what is encoded next, and what the allocator keeps.
const GROWTH: u64 = 32 << 20;

/// How many bytes of text the fast client sends: far more than it may grow by.
const FAST_BYTES: i64 = 96 << 20;

/// What a client has reported.
#[derive(Debug, PartialEq, Eq)]
enum Report {
    Offered(Span),
    Durable(Span),
    Grown(u64),
}

impl Report {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let numbers: Vec<i64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        match (word, &numbers[..]) {
            ("offered", [producer, from, to]) => Some(Self::Offered((*producer, *from, *to))),
            ("durable", [producer, from, to]) => Some(Self::Durable((*producer, *from, *to))),
            ("grown", [bytes]) => Some(Self::Grown(u64::try_from(*bytes).ok()?)),
            _ => None,
        }
    }
}

/// Starts this program as a client; its reports come in line by line, until it ends.
fn start(address: &Address, task: &str) -> (Child, mpsc::Receiver<Report>) {
    use zb_core::ExposeSecret as _;
    let settings = [
        address.endpoint.as_str(),
        &address.workspace,
        &address.client_id,
        address.client_secret.expose_secret(),
        task,
    ];
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            CLIENT,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(VARIABLE, settings.join(" "))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (reports, received) = mpsc::channel();
    thread::spawn(move || {
        // A line that is cut off by the end of the client is none.
        for line in lines.map_while(Result::ok) {
            match Report::parse(&line) {
                Some(report) => reports.send(report).unwrap_or_default(),
                None => println!("a client says: {line}"),
            }
        }
    });
    (child, received)
}

#[test]
#[ignore = "the client that other tests start"]
fn the_client_of_another_test() {
    let settings = env::var(VARIABLE).expect("it is not run by hand");
    let settings: Vec<_> = settings.split(' ').collect();
    let [endpoint, workspace, id, secret, task] = settings[..] else {
        panic!("{settings:?}");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::builder()
            .endpoint(endpoint)
            .host(workspace)
            .client_id(id)
            .client_secret((*secret).into());
        let client = client.build().unwrap();
        let schema = rows::schema();
        let sender = client.sender(&rows::table(), &schema).options(|options| {
            let small = options.request_bytes(256 << 10).retry(patient());
            small.max_in_flight_bytes(BUDGET)
        });
        let sender = sender.open().await.unwrap();
        match task.parse() {
            Ok(producer) => send_for_ever(&sender, producer).await,
            Err(_) => send_fast(&sender).await,
        }
    });
}

/// Sends until it is killed.
async fn send_for_ever(sender: &Sender, producer: i64) {
    let mut waiting: VecDeque<(Span, Ticket)> = VecDeque::new();
    for number in 0.. {
        let span = (producer, number * 100, (number + 1) * 100);
        say(&format!("offered {producer} {} {}", span.1, span.2));
        let batch = rows::batch(RUN, producer, span.1..span.2, 40, |_| rows::Kind::Good);
        waiting.push_back((span, sender.submit(batch).await.unwrap()));
        if waiting.len() > 8
            && let Some(((producer, from, to), ticket)) = waiting.pop_front()
        {
            let receipt = ticket.wait().await;
            assert!(receipt.is_all_durable(), "{receipt:?}");
            say(&format!("durable {producer} {from} {to}"));
        }
    }
}

/// Hands in as fast as there is room, and says by how much it grew.
async fn send_fast(sender: &Sender) {
    let (rows_each, payload) = (100, 2_000);
    let mut tickets = Vec::new();
    let mut before = 0;
    for number in 0..FAST_BYTES / (rows_each * payload as i64) {
        let (from, to) = (number * rows_each, (number + 1) * rows_each);
        say(&format!("offered 0 {from} {to}"));
        let batch = rows::batch(RUN, 0, from..to, payload, |_| rows::Kind::Good);
        tickets.push((from, to, sender.submit(batch).await.unwrap()));
        if number == 0 {
            before = peak_memory();
        }
        // Tickets keep their batches until they are asked: that memory is the caller's.
        let mut open = Vec::new();
        for (from, to, ticket) in tickets {
            match ticket.try_receipt() {
                Ok(receipt) if receipt.is_all_durable() => say(&format!("durable 0 {from} {to}")),
                Ok(receipt) => panic!("{receipt:?}"),
                Err(ticket) => open.push((from, to, ticket)),
            }
        }
        tickets = open;
    }
    for (from, to, ticket) in tickets {
        assert!(ticket.wait().await.is_all_durable());
        say(&format!("durable 0 {from} {to}"));
    }
    say(&format!("grown {}", peak_memory() - before));
}

#[expect(clippy::print_stderr, reason = "the parent reads it")]
fn say(line: &str) {
    eprintln!("{line}");
}

/// The most memory that this process ever had, as the kernel counts it.
pub(super) fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// A server in this process whose table these clients write.
async fn ground(scratch: &Scratch, faults: &str) -> (Host, Belief) {
    let lake = scratch.lake();
    let script = format!("fault = [{faults}]");
    let host = Host::here(&lake, &script, false, None).await.unwrap();
    let table = zb_tests::table_dir(&lake, rows::table().as_str());
    (host, Belief::new("a client of its own", RUN, table))
}

/// What was offered and not reported as durable may or may not be there.
fn judged(scratch: &Scratch, mut belief: Belief, reports: Vec<Report>) -> judge::Verdict {
    for report in reports {
        match report {
            Report::Offered(span) => belief.offered.push(span),
            Report::Durable(span) => belief.durable.push(span),
            Report::Grown(bytes) => belief.peak_memory = Some(bytes),
        }
    }
    let unknown = belief
        .offered
        .iter()
        .filter(|span| !belief.durable.contains(span));
    belief.unknown = unknown.copied().collect();
    let beliefs = scratch.path().join("beliefs");
    fs::create_dir(&beliefs).unwrap();
    belief.write(&beliefs.join("client.json"));
    let mut verdicts = judge::judge(&beliefs);
    let verdict = verdicts.remove(&belief.name).unwrap();
    assert!(verdict.violations.is_empty(), "{:#?}", verdict.violations);
    verdict
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_was_told_is_durable_is_there_when_it_is_killed() {
    let scratch = Scratch::new();
    // Lost acknowledgements, so that there is something between sent and durable.
    let lost = r#"{ on = "ack", every = 4, times = 10, delay = "30ms" }"#;
    let (host, mut belief) = ground(&scratch, lost).await;
    let mut all = Vec::new();
    for producer in 0..3 {
        let address = host.address();
        let (mut child, reports) = start(&address, &producer.to_string());
        let mut durable = 0;
        while durable < 10 {
            let report = reports.recv_timeout(Duration::from_mins(1)).unwrap();
            durable += usize::from(matches!(report, Report::Durable(_)));
            all.push(report);
        }
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        // What it had said before it was killed counts, too.
        all.extend(reports.iter());
    }
    let Host::Here(server) = host else {
        unreachable!()
    };
    server.shutdown().await.unwrap();
    belief.ordered = true;
    belief.duplicates = Duplicates::None;
    let verdict = judged(&scratch, belief, all);
    assert!(
        verdict.durable >= 3_000 && verdict.unknown > 0,
        "{verdict:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fast_producer_before_a_slow_server_stays_within_its_memory() {
    let scratch = Scratch::alone();
    let (host, mut belief) = ground(&scratch, r#"{ on = "commit", delay = "50ms" }"#).await;
    let address = host.address();
    let (mut child, reports) = start(&address, "fast");
    let all: Vec<_> = reports.iter().collect();
    assert!(child.wait().unwrap().success());
    assert!(all.iter().any(|report| matches!(report, Report::Grown(_))));
    belief.ordered = true;
    belief.duplicates = Duplicates::None;
    belief.memory_limit = GROWTH;
    println!("grown by {:?} of at most {GROWTH} bytes", all.last());
    let verdict = judged(&scratch, belief, all);
    assert_eq!(verdict.unknown, 0);
}
