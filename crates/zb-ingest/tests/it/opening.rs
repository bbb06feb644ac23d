//! Senders that cannot be opened, and what they say.

use std::{error::Error as _, sync::Arc, time::Duration};

use arrow_schema::{DataType, Field, Schema};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    time::{Instant, timeout},
};
use zb_ingest::{Error, ErrorKind, Sender, SenderOptions};
use zb_types::Secret;

use crate::{
    flights::{schema, table},
    ground::{Ground, impatient, patient},
    patience::PATIENCE,
    tokens::{Any, Tokens},
};

/// The error and its causes, as a program would print them.
pub(crate) fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// A port of this machine at which nobody listens.
async fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn refused(options: SenderOptions) -> Error {
    let schema = schema();
    let opening = Sender::open(table(), &schema, Arc::new(Any), options);
    timeout(PATIENCE, opening).await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_such() {
    let ground = Ground::new().await;
    let tokens = Tokens::with_secret(&ground.server, Secret::from("not-the-secret"));
    let error = ground.open(tokens, ground.options()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error:?}");
    assert!(told(&error).contains("invalid_client"), "{}", told(&error));
}

#[tokio::test]
async fn an_unknown_table_is_told_with_what_to_do() {
    let ground = Ground::new().await;
    let nowhere = "main.nyc.boats".parse().unwrap();
    let error = Sender::open(nowhere, &schema(), ground.tokens(), ground.options())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    let text = told(&error);
    assert!(text.contains("main.nyc.boats"), "{text}");
    assert!(text.contains("create the table"), "{text}");
}

#[tokio::test]
async fn a_column_that_does_not_fit_the_table_is_named() {
    let ground = Ground::new().await;
    let column = |name, data_type, nullable| Field::new(name, data_type, nullable);
    let good = [
        column("id", DataType::Int64, false),
        column("carrier", DataType::Utf8, false),
        column("note", DataType::Utf8, true),
    ];
    let retyped = column("note", DataType::Float64, true);
    let renamed = column("remark", DataType::Utf8, true);
    for (named, last) in [("note", retyped), ("remark", renamed)] {
        let schema = Schema::new(vec![good[0].clone(), good[1].clone(), last]);
        let opening = Sender::open(table(), &schema, ground.tokens(), ground.options());
        let error = opening.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Schema, "{error:?}");
        assert!(told(&error).contains(named), "{}", told(&error));
    }
}

#[tokio::test]
async fn a_schema_that_cannot_be_sent_is_refused_before_anything_is_asked() {
    let interval = DataType::Interval(arrow_schema::IntervalUnit::DayTime);
    let schema = Schema::new(vec![Field::new("wait", interval, true)]);
    let options = SenderOptions::new(format!("http://{}", deserted().await));
    let opening = Sender::open(table(), &schema, Arc::new(Any), options);
    let error = opening.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    assert!(told(&error).contains("wait"), "{}", told(&error));
}

#[tokio::test]
async fn where_nothing_listens_the_attempts_of_the_policy_are_made_and_the_cause_is_told() {
    let address = deserted().await;
    let start = Instant::now();
    let options = SenderOptions::new(format!("http://{address}")).retry(impatient());
    let error = refused(options).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    // Three waits of at most 40 ms each.
    assert!(start.elapsed() < Duration::from_secs(2));
    let Error::Unavailable { attempts, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(attempts, impatient().max_attempts());
    let text = told(&error);
    assert!(text.contains("onnection refused"), "{text}");
    assert!(text.contains(&address), "{text}");
}

#[tokio::test]
async fn where_nothing_listens_the_deadline_of_the_policy_holds() {
    let policy = patient()
        .with_max_attempts(u32::MAX)
        .with_deadline(Duration::from_millis(150));
    let start = Instant::now();
    let options = SenderOptions::new(format!("http://{}", deserted().await)).retry(policy);
    let error = refused(options).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(start.elapsed() < Duration::from_secs(2));
    let text = told(&error);
    assert!(text.contains("onnection refused"), "{text}");
}

#[tokio::test]
async fn one_attempt_is_one_attempt() {
    let options = SenderOptions::new(format!("http://{}", deserted().await));
    let error = refused(options.retry(zb_retry::Policy::once())).await;
    let Error::Unavailable { attempts, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(attempts, 1);
}

/// Two crypto providers in one tree and none chosen would panic here.
#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 1_024]).await;
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let options = SenderOptions::new(format!("https://{address}")).retry(impatient());
    let error = refused(options).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let text = told(&error);
    assert!(text.contains("InvalidContentType"), "{text}");
    peer.abort();
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_waited_for_as_long_as_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let start = Instant::now();
    for scheme in ["http", "https"] {
        let options = SenderOptions::new(format!("{scheme}://{address}"))
            .retry(impatient().with_max_attempts(2))
            .connect_timeout(Duration::from_millis(100));
        let error = refused(options).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(told(&error).contains("timed out"), "{}", told(&error));
    }
    assert!(start.elapsed() < Duration::from_secs(3));
}
