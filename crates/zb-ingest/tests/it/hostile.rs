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
use tokio::{net::TcpListener, sync::watch, time::timeout};
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

/// How many pieces of a call have come in: its order to create a stream is one.
type Heard = watch::Receiver<usize>;

/// A server that answers every call like this, whatever is sent, and reads what is.
async fn service<S>(head: fn(response::Builder) -> response::Builder, say: fn(Heard) -> S) -> String
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    let answer = move |request: Request| async move {
        let (count, heard) = watch::channel(0);
        let mut sent = request.into_body().into_data_stream();
        tokio::spawn(async move {
            while let Some(Ok(_)) = sent.next().await {
                count.send_modify(|count| *count += 1);
            }
        });
        let said = say(heard).then(|said| async {
            // Others are to be served as well.
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(said)
        });
        let plain = Response::builder().header("content-type", "application/grpc");
        head(plain).body(Body::from_stream(said)).unwrap()
    };
    let app = Router::new().fallback(answer);
    let (tell, told) = tokio::sync::oneshot::channel();
    // What has always more to say leaves a thread no time for others.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    format!("http://{}", told.await.unwrap())
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
    /// From the first request on, that it is durable, over and over.
    fn again(mut heard: Heard) -> impl Stream<Item = Bytes> + Send {
        let first = async move {
            let _ = heard.wait_for(|count| *count > 1).await;
            acknowledged(0)
        };
        let said = stream::iter([created()]).chain(stream::once(first));
        said.chain(stream::repeat_with(|| acknowledged(0)))
    }
    let sender = open(service(|head| head, again).await).await.unwrap();
    let tickets = [
        sender.submit(flights(0..1)).await.unwrap(),
        sender.submit(flights(1..2)).await.unwrap(),
    ];
    // The second one is not what was acknowledged. It is sent again on a stream of its own, where it is
    // the first.
    let mut attempts = Vec::new();
    for ticket in tickets {
        let receipt = settled(ticket).await;
        assert!(receipt.is_all_durable(), "{receipt:?}");
        attempts.push(receipt.attempts());
    }
    assert!(attempts[1] > 1, "{attempts:?}");
    let _ = sender.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_acknowledgement_of_what_was_never_sent_makes_nothing_durable() {
    let endpoint = service(|head| head, |_| created_and_then(|| acknowledged(100))).await;
    let sender = open(endpoint).await.unwrap();
    // It may be seen before anything is handed over, or after; and a service that answers every stream with
    // it refuses the rows.
    if let Ok(ticket) = sender.submit(flights(0..3)).await {
        let receipt = settled(ticket).await;
        assert!(receipt.durable().is_empty(), "{receipt:?}");
    }
    let _ = sender.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn orders_to_close_that_never_end_and_say_the_impossible_end_the_sender() {
    let endpoint = service(|head| head, |_| created_and_then(closing)).await;
    let sender = open(endpoint).await.unwrap();
    if let Ok(ticket) = sender.submit(flights(0..3)).await {
        let receipt = settled(ticket).await;
        assert!(receipt.durable().is_empty(), "{receipt:?}");
    }
    let _ = sender.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_message_that_never_ends_is_given_up() {
    /// Its length is four gigabytes, and a little of it comes.
    fn huge(_: Heard) -> impl Stream<Item = Bytes> + Send {
        let length = Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff]);
        let said = stream::iter([length, Bytes::from_static(&[0; 1024])]);
        said.chain(stream::pending())
    }
    let error = open(service(|head| head, huge).await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_peer_that_creates_no_stream_is_given_up() {
    let endpoint = service(|head| head, |_| stream::pending::<Bytes>()).await;
    let error = open(endpoint).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_reason_is_told_and_may_not_be_endless() {
    let refused = |text: fn(response::Builder) -> response::Builder| async move {
        let error = open(service(text, |_| stream::empty::<Bytes>()).await).await;
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
    let endpoint = service(flood, |_| created_and_then(|| acknowledged(0))).await;
    let error = open(endpoint).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}
