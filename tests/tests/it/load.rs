//! Many streams at the same time.

use std::{fs, sync::Arc};

use tokio::sync::Barrier;
use zb_core::TableName;
use zb_tests::{Serve, table_dir};

use crate::{
    Scratch,
    survivors::{Belief, COLUMNS, assert_all_survived, rows, sender},
};

const TABLES: usize = 20;

/// To each table.
const STREAMS: usize = 10;

/// Of each stream.
const BATCHES: i64 = 8;

const ROWS: i64 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_to_twenty_tables_land_every_row_once() {
    let scratch = Scratch::new();
    let tables: Vec<TableName> = (0..TABLES)
        .map(|number| format!("main.load.t{number:02}").parse().unwrap())
        .collect();
    let sql = scratch.path().join("table.sql");
    fs::write(&sql, format!("CREATE TABLE {} ({COLUMNS})", tables[0])).unwrap();
    let create = tables
        .iter()
        .flat_map(|table| ["--create".to_owned(), format!("{table}={}", sql.display())]);
    let arguments: Vec<_> = create
        .chain(["--compact".to_owned(), "4".to_owned()])
        .collect();
    let lake = scratch.lake();
    let starting = tokio::task::spawn_blocking(move || Serve::start(&lake, arguments));
    let server = starting.await.unwrap();

    // All are open before the first of them sends.
    let open = Arc::new(Barrier::new(TABLES * STREAMS));
    let sending: Vec<_> = (0..TABLES * STREAMS)
        .map(|producer| {
            let (address, open) = (server.address.clone(), open.clone());
            let table = tables[producer % TABLES].clone();
            tokio::spawn(async move {
                let sender = sender(&address, &table).await.unwrap();
                open.wait().await;
                let mut tickets = Vec::new();
                for batch in 0..BATCHES {
                    let seqs = batch * ROWS..(batch + 1) * ROWS;
                    let rows = rows(producer as i64, seqs);
                    tickets.push(sender.submit(rows).await.unwrap());
                }
                for ticket in tickets {
                    assert!(ticket.wait().await.is_all_durable());
                }
            })
        })
        .collect();
    for sending in sending {
        sending.await.unwrap();
    }
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    stopped.await.unwrap().exits(0);

    let beliefs: Vec<_> = tables
        .iter()
        .enumerate()
        .map(|(number, table)| {
            let mut belief = Belief::of(table_dir(&scratch.lake(), table.as_str()));
            let producers = (number..TABLES * STREAMS).step_by(TABLES);
            belief.sent = producers.map(|p| (p as i64, 0, BATCHES * ROWS)).collect();
            belief.acked.clone_from(&belief.sent);
            belief
        })
        .collect();
    for found in assert_all_survived(&beliefs, scratch.path()) {
        assert_eq!(found.rows, STREAMS as u64 * (BATCHES * ROWS) as u64);
    }
}
