//! Small files are put together: by whom it is seen, and who may come in between.

use std::{num::NonZeroUsize, path::Path, time::Duration};

use serde_json::Value;
use zb_local::{Server, ServerBuilder};

use crate::{
    client::{Stream, batch, encoder, rows},
    lake::{self, flights, ids, open, schema, server, table_name},
};

const MOST: usize = 3;

fn compacting(builder: ServerBuilder) -> ServerBuilder {
    builder.compact_over(NonZeroUsize::new(MOST).unwrap())
}

/// Lands so many files of two rows each, from this id on.
async fn land(server: &Server, from: i64, files: i64) {
    let encoder = encoder(&schema());
    let mut stream = Stream::open(server, &table_name(), &encoder).await;
    for file in 0..files {
        let first = from + 2 * file;
        let rows = rows(&encoder, &flights(first..first + 2));
        stream.send(batch(file, rows)).await;
        stream.acked(file).await;
    }
}

async fn compacted(server: &Server, times: u64) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while server.stats().compactions < times {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{:?}",
            server.stats()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn files(path: &Path) -> usize {
    open(path).await.get_file_uris().unwrap().count()
}

/// The actions of a version of the table.
fn actions(path: &Path, version: u64) -> Vec<Value> {
    let log = path.join(format!("_delta_log/{version:020}.json"));
    let text = std::fs::read_to_string(log).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn small_files_become_one_and_rows_stay_what_they_were() {
    let (server, _dir) = server(compacting).await;
    let path = server.table_path(&table_name());
    land(&server, 0, 4).await;
    compacted(&server, 1).await;
    assert_eq!(files(&path).await, 1);
    assert_eq!(ids(&server).await, (0..8).collect::<Vec<_>>());

    let version = lake::version(&server, &table_name()).await;
    let actions = actions(&path, version);
    let all = |kind: &str| -> Vec<&Value> {
        actions
            .iter()
            .filter_map(|action| action.get(kind))
            .collect()
    };
    assert_eq!(all("commitInfo")[0]["operation"], "OPTIMIZE");
    assert_eq!((all("add").len(), all("remove").len()), (1, 4));
    let changes = [all("add"), all("remove")].concat();
    assert!(changes.iter().all(|action| action["dataChange"] == false));
    let stats: Value = serde_json::from_str(all("add")[0]["stats"].as_str().unwrap()).unwrap();
    assert_eq!(stats["numRecords"], 8);

    // It goes on, with the file that came of it.
    land(&server, 8, 4).await;
    compacted(&server, 2).await;
    assert_eq!(ids(&server).await, (0..16).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
    assert!(files(&path).await <= MOST);
}

#[tokio::test]
async fn nothing_is_put_together_that_nobody_asked_for() {
    let (server, _dir) = server(|builder| builder).await;
    land(&server, 0, 6).await;
    assert_eq!(server.stats().compactions, 0);
    assert_eq!(files(&server.table_path(&table_name())).await, 6);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn files_of_an_earlier_server_are_put_together_too() {
    let (first, dir) = server(|builder| builder).await;
    land(&first, 0, 6).await;
    first.shutdown().await.unwrap();
    let again = compacting(Server::builder(dir.path()))
        .start()
        .await
        .unwrap();
    again.create_table(&table_name(), &schema()).await.unwrap();
    compacted(&again, 1).await;
    assert_eq!(files(&again.table_path(&table_name())).await, 1);
    assert_eq!(ids(&again).await, (0..12).collect::<Vec<_>>());
    again.shutdown().await.unwrap();
}
