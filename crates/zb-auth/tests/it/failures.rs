//! Every way to get no token, its class, and that no error shows what it should not.

use std::{error::Error as StdError, time::Duration};

use tokio::{io::AsyncReadExt, net::TcpListener};
use zb_auth::{
    ClientCredentials, EndpointProblem, Error, ErrorKind, Outage, ProtocolFault, TokenCache,
    TokenSource,
};
use zb_types::Secret;

use crate::{
    endpoint::{Answer, CLIENT_ID, CLIENT_SECRET, Endpoint, answer, silence, token},
    request::flights,
};

async fn failure(answer: Answer) -> Error {
    let endpoint = Endpoint::start([answer]).await;
    let credentials = endpoint.credentials().build().unwrap();
    credentials.fetch(&flights()).await.unwrap_err()
}

async fn kind(status: u16, body: &str) -> ErrorKind {
    failure(answer(status, body)).await.kind()
}

fn oauth(code: &str) -> String {
    format!(r#"{{"error":"{code}","error_description":"because"}}"#)
}

#[tokio::test]
async fn a_refusal_has_the_class_of_its_code_or_else_of_its_status() {
    use ErrorKind::{Credentials, Endpoint, Permission, Protocol, Unavailable};
    let cases = [
        (401, oauth("invalid_client"), Credentials),
        (400, oauth("invalid_client"), Credentials),
        (401, String::new(), Credentials),
        (401, "<html>".to_owned(), Credentials),
        (400, oauth("invalid_grant"), Permission),
        (400, oauth("unauthorized_client"), Permission),
        (400, oauth("invalid_scope"), Permission),
        (400, oauth("invalid_target"), Permission),
        (400, oauth("invalid_authorization_details"), Permission),
        (401, oauth("access_denied"), Permission),
        (403, String::new(), Permission),
        (400, oauth("invalid_request"), Protocol),
        (
            400,
            r#"{"error_code":"X","message":"y"}"#.to_owned(),
            Protocol,
        ),
        (418, String::new(), Protocol),
        (201, token_json(), Protocol),
        (404, "<html>not here</html>".to_owned(), Endpoint),
        (405, String::new(), Endpoint),
        (408, String::new(), Unavailable),
        (429, oauth("slow_down"), Unavailable),
        (400, oauth("temporarily_unavailable"), Unavailable),
        (500, "oops".to_owned(), Unavailable),
        (502, String::new(), Unavailable),
        (503, oauth("invalid_client"), Unavailable),
    ];
    for (status, body, expected) in cases {
        assert_eq!(kind(status, &body).await, expected, "{status} {body}");
    }
}

fn token_json() -> String {
    r#"{"access_token":"t","token_type":"Bearer"}"#.to_owned()
}

#[tokio::test]
async fn what_the_server_said_is_kept() {
    let error = failure(answer(401, oauth("invalid_client"))).await;
    let Error::Credentials { reply } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.code(), Some("invalid_client"));
    assert_eq!(reply.description(), Some("because"));
    assert_eq!(
        error.to_string(),
        "the credentials were refused (HTTP 401, invalid_client: because)"
    );
}

