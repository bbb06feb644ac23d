//! `GET /api/2.1/unity-catalog/tables/{full_name}`.

use reqwest::StatusCode;
use serde_json::{Value, json};
use zb_local::{CreateTable, Server};

use crate::{
    client::{http, rest_form, token, token_form},
    lake::{server, table_name},
};

async fn ask(server: &Server, table: &str, token: Option<&str>) -> (StatusCode, Value) {
    let url = server.unity_catalog_url();
    let mut request = http(server).get(format!("{url}/api/2.1/unity-catalog/tables/{table}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_table_is_described_as_unity_catalog_does() {
    let (server, _dir) = server(|builder| builder).await;
    let created = CreateTable::parse(
        "CREATE TABLE t (id BIGINT NOT NULL, price DECIMAL(10, 2), tags ARRAY<STRING>)",
    );
    let table = "main.nyc.priced".parse().unwrap();
    server
        .create_table(&table, created.unwrap().schema())
        .await
        .unwrap();
    let token = token(&server, &rest_form()).await;
    let (status, answer) = ask(&server, "main.nyc.priced", Some(&token)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["name"], "priced");
    assert_eq!(answer["catalog_name"], "main");
    assert_eq!(answer["schema_name"], "nyc");
    assert_eq!(answer["full_name"], "main.nyc.priced");
    assert_eq!(answer["table_type"], "MANAGED");
    assert_eq!(answer["data_source_format"], "DELTA");
    assert_eq!(answer["columns"].as_array().unwrap().len(), 3);
    assert_eq!(
        answer["columns"][0],
        json!({
            "name": "id", "type_name": "LONG", "type_text": "bigint", "nullable": false,
            "position": 0,
            "type_json": r#"{"metadata":{},"name":"id","nullable":false,"type":"long"}"#,
        })
    );
    assert_eq!(answer["columns"][1]["type_text"], "decimal(10,2)");
    let tags: Value =
        serde_json::from_str(answer["columns"][2]["type_json"].as_str().unwrap()).unwrap();
    assert_eq!(
        tags["type"],
        json!({"type": "array", "elementType": "string", "containsNull": true})
    );
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_rest_api_wants_its_own_token() {
    let (server, _dir) = server(|builder| builder).await;
    let table = table_name();
    let (status, _) = ask(&server, table.as_str(), None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = ask(&server, table.as_str(), Some("x")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let scoped = token(&server, &token_form(&table)).await;
    let (status, answer) = ask(&server, table.as_str(), Some(&scoped)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(answer["error_code"], "PERMISSION_DENIED");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let (server, _dir) = server(|builder| builder).await;
    let token = token(&server, &rest_form()).await;
    let (status, answer) = ask(&server, "main.nyc.none", Some(&token)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(answer["error_code"], "TABLE_DOES_NOT_EXIST");
    let (status, _) = ask(&server, "none", Some(&token)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    server.shutdown().await.unwrap();
}
