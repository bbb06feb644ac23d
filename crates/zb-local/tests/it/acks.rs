//! Acknowledgements: cumulative, and only for what is in the table.

use std::time::{Duration, Instant};

use tonic::Code;

use crate::{
    client::{Said, Stream, batch, encoder, record, rows},
    lake::{flights, ids, schema, server, table_name, version},
};

/// Longer than any test: nothing is committed because time went by.
const NEVER: Duration = Duration::from_hours(1);

#[tokio::test]
async fn an_acknowledged_row_is_in_the_log() {
    let (server, _dir) = server(|builder| builder.commit_every(Duration::from_millis(20))).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    for offset in 0..10 {
        let row = rows(&encoder, &flights(offset..offset + 1)).remove(0);
        stream.send(record(offset, row)).await;
        stream.acked(offset).await;
        assert_eq!(ids(&server).await, (0..=offset).collect::<Vec<_>>());
    }
    assert_eq!(server.stats().commits, 10);
    assert_eq!(server.stats().rows, 10);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_is_acknowledged_before_its_commit() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER).commit_rows(30)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..10)))).await;
    stream
        .send(batch(1, rows(&encoder, &flights(10..20))))
        .await;
    // The group is complete with the third batch only.
    let early = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(version(&server, &table_name()).await, 0);

    stream
        .send(batch(2, rows(&encoder, &flights(20..30))))
        .await;
    stream.acked(2).await;
    assert_eq!(ids(&server).await, (0..30).collect::<Vec<_>>());
    assert_eq!(server.stats().commits, 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn streams_of_a_table_share_a_commit() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER).commit_rows(4)).await;
    let encoder = encoder(&schema());
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(Stream::open(&server, &table_name(), &encoder).await);
    }
    for (stream, id) in streams.iter().zip(0..) {
        let row = rows(&encoder, &flights(id..id + 1)).remove(0);
        stream.send(record(0, row)).await;
    }
    for stream in &mut streams {
        stream.acked(0).await;
    }
    assert_eq!(server.stats().commits, 1);
    assert_eq!(ids(&server).await, [0, 1, 2, 3]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn bytes_fill_a_group_too() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER).commit_bytes(1)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..2)))).await;
    stream.acked(0).await;
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn half_close_does_not_wait_for_the_group() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.send(batch(1, Vec::new())).await;
    let half_closed = Instant::now();
    stream.half_close();
    assert_eq!(stream.end().await, (Some(1), Said::End));
    // The SDK waits for 500 ms; the machine that runs this may be busy.
    assert!(half_closed.elapsed() < Duration::from_secs(5));
    assert_eq!(ids(&server).await, [0, 1, 2]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn offsets_must_not_skip() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let row = |id| rows(&encoder, &flights(id..id + 1)).remove(0);
    stream.send(record(0, row(0))).await;
    stream.send(record(2, row(2))).await;
    let (acked, end) = stream.end().await;
    let text = "Non-incremental offset: expected 1, actual 2".to_owned();
    assert_eq!(end, Said::Failed(Code::InvalidArgument, text));
    assert_eq!(acked, Some(0));
    assert_eq!(ids(&server).await, [0]);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_bad_row_ends_the_stream_and_takes_only_its_request_with_it() {
    let (server, _dir) = server(|builder| builder.commit_every(NEVER)).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    let good = |ids| rows(&encoder, &flights(ids));
    let mut poisoned = good(10..13);
    // Field 1 promises a number and the message ends.
    poisoned.insert(2, vec![0x08]);
    stream.send(batch(0, good(0..5))).await;
    stream.send(batch(1, good(5..10))).await;
    stream.send(batch(2, poisoned)).await;
    stream.send(batch(3, good(20..25))).await;

    let (acked, end) = stream.end().await;
    assert_eq!(acked, Some(1));
    let Said::Failed(Code::InvalidArgument, message) = end else {
        panic!("{end:?}");
    };
    let place = "Record 2 of offset 2 cannot be ingested: ";
    assert!(message.starts_with(place), "{message}");
    assert_eq!(ids(&server).await, (0..10).collect::<Vec<_>>());
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_missing_required_field_is_a_bad_row() {
    let (server, _dir) = server(|builder| builder).await;
    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table_name(), &encoder).await;
    stream.send(record(0, Vec::new())).await;
    let (acked, end) = stream.end().await;
    assert_eq!(acked, None);
    let Said::Failed(Code::InvalidArgument, message) = end else {
        panic!("{end:?}");
    };
    assert!(message.contains("id"), "{message}");
    assert_eq!(version(&server, &table_name()).await, 0);
    server.shutdown().await.unwrap();
}