#[tokio::test]
async fn how_long_to_wait_is_kept() {
    let busy = failure(answer(429, "").header("retry-after", "7")).await;
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
    let date = answer(503, "")
        .header("date", "Tue, 01 Jan 2013 06:00:00 GMT")
        .header("retry-after", "Tue, 01 Jan 2013 06:00:30 GMT");
    assert_eq!(
        failure(date).await.retry_after(),
        Some(Duration::from_secs(30))
    );
    assert_eq!(failure(answer(500, "")).await.retry_after(), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Endpoint::start([token("t", 3600)]).await;
    for status in [301, 302, 307, 308] {
        let error = failure(answer(status, "").header("location", &elsewhere.url)).await;
        assert_eq!(error.kind(), ErrorKind::Endpoint, "{status}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_a_fault_of_protocol() {
    let big = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(300 * 1024));
    let cases = [
        ("<html>sign in</html>", ProtocolFault::NotJson),
        ("", ProtocolFault::NotJson),
        (r#"{"access_token":"t""#, ProtocolFault::NotJson),
        ("{}", ProtocolFault::NoToken),
        ("[]", ProtocolFault::NoToken),
        (r#"{"access_token":7}"#, ProtocolFault::NoToken),
        (r#"{"access_token":null}"#, ProtocolFault::NoToken),
        (r#"{"access_token":""}"#, ProtocolFault::IllegalToken),
        (
            r#"{"access_token":"two words"}"#,
            ProtocolFault::IllegalToken,
        ),
        (
            r#"{"access_token":"a\r\nx: y"}"#,
            ProtocolFault::IllegalToken,
        ),
        (r#"{"access_token":"tök"}"#, ProtocolFault::IllegalToken),
        (
            r#"{"access_token":"t","token_type":"mac"}"#,
            ProtocolFault::TokenType,
        ),
        (&big, ProtocolFault::TooLarge { limit: 256 * 1024 }),
    ];
    for (body, expected) in cases {
        match failure(answer(200, body)).await {
            Error::Protocol { fault } => assert_eq!(fault, expected, "{body:.60}"),
            other => panic!("{body:.60}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let endpoint = Endpoint::start([silence()]).await;
    let credentials = endpoint
        .credentials()
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    match credentials.fetch(&flights()).await.unwrap_err() {
        Error::Unavailable { outage, .. } => {
            assert!(matches!(outage, Outage::Timeout { .. }), "{outage:?}");
        }
        other => panic!("{other:?}"),
    }
}

/// Credentials for whatever listens at this URL.
fn credentials(url: &str) -> ClientCredentials {
    let secret = Secret::from(CLIENT_SECRET);
    let credentials = ClientCredentials::builder(url, CLIENT_ID, secret, "1");
    credentials.build().unwrap()
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_an_outage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = credentials(&url).fetch(&flights()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.source().is_some());
}

#[tokio::test]
async fn a_connection_cut_is_an_outage() {
    // Before the answer, and in the middle of it.
    for part in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"access_to",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                stream.try_write(part.as_bytes()).unwrap();
            }
        });
        match credentials(&url).fetch(&flights()).await.unwrap_err() {
            Error::Unavailable { outage, .. } => {
                assert!(matches!(outage, Outage::Connection { .. }), "{outage:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_where_tls_belongs_is_not_tried_again() {
    let endpoint = Endpoint::start([]).await;
    let url = endpoint.url.replace("http://", "https://");
    let error = credentials(&url).fetch(&flights()).await.unwrap_err();
    let host = endpoint.url.replace("http://", "");
    match &error {
        Error::Endpoint { problem, .. } => assert_eq!(problem, &EndpointProblem::Tls { host }),
        other => panic!("{other:?}"),
    }
    assert!(!error.is_transient());
}

/// Everything that an error can be made to print, its causes included.
fn printed(error: &dyn StdError) -> String {
    let cause = error.source().map(printed).unwrap_or_default();
    format!("{error} {error:?} {error:#?} {cause}")
}

#[tokio::test]
async fn no_error_shows_a_secret_a_token_or_a_raw_answer() {
    let echo = format!(r#"{{"error":"invalid_client","error_description":"{CLIENT_SECRET}"}}"#);
    let jwt = format!(
        r#"{{"error":"x","error_description":"no eyJ{}"}}"#,
        "hunter2".repeat(20)
    );
    let code = format!(r#"{{"error":"{CLIENT_SECRET}"}}"#);
    let bodies = [
        echo,
        jwt,
        code,
        r#"{"error":"x","error_uri":"https://hunter2"}"#.to_owned(),
        r#"{"error":"x","trace":"hunter2"}"#.to_owned(),
        r#"{"error":{"hunter2":1}}"#.to_owned(),
        r#"{"access_token":["hunter2"]}"#.to_owned(),
        r#"{"access_token":"hunter2 \n"}"#.to_owned(),
        r#"{"access_token":"hunter2","token_type":"hunter2"}"#.to_owned(),
        r#"{"access_token":"hunter2","token_type":7}"#.to_owned(),
        "hunter2".to_owned(),
    ];
    for body in bodies {
        for status in [200, 400, 401, 403, 404, 429, 500] {
            let error = failure(answer(status, body.as_str())).await;
            let text = printed(&error);
            assert!(!text.contains("hunter2"), "{status} {body}: {text}");
        }
    }
}

#[tokio::test]
async fn no_debug_shows_a_secret() {
    let endpoint = Endpoint::start([token("token-hunter2", 3600)]).await;
    let builder = endpoint.credentials();
    let before = format!("{builder:#?}");
    let credentials = builder.build().unwrap();
    let token = credentials.fetch(&flights()).await.unwrap();
    let after = format!("{credentials:#?} {token:#?}");
    let cache = TokenCache::new(credentials);
    let text = format!("{before} {after} {cache:#?}");
    assert!(!text.contains("hunter2"), "{text}");
}
