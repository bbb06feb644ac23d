//! A server that is killed at any moment under load, again and again: no row that it acknowledged is
//! lost, and the table can be read.
//!
//! `ZB_KILLS` says how often it is killed (`cargo xtask kills` has it killed a thousand times), and
//! `ZB_KILLS_SEED` has it done at the same moments again.

use std::{
    env, fs,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::{sync::Barrier, task::spawn_blocking, time::sleep};
use zb_core::TableName;
use zb_tests::{Address, Serve, table_dir};

use crate::{
    Scratch,
    survivors::{Belief, COLUMNS, assert_all_survived, rows, sender},
};

/// How often a server is killed where nobody says it: half a minute on two busy cores.
const KILLS: u64 = 100;

/// Streams at a time.
const STREAMS: i64 = 3;

/// Rows of a batch.
const BATCH: i64 = 40;

/// Batches that one stream has on their way.
const OPEN: usize = 8;

/// How many small files there may be, where they are put together: few, so that it goes on always.
const SMALL_FILES: &str = "2";

fn setting(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_lost_nothing_that_it_acknowledged() {
    let kills = setting("ZB_KILLS", KILLS);
    let seed = setting("ZB_KILLS_SEED", rand::random_range(0..1 << 30));
    println!("killed {kills} times, seed {seed}");
    let scratch = Scratch::new();
    // Building is not what is timed.
    spawn_blocking(zb_tests::program::path).await.unwrap();
    let began = Instant::now();
    let mut dice = StdRng::seed_from_u64(seed);
    // With compaction, and without.
    let tables = ["main.kills.compacted", "main.kills.plain"];
    let tables = tables.map(|name| name.parse::<TableName>().unwrap());
    let mut beliefs = tables
        .clone()
        .map(|table| Belief::of(table_dir(&scratch.lake(), table.as_str())));
    for kill in 0..kills {
        let which = usize::from(kill % 2 == 1);
        let after = Duration::from_millis(dice.random_range(1..500));
        let server = serve(&scratch, &tables[which], which == 0).await;
        let first = i64::try_from(kill).unwrap() * STREAMS;
        load_and_kill(server, &tables[which], first, after, &mut beliefs[which]).await;
    }
    println!("{kills} kills took {:?}", began.elapsed());
    // One more, that ends in order: a table that was left in the middle of anything goes on.
    let server = serve(&scratch, &tables[0], true).await;
    spawn_blocking(move || server.stop().exits(0))
        .await
        .unwrap();

    let found = assert_all_survived(&beliefs, scratch.path());
    println!("{found:?}");
    for found in &found {
        // Else nothing was tested.
        assert!(found.acked > kills * 10, "seed {seed}: {found:?}");
        assert!(found.rows >= found.acked && found.versions > 0, "{found:?}");
    }
    assert!(found[0].optimized > 0, "seed {seed}: {:?}", found[0]);
    assert_eq!(found[1].optimized, 0);
    assert!(found[0].files < found[1].files, "seed {seed}: {found:?}");
}

async fn serve(scratch: &Scratch, table: &TableName, compact: bool) -> Serve {
    let sql = scratch.path().join(format!("{}.sql", table.table()));
    fs::write(&sql, format!("CREATE TABLE {table} ({COLUMNS})")).unwrap();
    let mut arguments = vec!["--create".to_owned(), format!("{table}={}", sql.display())];
    if compact {
        arguments.extend(["--compact".to_owned(), SMALL_FILES.to_owned()]);
    }
    let lake = scratch.lake();
    let starting = spawn_blocking(move || Serve::start(&lake, arguments));
    starting.await.unwrap()
}

/// Sends on some streams, and kills the server so long after all of them are open.
async fn load_and_kill(
    server: Serve,
    table: &TableName,
    first: i64,
    after: Duration,
    belief: &mut Belief,
) {
    let open = Arc::new(Barrier::new(STREAMS as usize + 1));
    let sending: Vec<_> = (first..first + STREAMS)
        .map(|producer| {
            let (address, table) = (server.address.clone(), table.clone());
            let open = open.clone();
            tokio::spawn(async move { produce(&address, &table, producer, &open).await })
        })
        .collect();
    open.wait().await;
    sleep(after).await;
    spawn_blocking(move || server.kill()).await.unwrap();
    for sent in sending {
        let (acked, sent) = sent.await.unwrap();
        belief.acked.extend(acked);
        belief.sent.push(sent);
    }
}

/// Sends until nothing can be sent any more. Gives what was acknowledged, and all that was sent.
async fn produce(
    address: &Address,
    table: &TableName,
    producer: i64,
    open: &Barrier,
) -> (Vec<(i64, i64, i64)>, (i64, i64, i64)) {
    let sender = sender(address, table).await.unwrap();
    open.wait().await;
    let (mut acked, mut next) = (Vec::new(), 0);
    let mut tickets = std::collections::VecDeque::new();
    loop {
        let ticket = sender.submit(rows(producer, next..next + BATCH)).await;
        let gone = ticket.is_err();
        if let Ok(ticket) = ticket {
            tickets.push_back((next, ticket));
            next += BATCH;
        }
        while tickets.len() > if gone { 0 } else { OPEN } {
            let (from, ticket) = tickets.pop_front().unwrap();
            let receipt = ticket.wait().await;
            for range in receipt.durable().as_slice() {
                let (start, end) = (range.start as i64, range.end as i64);
                acked.push((producer, from + start, from + end));
            }
        }
        if gone {
            return (acked, (producer, 0, next));
        }
    }
}
