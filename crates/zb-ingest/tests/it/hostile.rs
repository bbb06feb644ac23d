//! A service that wishes the sender ill: it speaks HTTP/2 and means nothing by it.
//!
//! Whatever it does, the sender comes to an end within its settings, and no row is told durable that
//! nobody acknowledged.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{Response, response},
};
use futures::{Stream, StreamExt as _, stream};
use tokio::{
    net::TcpListener,
    time::{Instant, timeout},
};
use zb_ingest::{Error, ErrorKind, Sender, SenderOptions};

use crate::{
    flights::{flights, schema, table},
    ground::impatient,
    opening::told,
    partition::settled,
    patience::PATIENCE,
    tokens::Any,
};

/// A message of gRPC: not packed, its length, its bytes.
fn message(bytes: &[u8]) -> Bytes {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0], &length[..], bytes].concat().into()
}

/// That the stream is created, under the name `s`.
fn created() -> Bytes {
    message(&[0x0a, 3, 0x0a, 1, b's'])
}

/// That everything up to `offset` is durable.
fn acknowledged(offset: u8) -> Bytes {
    message(&[0x12, 2, 0x08, offset])
}

/// That the stream will be closed in as many seconds as a number can say.
fn closing() -> Bytes {
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    message(&[&[0x1a, 12, 0x0a, 10, 0x08], &most[..]].concat())
}

/// A server that answers every call like this, whatever is sent, and reads what is.
async fn service<S>(head: fn(response::Builder) -> response::Builder, say: fn() -> S) -> String
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    let answer = move |request: Request| async move {
        let mut sent = request.into_body().into_data_stream();
        tokio::spawn(async move { while sent.next().await.is_some() {} });
        let said = say().map(Ok::<_, Infallible>);
        let plain = Response::builder().header("content-type", "application/grpc");
        head(plain).body(Body::from_stream(said)).unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn options(endpoint: String) -> SenderOptions {
    SenderOptions::new(endpoint)
        .retry(impatient())
        .connect_timeout(Duration::from_secs(2))
        .ack_timeout(Duration::from_secs(1))
}

async fn open(endpoint: String) -> Result<Sender, Error> {
    let schema = schema();
    let opening = Sender::open(table(), &schema, Arc::new(Any), options(endpoint));
    timeout(PATIENCE, opening)
        .await
        .expect("opening has an end")
}

/// What a stream that is created says next, again and again.
fn created_and_then(again: fn() -> Bytes) -> impl Stream<Item = Bytes> + Send {
    stream::iter([created()]).chain(stream::repeat_with(again))
}

#[tokio::test]
async fn acknowledgements_without_end_hold_up_nothing() {
    // One row is acknowledged over and over, the others never.
    let endpoint = service(|head| head, || created_and_then(|| acknowledged(0))).await;
    let sender = open(endpoint).await.unwrap();
    let began = Instant::now();
    let tickets = [
        sender.submit(flights(0..1)).await.unwrap(),
        sender.submit(flights(1..2)).await.unwrap(),
    ];
    // The lane opens streams of its own for what is left, to each of which the same is said. So both may
    // be told durable; what is not has an end all the same.
    for ticket in tickets {
        let receipt = settled(ticket).await;
        assert!(receipt.rejected().is_empty(), "{receipt:?}");
    }
    assert!(began.elapsed() < PATIENCE);
    assert!(sender.close(Duration::from_secs(5)).await.undelivered.len() < 2);
}

#[tokio::test]
async fn an_acknowledgement_of_what_was_never_sent_makes_nothing_durable() {
    let endpoint = service(|head| head, || created_and_then(|| acknowledged(100))).await;
    let sender = open(endpoint).await.unwrap();
    // It may be seen before anything is handed over, or after.
    if let Ok(ticket) = sender.submit(flights(0..3)).await {
        let receipt = settled(ticket).await;
        assert!(receipt.durable().is_empty(), "{receipt:?}");
    }
    let closed = sender.close(Duration::from_secs(5)).await;
    assert!(closed.error.is_some(), "{closed:?}");
}

#[tokio::test]
async fn orders_to_close_that_never_end_and_say_the_impossible_end_the_sender() {
    let endpoint = service(|head| head, || created_and_then(closing)).await;
    let sender = open(endpoint).await.unwrap();
    if let Ok(ticket) = sender.submit(flights(0..3)).await {
        let receipt = settled(ticket).await;
        assert!(receipt.durable().is_empty(), "{receipt:?}");
    }
    let _ = sender.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_message_that_says_it_is_huge_is_not_waited_for() {
    fn huge() -> impl Stream<Item = Bytes> + Send {
        let length = Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]);
        stream::iter([length]).chain(stream::repeat_with(|| Bytes::from_static(&[0; 1024])))
    }
    let endpoint = service(|head| head, huge).await;
    let error = open(endpoint).await.unwrap_err();
    assert!(told(&error).contains("too large"), "{}", told(&error));
}

#[tokio::test]
async fn a_peer_that_creates_no_stream_is_given_up() {
    let endpoint = service(|head| head, stream::pending::<Bytes>).await;
    let error = open(endpoint).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_reason_is_told_and_may_not_be_endless() {
    let refused = |text: fn(response::Builder) -> response::Builder| async move {
        let error = open(service(text, stream::empty::<Bytes>).await).await;
        told(&error.unwrap_err())
    };
    let text = refused(|head| {
        let reason = "x".repeat(4_000);
        head.header("grpc-status", "3")
            .header("grpc-message", reason)
    });
    assert!(text.await.contains("xxxx"));
    // More than HTTP/2 takes of headers: no reason, and no waiting either.
    let text = refused(|head| {
        let reason = "x".repeat(60_000);
        head.header("grpc-status", "3")
            .header("grpc-message", reason)
    });
    let text = text.await;
    assert!(text.len() < 2_000, "{} bytes", text.len());
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let flood = |head: response::Builder| {
        let value = "x".repeat(50);
        (0..1_000).fold(head, |head, number| {
            head.header(format!("x-flood-{number}"), &value)
        })
    };
    let endpoint = service(flood, || created_and_then(|| acknowledged(0))).await;
    let error = open(endpoint).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}
