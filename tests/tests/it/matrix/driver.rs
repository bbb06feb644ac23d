//! Runs a case: a server, a sender, what goes wrong, and what the client believes at the end.

use std::{
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use arrow_array::{RecordBatch, cast::AsArray};
use tokio::{task::JoinSet, time::timeout};
use zb_core::{Client, Closed, Error, Fate, Sender, TableName, Ticket, ingest::Quarantine};

use super::{
    belief::{Belief, Refusal},
    case::{Case, End, Load, Quarantined, RECOVERY},
    disks::SmallDisk,
    host::{Address, Host, Where},
    rows::{self, Kind},
    stage::{Stage, Witness},
};

/// What a busy machine may take for what comes on top of the policy: an attempt that began in time,
/// and the commit after it.
const SLACK: Duration = Duration::from_secs(6);

/// How long a sender is given to close that nobody hurries.
const AT_LEISURE: Duration = Duration::from_secs(30);

/// A case that has run: what the client believes, and the disk that its table is on, if it has one of
/// its own, which must stay until the judge has read it.
pub(super) struct Ran {
    pub(super) belief: Belief,
    pub(super) disk: Option<SmallDisk>,
}

/// Runs a case in a directory of its own. The error is something that the client says and that cannot
/// be.
pub(super) async fn run(case: &Case, directory: &Path) -> Result<Ran, String> {
    let lake = directory.join("lake");
    let disk = case.small_disk.then(|| SmallDisk::at(&lake));
    let host = match case.place {
        Where::Here => Host::here(&lake, &case.faults, case.stamped, None)
            .await
            .unwrap(),
        Where::Untrusted => Host::untrusted(&lake).await,
        Where::Process => Host::process(&lake, &case.faults, None).await,
        Where::Nowhere(endpoint, workspace) => Host::Nowhere(endpoint, workspace),
    };
    let mut address = host.address();
    if let Some(secret) = case.secret {
        address.client_secret = secret.into();
    }
    let stage = Arc::new(Stage {
        lake: lake.clone(),
        script: case.faults.clone(),
        stamped: case.stamped,
        host: tokio::sync::Mutex::new(Some(host)),
        witness: Arc::default(),
    });
    let run = format!("{:08x}", fnv(&case.name));
    let table = zb_tests::table_dir(&lake, rows::table().as_str());
    let mut belief = Belief::new(&case.name, &run, table);
    belief.ordered = case.ordered;
    belief.duplicates = case.duplicates;
    belief.stamped = case.stamped;
    belief.recovery_limit_ms = millis(RECOVERY + SLACK);

    let kept = Arc::new(Kept::new(case.quarantine));
    let opened = open(
        case,
        &address,
        Arc::clone(&stage.witness),
        Arc::clone(&kept),
    )
    .await;
    match (opened, case.end) {
        (Ok(_), End::NotOpened(_)) => return Err("the sender opened".to_owned()),
        (Err(error), End::NotOpened(kind)) if error.kind() != kind => {
            return Err(format!("not opened, and not for {kind:?}: {error:?}"));
        }
        (Err(_), End::NotOpened(_) | End::CutShort) => {
            let Load {
                producers, rows, ..
            } = case.load;
            for producer in 0..producers {
                belief.turned_away(producer, 0, rows);
            }
        }
        (Err(error), _) => return Err(format!("not opened: {error:?}")),
        (Ok(sender), _) => send(case, &stage, sender, &kept, &mut belief).await?,
    }
    let host = stage.host.lock().await.take();
    if let Some(host) = &host
        && case.must_fire
    {
        let idle = host.idle_faults();
        if !idle.is_empty() {
            return Err(format!("never happened: {idle:?}"));
        }
    }
    Ok(Ran { belief, disk })
}

async fn open(
    case: &Case,
    address: &Address,
    witness: Arc<Witness>,
    kept: Arc<Kept>,
) -> Result<Sender, Error> {
    let client = Client::builder()
        .endpoint(&address.endpoint)
        .host(&address.workspace)
        .client_id(&address.client_id)
        .client_secret(address.client_secret.clone())
        .build()?;
    client
        .sender(&rows::table(), &rows::schema())
        .options(|options| case.set_up(options).quarantine(kept))
        .observer(witness)
        .open()
        .await
}

/// A batch that was taken in.
struct Taken {
    producer: i64,
    start: i64,
    ticket: Ticket,
}

/// What a producer has done: its batches, and where it was turned away.
#[derive(Default)]
struct Produced {
    taken: Vec<Taken>,
    turned_away: Option<(i64, i64, i64)>,
}

async fn send(
    case: &Case,
    stage: &Arc<Stage>,
    sender: Sender,
    kept: &Kept,
    belief: &mut Belief,
) -> Result<(), String> {
    let sender = Arc::new(sender);
    let done = Arc::new(AtomicBool::new(case.deed.is_none()));
    let deed = case.deed.clone().map(|deed| {
        let (stage, done) = (Arc::clone(stage), Arc::clone(&done));
        tokio::spawn(async move {
            deed(stage).await;
            done.store(true, Ordering::SeqCst);
        })
    });
    let mut producing = JoinSet::new();
    for producer in 0..case.load.producers {
        let (sender, done) = (Arc::clone(&sender), Arc::clone(&done));
        let until_closed = case.closes_after.is_some();
        let (run, load, kind) = (belief.run.clone(), case.load, Arc::clone(&case.kind));
        producing.spawn(async move {
            produce(&sender, &run, producer, load, &*kind, || {
                done.load(Ordering::SeqCst) && !until_closed
            })
            .await
        });
    }
    if let Some(deed) = deed {
        let outcome = deed.await;
        done.store(true, Ordering::SeqCst);
        outcome.map_err(|error| format!("the deed failed: {error}"))?;
    }
    let began = Instant::now();
    let deadline = case.closes_after.unwrap_or(AT_LEISURE);
    let (mut produced, closed) = if case.dropped {
        let produced = joined(producing).await;
        drop(Arc::into_inner(sender));
        (produced, None)
    } else if case.closes_after.is_some() {
        let closed = sender.close(deadline).await;
        (joined(producing).await, Some(closed))
    } else {
        let produced = joined(producing).await;
        (produced, Some(sender.close(deadline).await))
    };
    let took = began.elapsed();
    if case.closes_after.is_some() && took > deadline + SLACK {
        return Err(format!("closing took {took:?}"));
    }

    let mut failure = None;
    let mut quarantine_errors = 0;
    for produced in &mut produced {
        for Taken {
            producer,
            start,
            ticket,
        } in produced.taken.drain(..)
        {
            let receipt = timeout(SLACK, ticket.wait())
                .await
                .map_err(|_| "a ticket is open although the sender is closed")?;
            belief.settled(producer, start, &receipt);
            failure = failure.or(receipt.error().cloned());
            quarantine_errors += usize::from(receipt.quarantine_error().is_some());
        }
        if let Some((producer, start, end)) = produced.turned_away {
            belief.turned_away(producer, start, end);
        }
    }
    if let Some(closed) = closed
        && case.end != End::KeptBack
    {
        check_handed_back(belief, &closed, &produced)?;
    }
    let recoveries = stage.witness.seen().recoveries;
    belief.recovery_ms = recoveries.into_iter().map(millis).collect();
    match case.quarantine {
        Quarantined::Kept => belief.quarantine = Some(kept.rows()),
        Quarantined::OnFullDisk if quarantine_errors == 0 => {
            return Err("no receipt says that quarantine has failed".to_owned());
        }
        Quarantined::OnFullDisk => {}
    }
    check_end(case, belief, failure.map(Error::from).as_ref())
}

async fn joined(mut producing: JoinSet<Produced>) -> Vec<Produced> {
    let mut all = Vec::new();
    while let Some(produced) = producing.join_next().await {
        all.push(produced.unwrap());
    }
    all
}

/// Sends batch after batch: as many as the load has, and more until the deed is done.
async fn produce(
    sender: &Sender,
    run: &str,
    producer: i64,
    load: Load,
    kind: &(dyn Fn(i64) -> Kind + Send + Sync),
    done: impl Fn() -> bool,
) -> Produced {
    let mut produced = Produced::default();
    let mut number = 0;
    while number < load.batches || !done() {
        let (start, end) = (number * load.rows, (number + 1) * load.rows);
        let batch = rows::batch(run, producer, start..end, load.payload, kind);
        match sender.submit(batch).await {
            Ok(ticket) => produced.taken.push(Taken {
                producer,
                start,
                ticket,
            }),
            Err(_) => {
                produced.turned_away = Some((producer, start, end));
                break;
            }
        }
        number += 1;
    }
    produced
}

/// What closing hands back is what the receipts say was not delivered, as it was handed in.
fn check_handed_back(
    belief: &Belief,
    closed: &Closed,
    produced: &[Produced],
) -> Result<(), String> {
    let mut handed_back = [Vec::new(), Vec::new()];
    for left in &closed.undelivered {
        let of_fate = match left.fate {
            Fate::NotSent => 0,
            _ => 1,
        };
        handed_back[of_fate].extend(rows::ids(&left.batch));
    }
    let expand = |spans: &[(i64, i64, i64)]| -> Vec<(i64, i64)> {
        let ids = spans
            .iter()
            .flat_map(|(producer, from, to)| (*from..*to).map(|seq| (*producer, seq)));
        ids.collect()
    };
    let turned_away: Vec<_> = produced.iter().filter_map(|p| p.turned_away).collect();
    let turned_away = expand(&turned_away);
    let mut told = [expand(&belief.not_sent), expand(&belief.unknown)];
    told[0].retain(|id| !turned_away.contains(id));
    for (handed_back, told) in handed_back.iter_mut().zip(&mut told) {
        handed_back.sort_unstable();
        told.sort_unstable();
        if handed_back != told {
            return Err(format!(
                "closing handed back {} rows, receipts say {}",
                handed_back.len(),
                told.len()
            ));
        }
    }
    Ok(())
}

/// Whether it ended as it must, as far as receipts tell.
fn check_end(case: &Case, belief: &mut Belief, failure: Option<&Error>) -> Result<(), String> {
    let undelivered = belief.not_sent.len() + belief.unknown.len();
    match (case.end, failure) {
        (End::Delivered, None) if undelivered == 0 => {
            let spans = belief.offered.iter();
            let bad = spans.flat_map(|(producer, from, to)| {
                let rows = (*from..*to).filter(|seq| (case.kind)(*seq) != Kind::Good);
                rows.map(|seq| (*producer, seq, case.rejected_as.to_owned()))
            });
            belief.expected_rejected = Some(bad.collect());
            Ok(())
        }
        (End::Failed(kind), Some(error)) if error.kind() == kind && undelivered > 0 => Ok(()),
        (End::CutShort, _) => Ok(()),
        (End::KeptBack, None) if belief.durable.is_empty() => Ok(()),
        (end, failure) => Err(format!(
            "should end as {end:?}, and ended with {failure:?}, {undelivered} spans undelivered"
        )),
    }
}

/// Rejected rows, kept with their reasons, or not.
struct Kept {
    rows: Mutex<Vec<Refusal>>,
    on_full_disk: bool,
}

impl Kept {
    fn new(quarantine: Quarantined) -> Self {
        Self {
            rows: Mutex::default(),
            on_full_disk: quarantine == Quarantined::OnFullDisk,
        }
    }

    fn rows(&self) -> Vec<Refusal> {
        self.rows.lock().unwrap().clone()
    }
}

impl Quarantine for Kept {
    fn put(&self, _: &TableName, rows: &RecordBatch) -> Result<(), Box<dyn std::error::Error>> {
        if self.on_full_disk {
            let mut disk = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
            disk.write_all(&[0; 4096])?;
        }
        let kinds = rows.column_by_name("_zb_error_kind").unwrap();
        let kinds = kinds.as_string::<i32>().iter().flatten();
        let kept = rows::ids(rows).into_iter().zip(kinds);
        let kept = kept.map(|((producer, seq), kind)| (producer, seq, kind.to_owned()));
        self.rows.lock().unwrap().extend(kept);
        Ok(())
    }
}

/// Tells runs apart by the names of their cases.
fn fnv(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
