//! What is sent, field by field, and what a good answer becomes.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use tokio::time::Instant;
use zb_auth::{ClientCredentials, Scope, TokenSource};
use zb_types::{ExposeSecret, Secret};

use crate::endpoint::{Answer, CLIENT_ID, CLIENT_SECRET, Endpoint, answer, token};

pub(crate) fn flights() -> Scope {
    Scope::Table("main.nyc.flights".parse().unwrap())
}

#[tokio::test]
async fn a_token_for_a_table_is_asked_for_as_the_service_wants_it() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let credentials = endpoint.credentials().build().unwrap();
    credentials.fetch(&flights()).await.unwrap();

    let [request] = &endpoint.requests()[..] else {
        panic!("not one request");
    };
    assert_eq!(request.path, "/oidc/v1/token");
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    let basic = BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    assert_eq!(request.headers["authorization"], format!("Basic {basic}"));

    let mut form = request.form.clone();
    let details = form.remove("authorization_details").unwrap();
    let expected = [
        ("grant_type", "client_credentials"),
        ("scope", "all-apis"),
        (
            "resource",
            "api://databricks/workspaces/1234567890/zerobusDirectWriteApi",
        ),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form, BTreeMap::from(expected));
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&details).unwrap(),
        json!([
            {
                "type": "unity_catalog_privileges",
                "privileges": ["USE CATALOG"],
                "object_type": "CATALOG",
                "object_full_path": "main"
            },
            {
                "type": "unity_catalog_privileges",
                "privileges": ["USE SCHEMA"],
                "object_type": "SCHEMA",
                "object_full_path": "main.nyc"
            },
            {
                "type": "unity_catalog_privileges",
                "privileges": ["SELECT", "MODIFY"],
                "object_type": "TABLE",
                "object_full_path": "main.nyc.flights",
                "operations": ["zerobuswrite"]
            }
        ])
    );
}

#[tokio::test]
async fn a_token_for_the_workspace_names_no_table() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let credentials = endpoint.credentials().build().unwrap();
    credentials.fetch(&Scope::Workspace).await.unwrap();
    let form = &endpoint.requests()[0].form;
    let names: Vec<_> = form.keys().map(String::as_str).collect();
    assert_eq!(names, ["grant_type", "scope"]);
}

#[tokio::test]
async fn a_slash_at_the_end_of_the_url_does_no_harm() {
    let endpoint = Endpoint::start([token("t", 3600)]).await;
    let url = format!("{}//", endpoint.url);
    let secret = Secret::from(CLIENT_SECRET);
    let credentials = ClientCredentials::builder(url, CLIENT_ID, secret, "1");
    let credentials = credentials.build().unwrap();
    credentials.fetch(&Scope::Workspace).await.unwrap();
    assert_eq!(endpoint.requests()[0].path, "/oidc/v1/token");
}

/// The token that an answer becomes, and how long it lives.
async fn check(answer: Answer) -> (String, Option<Duration>) {
    let endpoint = Endpoint::start([answer]).await;
    let credentials = endpoint.credentials().build().unwrap();
    let before = Instant::now();
    let token = credentials.fetch(&flights()).await.unwrap();
    // The life is counted from the request, not from the answer: never more than was promised.
    let life = token.expires_at().map(|end| {
        let (from, to) = (end - Instant::now(), end - before);
        let whole = Duration::from_secs(to.as_secs());
        assert!(from <= whole, "{from:?} is over {whole:?}");
        whole
    });
    (token.secret().expose_secret().to_owned(), life)
}

#[tokio::test]
async fn an_answer_by_the_book() {
    let (secret, life) = check(token("abc.def-123_~+/=", 3600)).await;
    assert_eq!(secret, "abc.def-123_~+/=");
    assert_eq!(life, Some(Duration::from_hours(1)));
}

#[tokio::test]
async fn answers_a_little_off_the_book() {
    let hour = Some(Duration::from_hours(1));
    let quoted = answer(
        200,
        r#"{"access_token":"t","token_type":"bearer","expires_in":"3600"}"#,
    );
    assert_eq!(check(quoted).await.1, hour);
    let untyped = answer(200, r#"{"access_token":"t","expires_in":3600}"#);
    assert_eq!(check(untyped).await.1, hour);
    let text = token("t", 3600).header("content-type", "text/plain");
    assert_eq!(check(text).await.1, hour);
    let extra = answer(
        200,
        r#"{"access_token":"t","expires_in":3600,"scope":7,"x":[{}]}"#,
    );
    assert_eq!(check(extra).await.1, hour);
}

#[tokio::test]
async fn a_life_that_is_missing_or_nonsense_is_unknown() {
    for life in [
        "",
        r#","expires_in":0"#,
        r#","expires_in":"soon""#,
        r#","expires_in":null"#,
    ] {
        let answer = answer(200, format!(r#"{{"access_token":"t"{life}}}"#));
        assert_eq!(check(answer).await.1, None, "{life}");
    }
}

#[tokio::test]
async fn an_absurd_life_is_cut_to_a_year() {
    let year = Some(Duration::from_hours(365 * 24));
    assert_eq!(check(token("t", u64::MAX)).await.1, year);
}

#[tokio::test]
async fn the_clocks_of_both_sides_do_not_matter() {
    let hour = Some(Duration::from_hours(1));
    for date in [
        "Fri, 31 Dec 1999 23:59:59 GMT",
        "Thu, 31 Dec 2099 23:59:59 GMT",
    ] {
        assert_eq!(check(token("t", 3600).header("date", date)).await.1, hour);
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let endpoint = Endpoint::start((0..20).map(|_| token("t", 3600))).await;
    let credentials = endpoint.credentials().build().unwrap();
    for _ in 0..20 {
        credentials.fetch(&Scope::Workspace).await.unwrap();
    }
    assert_eq!(endpoint.requests().len(), 20);
}
