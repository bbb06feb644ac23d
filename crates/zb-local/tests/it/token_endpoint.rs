//! `POST /oidc/v1/token`.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use reqwest::{StatusCode, header};
use serde_json::Value;
use zb_local::Server;
use zb_types::ExposeSecret as _;

use crate::{
    client::{http, rest_form, token_form},
    lake::{server, table_name},
};

type Form = Vec<(&'static str, String)>;

async fn ask(server: &Server, id: &str, secret: &str, form: &Form) -> (StatusCode, Value) {
    let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
    let request = http(server)
        .post(url)
        .basic_auth(id, Some(secret))
        .form(form);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn ask_known(server: &Server, form: &Form) -> (StatusCode, Value) {
    let secret = server.client_secret().expose_secret();
    ask(server, server.client_id(), secret, form).await
}

fn without(mut form: Form, name: &str) -> Form {
    form.retain(|(field, _)| *field != name);
    form
}

fn with(form: Form, name: &'static str, value: &str) -> Form {
    let mut form = without(form, name);
    form.push((name, value.to_owned()));
    form
}

#[tokio::test]
async fn tokens_are_issued_for_a_table_and_for_the_rest_api() {
    let (server, _dir) = server(|builder| builder).await;
    for form in [token_form(&table_name()), rest_form()] {
        let (status, answer) = ask_known(&server, &form).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert!(!answer["access_token"].as_str().unwrap().is_empty());
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 3600);
        assert_eq!(answer["scope"], "all-apis");
    }
    assert_eq!(server.stats().tokens_issued, 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn percent_encoded_credentials_are_the_same_credentials() {
    let (server, _dir) = server(|builder| builder).await;
    let encoded = |text: &str| percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let id = encoded(server.client_id());
    let secret = encoded(server.client_secret().expose_secret());
    let (status, answer) = ask(&server, &id, &secret, &rest_form()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_unknown_client_is_refused() {
    let (server, _dir) = server(|builder| builder).await;
    let secret = server.client_secret().expose_secret();
    for (id, secret) in [(server.client_id(), "wrong"), ("wrong", secret), ("", "")] {
        let (status, answer) = ask(&server, id, secret, &rest_form()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer["error"], "invalid_client");
        assert!(
            !answer
                .to_string()
                .contains(server.client_secret().expose_secret())
        );
    }
    let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
    let answer = http(&server)
        .post(url)
        .form(&rest_form())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE));
    assert_eq!(server.stats().tokens_issued, 0);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_wrong_request_is_refused_in_the_words_of_oauth() {
    let (server, _dir) = server(|builder| builder).await;
    let table = || token_form(&table_name());
    for (form, error) in [
        (without(rest_form(), "grant_type"), "invalid_request"),
        (
            with(rest_form(), "grant_type", "password"),
            "unsupported_grant_type",
        ),
        (without(rest_form(), "scope"), "invalid_scope"),
        (with(rest_form(), "scope", "sql"), "invalid_scope"),
        (without(table(), "resource"), "invalid_request"),
        (without(table(), "authorization_details"), "invalid_request"),
        (with(table(), "resource", "api://x"), "invalid_target"),
        (
            with(table(), "authorization_details", "[]"),
            "invalid_authorization_details",
        ),
        (
            with(table(), "authorization_details", "{"),
            "invalid_authorization_details",
        ),
    ] {
        let (status, answer) = ask_known(&server, &form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
        assert_eq!(answer["error"], error, "{answer}");
        assert!(!answer["error_description"].as_str().unwrap().is_empty());
    }
    server.shutdown().await.unwrap();
}
