//! `POST /zerobus/v1/tables/{full_name}/insert`.

use reqwest::StatusCode;
use serde_json::{Value, json};
use zb_local::Server;

use crate::{
    client::{http, rest_form, token, token_form},
    lake::{ids, server, table_name},
};

async fn insert(server: &Server, table: &str, token: &str, body: String) -> (StatusCode, Value) {
    let url = format!("{}/zerobus/v1/tables/{table}/insert", server.endpoint());
    let request = http(server).post(url).bearer_auth(token).body(body);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn records_are_durable_when_the_request_is_answered() {
    let (server, _dir) = server(|builder| builder).await;
    let token = token(&server, &token_form(&table_name())).await;
    let rows = json!([{"id": 1, "name": "one"}, {"id": 2}, {"id": 3, "name": null}]);
    let (status, answer) = insert(&server, "main.nyc.flights", &token, rows.to_string()).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({})));
    assert_eq!(ids(&server).await, [1, 2, 3]);
    let (status, _) = insert(&server, "main.nyc.flights", &token, "[]".to_owned()).await;
    assert_eq!(status, StatusCode::OK);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_is_stored() {
    let (server, _dir) = server(|builder| builder).await;
    let good = token(&server, &token_form(&table_name())).await;
    let rest = token(&server, &rest_form()).await;
    let flights = "main.nyc.flights";
    let large = format!(
        r#"[{{"id": 1, "name": "{}"}}]"#,
        "x".repeat(10 * 1024 * 1024)
    );
    for (table, token, body, status, code) in [
        (
            flights,
            &*good,
            r#"{"id": 1}"#,
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            flights,
            &good,
            r#"[{"id": 1}, {"name": "no id"}]"#,
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (
            flights,
            &good,
            r#"[{"id": 1}, {"id": 2, "other": 1}]"#,
            400,
            "INVALID_PARAMETER_VALUE",
        ),
        (flights, &good, &large, 400, "INVALID_PARAMETER_VALUE"),
        ("flights", &good, "[]", 400, "INVALID_PARAMETER_VALUE"),
        (flights, "x", "[]", 401, "UNAUTHENTICATED"),
        (flights, &rest, "[]", 403, "PERMISSION_DENIED"),
        ("main.nyc.other", &good, "[]", 403, "PERMISSION_DENIED"),
    ] {
        let (found, answer) = insert(&server, table, token, body.to_owned()).await;
        assert_eq!(
            (found.as_u16(), &answer["error_code"]),
            (status, &json!(code)),
            "{answer}"
        );
    }
    let other = "main.nyc.other".parse().unwrap();
    let other = token(&server, &token_form(&other)).await;
    let (status, _) = insert(&server, "main.nyc.other", &other, "[]".to_owned()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(ids(&server).await, [0_i64; 0]);
    server.shutdown().await.unwrap();
}
