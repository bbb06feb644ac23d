//! Sizes.

use tonic::Code;

use crate::{
    client::{Said, Stream, batch, encoder, record},
    lake::{schema, server, table_name},
};

const TEN_MIB: usize = 10 * 1024 * 1024;

/// A row of `id` and a `name`, this many bytes long in all.
fn row_of(bytes: usize) -> Vec<u8> {
    let mut row = vec![0x08, 0x01, 0x12];
    // Four bytes of length, for any text from 2 MiB to 256 MiB.
    let text = bytes - row.len() - 4;
    for shift in [0, 7, 14, 21] {
        let more = if shift == 21 { 0 } else { 0x80 };
        row.push((text >> shift) as u8 & 0x7f | more);
    }
    row.resize(bytes, b'x');
    row
}

#[tokio::test]
async fn ten_mebibytes_of_records_are_accepted() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&schema())).await;
    stream.send(record(0, row_of(TEN_MIB))).await;
    stream.acked(0).await;

    stream.send(record(1, row_of(TEN_MIB + 1))).await;
    let text = "The records of offset 1 have 10485761 bytes, over the limit of 10485760.";
    let end = Said::Failed(Code::InvalidArgument, text.to_owned());
    assert_eq!(stream.end().await, (None, end));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn framing_does_not_count() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&schema())).await;
    // 6 MB of records, 12 MB with their framing.
    let rows = vec![vec![0x08, 0x01]; 3_000_000];
    stream.send(batch(0, rows)).await;
    stream.acked(0).await;
    assert_eq!(server.stats().rows, 3_000_000);
    server.shutdown().await.unwrap();
}

/// The rows are more than is decoded at a time.
#[tokio::test]
async fn a_bad_record_behind_millions_of_good_ones_takes_them_along() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&schema())).await;
    stream.send(record(0, vec![0x08, 0x01])).await;
    stream.acked(0).await;
    let mut rows = vec![vec![0x08, 0x01]; 2_500_000];
    rows.push(vec![0x08]);
    stream.send(batch(1, rows)).await;
    let (_, end) = stream.end().await;
    let text = "Record 2500000 of offset 1 cannot be ingested: row 2500000: the record ends in \
                the middle of a field";
    assert_eq!(end, Said::Failed(Code::InvalidArgument, text.to_owned()));
    assert_eq!(server.stats().rows, 1);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_message_over_16_mebibytes_is_out_of_range() {
    let (server, _dir) = server(|builder| builder).await;
    let mut stream = Stream::open(&server, &table_name(), &encoder(&schema())).await;
    stream.send(record(0, row_of(17 * 1024 * 1024))).await;
    let (_, end) = stream.end().await;
    assert!(matches!(end, Said::Failed(Code::OutOfRange, _)), "{end:?}");
    server.shutdown().await.unwrap();
}
