//! What goes wrong on purpose at the token endpoint and in the catalog.

use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use serde_json::Value;
use tonic::Code as Grpc;
use zb_local::{
    Server,
    faults::{Answer, Fault, FaultScript},
};
use zb_types::ExposeSecret as _;

use crate::{
    client::{
        Said, Stream, TABLE_HEADER, create, encoder, http, refusal, rest_form, token, token_form,
    },
    lake::{schema, server, table_name},
};

async fn faulty(script: impl Into<FaultScript>) -> (Server, tempfile::TempDir) {
    server(|builder| builder.faults(script)).await
}

async fn try_ask(server: &Server) -> reqwest::Result<Response> {
    let secret = server.client_secret().expose_secret();
    http(server)
        .post(format!("{}/oidc/v1/token", server.unity_catalog_url()))
        .basic_auth(server.client_id(), Some(secret))
        .form(&token_form(&table_name()))
        .send()
        .await
}

async fn ask(server: &Server) -> Response {
    try_ask(server).await.unwrap()
}

#[tokio::test]
async fn any_status_can_be_answered_once() {
    let refusals = [429, 500, 401, 503];
    let script: FaultScript = refusals
        .into_iter()
        .zip(1..)
        .map(|(status, nth)| {
            let answer = Answer::status(status).retry_after(7).body("try later");
            Fault::on_token().nth(nth).answer(answer)
        })
        .collect();
    let (server, _dir) = faulty(script).await;
    for status in refusals {
        let answer = ask(&server).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["retry-after"], "7");
        assert_eq!(answer.text().await.unwrap(), "try later");
    }
    assert_eq!(ask(&server).await.status(), StatusCode::OK);
    let stats = server.stats();
    assert_eq!((stats.token_requests, stats.tokens_issued), (5, 1));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_body_can_be_empty_or_nonsense_or_endless() {
    let (server, _dir) = faulty([
        Fault::on_token().nth(1).answer(200),
        Fault::on_token()
            .nth(2)
            .answer(Answer::status(200).body("<html>")),
        Fault::on_token()
            .nth(3)
            .answer(Answer::status(200).filler(3_000_000)),
    ])
    .await;
    let mut bodies = Vec::new();
    for _ in 0..3 {
        let answer = ask(&server).await;
        assert_eq!(answer.status(), StatusCode::OK);
        bodies.push(answer.bytes().await.unwrap());
    }
    assert_eq!(bodies[0], "");
    assert_eq!(bodies[1], "<html>");
    assert_eq!(bodies[2].len(), 3_000_000);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_request_can_take_long_or_break() {
    let slow = Duration::from_millis(200);
    let (server, _dir) = faulty([
        Fault::on_token().nth(1).delay(slow),
        Fault::on_token().nth(2).cut(),
    ])
    .await;
    let begun = Instant::now();
    assert_eq!(ask(&server).await.status(), StatusCode::OK);
    assert!(begun.elapsed() >= slow);
    let error = try_ask(&server).await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    assert_eq!(ask(&server).await.status(), StatusCode::OK);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_token_can_live_shorter_than_it_says() {
    let (server, _dir) = faulty([
        Fault::on_token().nth(1).lifetime(Duration::from_mins(10)),
        Fault::on_token()
            .nth(2)
            .lifetime_but_said(Duration::ZERO, 3600),
        Fault::on_token()
            .nth(3)
            .lifetime_but_said(Duration::from_mins(10), -1),
    ])
    .await;
    let mut tokens = Vec::new();
    for said in [600, 3600, -1] {
        let answer: Value = ask(&server).await.json().await.unwrap();
        assert_eq!(answer["expires_in"], said);
        tokens.push(answer["access_token"].as_str().unwrap().to_owned());
    }
    let table = table_name();
    for (token, good) in tokens.iter().zip([true, false, true]) {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", &*bearer), (TABLE_HEADER, table.as_str())];
        let mut stream = Stream::call(&server, &headers).await;
        stream
            .send(create(table.as_str(), &encoder(&schema())))
            .await;
        if good {
            assert_eq!(stream.next().await, Said::Created);
        } else {
            assert_eq!(refusal(&mut stream).await.0, Grpc::Unauthenticated);
        }
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_fault_is_for_the_tokens_of_its_table() {
    let other = "main.nyc.others".parse().unwrap();
    let (server, _dir) = faulty(Fault::on_token().table(other).answer(500)).await;
    assert_eq!(ask(&server).await.status(), StatusCode::OK);
    token(&server, &rest_form()).await;
    assert_eq!(server.faults()[0].seen, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_catalog_can_fail() {
    let (server, _dir) = faulty([
        Fault::on_catalog().table(table_name()).nth(1).answer(503),
        Fault::on_catalog().table(table_name()).nth(2).cut(),
    ])
    .await;
    let token = token(&server, &rest_form()).await;
    let look_up = async |table: &str| {
        let url = server.unity_catalog_url();
        let request = http(&server).get(format!("{url}/api/2.1/unity-catalog/tables/{table}"));
        let answer = request.bearer_auth(&token).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    };
    assert_eq!(look_up("main.nyc.none").await, Some(404));
    assert_eq!(look_up("main.nyc.flights").await, Some(503));
    assert_eq!(look_up("main.nyc.flights").await, None);
    assert_eq!(look_up("main.nyc.flights").await, Some(200));
    server.shutdown().await.unwrap();
}
