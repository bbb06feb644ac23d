//! How streams end when the server wants them to.

use std::time::Duration;

use tonic::Code;

use crate::{
    client::{Said, Stream, encoder, record, rows},
    lake::{flights, ids, schema, server, table_name},
};

const NEVER: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_rotated_stream_is_served_until_its_grace_is_over() {
    let (server, _dir) = server(|builder| builder).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let grace = Duration::from_secs(2);
    server.rotate_streams(grace);
    assert_eq!(stream.next().await, Said::Close(grace));

    let row = rows(&encoder, &flights(0..1)).remove(0);
    stream.send(record(0, row)).await;
    stream.acked(0).await;
    let Said::Failed(Code::Unavailable, message) = stream.next().await else {
        panic!("the stream must end with UNAVAILABLE")
    };
    assert!(message.starts_with("Stream timeout reached."), "{message}");
    assert!(message.contains("Error Code: 6002"), "{message}");
    assert_eq!(ids(&server).await, [0]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_opened_later_is_not_rotated() {
    let (server, _dir) = server(|builder| builder).await;
    let encoder = encoder(&schema());
    server.rotate_streams(Duration::ZERO);
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.half_close();
    assert_eq!(stream.next().await, Said::End);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_that_heeds_the_signal_ends_in_peace() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let row = rows(&encoder, &flights(0..1)).remove(0);
    stream.send(record(0, row)).await;
    server.rotate_streams(NEVER);
    assert_eq!(stream.next().await, Said::Close(NEVER));
    stream.half_close();
    assert_eq!(stream.end().await, (Some(0), Said::End));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn streams_grow_old() {
    let age = Duration::from_millis(50);
    let (server, _dir) = server(|builder| builder.stream_lifetime(age, age)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    assert_eq!(stream.next().await, Said::Close(age));
    let said = stream.next().await;
    assert!(
        matches!(said, Said::Failed(Code::Unavailable, _)),
        "{said:?}"
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn shutdown_commits_and_acknowledges_what_was_received() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER)).await;
    let path = server.table_path(&table_name());
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let idle = Stream::open(&server, &table_name(), &encoder).await;
    let row = rows(&encoder, &flights(0..1)).remove(0);
    stream.send(record(0, row)).await;
    while server.stats().requests == 0 {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::spawn(server.shutdown());
    let (acked, end) = stream.end().await;
    assert!(matches!(end, Said::Failed(Code::Unavailable, _)), "{end:?}");
    drop((stream, idle));
    stopped.await.unwrap().unwrap();
    // A request that was still being decoded is neither committed nor acknowledged.
    let expected: Vec<i64> = (0..=acked.unwrap_or(-1)).collect();
    assert_eq!(crate::lake::ids_in(&path).await, expected);
}
