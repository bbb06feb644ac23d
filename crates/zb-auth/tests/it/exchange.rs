//! Federation: what is sent, and what becomes of the answers.

use std::{collections::BTreeMap, io, time::Duration};

use zb_auth::{
    Callback, Error, ErrorKind, Outage, ProtocolFault, Scope, Token, TokenExchange,
    TokenExchangeBuilder, TokenSource,
};
use zb_types::ExposeSecret;

use crate::{
    endpoint::{Answer, CLIENT_ID, Endpoint, answer, silence, token},
    request::flights,
};

const SUBJECT: &str = "eyJ.subject-hunter2.sig";

fn exchange(url: &str) -> TokenExchangeBuilder {
    let subject = Callback::new(|_| async { Ok(Token::new(SUBJECT)) });
    TokenExchange::builder(url, subject, "1234567890")
}

async fn failure(answer: Answer) -> Error {
    let endpoint = Endpoint::start([answer]).await;
    let exchange = exchange(&endpoint.url).build().unwrap();
    exchange.fetch(&flights()).await.unwrap_err()
}

#[tokio::test]
async fn the_subject_is_exchanged_as_the_service_wants_it() {
    let endpoint = Endpoint::start([token("t", 3600), token("t", 3600)]).await;
    let source = exchange(&endpoint.url)
        .client_id(CLIENT_ID)
        .build()
        .unwrap();
    let token = source.fetch(&flights()).await.unwrap();
    assert_eq!(token.secret().expose_secret(), "t");
    assert!(token.expires_at().is_some());

    let request = &endpoint.requests()[0];
    assert_eq!(request.path, "/oidc/v1/token");
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert!(!request.headers.contains_key("authorization"));
    let mut form = request.form.clone();
    let details = form.remove("authorization_details").unwrap();
    assert!(details.contains("main.nyc.flights") && details.contains("zerobuswrite"));
    let expected = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", SUBJECT),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("scope", "all-apis"),
        (
            "resource",
            "api://databricks/workspaces/1234567890/zerobusDirectWriteApi",
        ),
        ("client_id", CLIENT_ID),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form, BTreeMap::from(expected));

    // Without a client, and for the workspace.
    let source = exchange(&endpoint.url).build().unwrap();
    source.fetch(&Scope::Workspace).await.unwrap();
    let names: Vec<_> = endpoint.requests()[1].form.keys().cloned().collect();
    assert_eq!(
        names,
        ["grant_type", "scope", "subject_token", "subject_token_type"]
    );
}

#[tokio::test]
async fn a_refusal_has_the_class_that_it_has_for_a_secret() {
    use ErrorKind::{Credentials, Endpoint, Permission, Protocol, Unavailable};
    let oauth = |code| format!(r#"{{"error":"{code}","error_description":"because"}}"#);
    for (status, body, expected) in [
        (401, oauth("invalid_client"), Credentials),
        (400, oauth("invalid_grant"), Permission),
        (400, oauth("invalid_request"), Protocol),
        (403, String::new(), Permission),
        (404, "<html>".to_owned(), Endpoint),
        (307, String::new(), Endpoint),
        (429, String::new(), Unavailable),
        (503, oauth("invalid_client"), Unavailable),
    ] {
        let error = failure(answer(status, body.as_str())).await;
        assert_eq!(error.kind(), expected, "{status} {body}");
    }
    let busy = failure(answer(429, "").header("retry-after", "7")).await;
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_a_fault_of_protocol() {
    for (body, expected) in [
        ("<html>sign in</html>", ProtocolFault::NotJson),
        ("", ProtocolFault::NotJson),
        ("{}", ProtocolFault::NoToken),
        (
            r#"{"access_token":"two words"}"#,
            ProtocolFault::IllegalToken,
        ),
        (
            r#"{"access_token":"t","token_type":"N_A"}"#,
            ProtocolFault::TokenType,
        ),
    ] {
        match failure(answer(200, body)).await {
            Error::Protocol { fault } => assert_eq!(fault, expected, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn silence_ends_at_the_time_limit() {
    let endpoint = Endpoint::start([silence()]).await;
    let source = exchange(&endpoint.url).timeout(Duration::from_millis(50));
    let error = source.build().unwrap().fetch(&flights()).await.unwrap_err();
    match error {
        Error::Unavailable {
            outage: Outage::Timeout { .. },
            ..
        } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_a_subject_nothing_is_sent() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let subject = Callback::new(|_| async { Err(Error::transient(io::Error::other("later"))) });
    let source = TokenExchange::builder(&endpoint.url, subject, "1")
        .build()
        .unwrap();
    let error = source.fetch(&flights()).await.unwrap_err();
    assert!(error.is_transient());
    assert!(endpoint.requests().is_empty());
}

#[tokio::test]
async fn the_subject_shows_itself_nowhere() {
    let source = exchange("https://h.com").build().unwrap();
    assert!(!format!("{source:?} {:?}", exchange("https://h.com")).contains("hunter2"));
    let echo = format!(r#"{{"error":"invalid_grant","error_description":"no {SUBJECT}"}}"#);
    let error = failure(answer(400, echo)).await;
    let text = format!("{error} {error:?} {error:#?}");
    assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
    let error = exchange("http://h.com").build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Endpoint, "not in clear text");
}
