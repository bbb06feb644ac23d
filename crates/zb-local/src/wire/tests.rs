//! The wire over a pipe in memory and a clock that is paused.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::timeout,
};

use super::*;

impl Reset for DuplexStream {
    fn reset(&self) {}
}

fn wire() -> (Wire<DuplexStream>, Connection, Arc<Brake>, DuplexStream) {
    let (ours, theirs) = duplex(1 << 20);
    let brake = Arc::new(Brake::default());
    let (wire, connection) = Wire::controlled(ours, brake.clone());
    (wire, connection, brake, theirs)
}

fn seconds(begun: Instant) -> u64 {
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn bytes_pass_until_there_is_an_order() {
    let (mut wire, connection, _brake, mut theirs) = wire();
    theirs.write_all(b"hello").await.unwrap();
    let mut read = [0; 5];
    wire.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"hello");
    wire.write_all(b"world").await.unwrap();
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"world");

    connection.cut();
    let error = wire.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    let error = wire.write_u8(1).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test(start_paused = true)]
async fn a_cut_wakes_up_who_reads() {
    let (mut wire, connection, _brake, _theirs) = wire();
    let reading = tokio::spawn(async move { wire.read_u8().await.unwrap_err().kind() });
    tokio::task::yield_now().await;
    connection.cut();
    assert_eq!(reading.await.unwrap(), io::ErrorKind::ConnectionAborted);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_cut_before_its_last_byte() {
    let (mut wire, connection, _brake, mut theirs) = wire();
    connection.cut_mid_message();
    let error = wire.write_all(b"message").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    drop(wire);
    let mut arrived = Vec::new();
    theirs.read_to_end(&mut arrived).await.unwrap();
    assert_eq!(arrived, b"messag");
}

#[tokio::test(start_paused = true)]
async fn so_many_bytes_come_in_and_no_more() {
    let (mut wire, connection, _brake, mut theirs) = wire();
    theirs.write_all(&[7; 100]).await.unwrap();
    connection.cut_after(30);
    let mut arrived = Vec::new();
    let error = wire.read_to_end(&mut arrived).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    assert_eq!(arrived, [7; 30]);
}

#[tokio::test(start_paused = true)]
async fn bytes_come_in_at_the_rate() {
    let (mut wire, connection, _brake, mut theirs) = wire();
    theirs.write_all(&[7; 1000]).await.unwrap();
    connection.read_slowly(Rate {
        bytes_per_second: 100,
        lasting: Some(Duration::from_secs(5)),
    });
    let begun = Instant::now();
    wire.read_exact(&mut [0; 401]).await.unwrap();
    assert_eq!(seconds(begun), 4);
    // What is left of the five seconds, and then as fast as it goes.
    wire.read_exact(&mut [0; 599]).await.unwrap();
    assert_eq!(seconds(begun), 5);
}

#[tokio::test(start_paused = true)]
async fn nothing_moves_while_the_server_is_frozen() {
    let (mut wire, _connection, brake, mut theirs) = wire();
    theirs.write_all(b"x").await.unwrap();
    brake.hold(Duration::from_secs(3));
    let begun = Instant::now();
    assert_eq!(wire.read_u8().await.unwrap(), b'x');
    assert_eq!(seconds(begun), 3);

    brake.hold(Duration::from_secs(3));
    let writing = timeout(Duration::from_secs(2), wire.write_u8(b'y')).await;
    assert!(writing.is_err());
    wire.write_u8(b'z').await.unwrap();
    assert_eq!(seconds(begun), 6);
    assert_eq!(theirs.read_u8().await.unwrap(), b'z');
}
