//! A real endpoint that fails for a while, and a source that is patient with it.

use std::{iter::repeat_n, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::Instant,
};
use zb_auth::{ClientCredentials, Error, ErrorKind, Retrying, Scope, TokenSource};
use zb_types::{ExposeSecret, Secret};

use crate::endpoint::{Answer, CLIENT_ID, CLIENT_SECRET, Endpoint, answer, silence, token};

/// Asks an endpoint that gives these answers, with three retries in quick succession. How many
/// requests it took, and how long, comes along.
async fn ask(
    answers: impl IntoIterator<Item = Answer>,
) -> (Result<String, Error>, usize, Duration) {
    let endpoint = Endpoint::start(answers).await;
    let credentials = endpoint
        .credentials()
        .timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let source = Retrying::new(credentials, || repeat_n(Duration::from_millis(1), 3));
    let start = Instant::now();
    let outcome = source.fetch(&Scope::Workspace).await;
    let outcome = outcome.map(|token| token.secret().expose_secret().to_owned());
    (outcome, endpoint.requests().len(), start.elapsed())
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    for status in [408, 429, 500, 502, 503, 504] {
        let failures = [answer(status, ""), answer(status, "<html>"), token("t", 60)];
        let (outcome, requests, _) = ask(failures).await;
        assert_eq!((outcome.unwrap().as_str(), requests), ("t", 3), "{status}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    for status in [400, 401, 403, 404] {
        let (outcome, requests, _) = ask([answer(status, ""), token("t", 60)]).await;
        assert!(!outcome.unwrap_err().is_transient(), "{status}");
        assert_eq!(requests, 1, "{status}");
    }
    let (outcome, requests, _) = ask([answer(200, "<html>sign in</html>"), token("t", 60)]).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn patience_has_an_end() {
    let (outcome, requests, _) = ask((0..9).map(|_| answer(503, ""))).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(requests, 4);
}

#[tokio::test]
async fn a_server_says_how_long_to_wait_in_seconds_or_by_its_own_clock() {
    let seconds = answer(429, "").header("retry-after", "1");
    // A clock that is thirteen years late.
    let date = answer(503, "")
        .header("date", "Tue, 01 Jan 2013 06:00:00 GMT")
        .header("retry-after", "Tue, 01 Jan 2013 06:00:01 GMT");
    for busy in [seconds, date] {
        let (outcome, requests, took) = ask([busy, token("t", 60)]).await;
        assert_eq!((outcome.unwrap().as_str(), requests), ("t", 2));
        let second = Duration::from_secs(1);
        assert!((second..20 * second).contains(&took), "{took:?}");
    }
}

#[tokio::test]
async fn silence_is_not_waited_out() {
    let (outcome, requests, took) = ask([silence(), token("t", 60)]).await;
    assert_eq!((outcome.unwrap().as_str(), requests), ("t", 2));
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_secs(10),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_connection_that_is_reset_is_opened_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 64]).await.unwrap();
            // With a RST, since not all was read and nothing lingers.
            stream.set_zero_linger().unwrap();
        }
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let body = r#"{"access_token":"t","expires_in":60}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).await.unwrap();
        // Until the other side has closed.
        let _ = stream.read(&mut [0; 1]).await;
    });
    let secret = Secret::from(CLIENT_SECRET);
    let credentials = ClientCredentials::builder(url, CLIENT_ID, secret, "1")
        .build()
        .unwrap();
    let source = Retrying::new(credentials, || repeat_n(Duration::from_millis(1), 3));
    let token = source.fetch(&Scope::Workspace).await.unwrap();
    assert_eq!(token.secret().expose_secret(), "t");
    drop(source);
    server.await.unwrap();
}
