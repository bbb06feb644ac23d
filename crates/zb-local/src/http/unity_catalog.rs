//! `GET /api/2.1/unity-catalog/tables/{full_name}`: what columns a table has.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use zb_types::TableName;

use super::{injected, refusal::Refusal, spark};
use crate::{
    endpoint::Endpoint,
    faults::Event,
    lake::{OpenError, Table},
    tokens::Grant,
    wire::Connection,
};

pub(super) async fn table(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(connection): Extension<Connection>,
    Path(full_name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if endpoint.faults.exist() {
        let name = full_name.parse().ok();
        let fault = endpoint.faults.meet(Event::catalog(name.as_ref())).await;
        if let Some(answer) = injected::instead(fault.as_ref(), &connection) {
            return answer;
        }
    }
    match look_up(&endpoint, &full_name, &headers).await {
        Ok(description) => Json(description).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn look_up(
    endpoint: &Endpoint,
    full_name: &str,
    headers: &HeaderMap,
) -> Result<Value, Refusal> {
    authorize(endpoint, headers)?;
    let name: TableName = full_name.parse().map_err(|error| Refusal {
        status: StatusCode::BAD_REQUEST,
        error_code: "INVALID_PARAMETER_VALUE",
        message: format!("{error}"),
    })?;
    match endpoint.lake.table(&name).await {
        Ok(table) => Ok(describe(&table)),
        Err(OpenError::NotFound(name)) => Err(Refusal {
            status: StatusCode::NOT_FOUND,
            error_code: "TABLE_DOES_NOT_EXIST",
            message: format!("Table '{name}' does not exist."),
        }),
        Err(error @ OpenError::Unreadable { .. }) => Err(Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            error_code: "INTERNAL_ERROR",
            message: error.to_string(),
        }),
    }
}

fn authorize(endpoint: &Endpoint, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let unauthenticated = |message: String| Refusal {
        status: StatusCode::UNAUTHORIZED,
        error_code: "UNAUTHENTICATED",
        message,
    };
    let token = token.ok_or_else(|| unauthenticated("a bearer token is missing".to_owned()))?;
    match endpoint.tokens.check(token) {
        Ok(Grant::Rest) => Ok(()),
        Ok(Grant::Write(table)) => Err(Refusal {
            status: StatusCode::FORBIDDEN,
            error_code: "PERMISSION_DENIED",
            message: format!("the token is good for writing to {table}, not for the REST API"),
        }),
        Err(error) => Err(unauthenticated(error.to_string())),
    }
}

fn describe(table: &Table) -> Value {
    let name = table.name();
    let columns: Vec<Value> = table
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(position, field)| {
            json!({
                "name": field.name(),
                "type_name": spark::type_name(field.data_type()),
                "type_text": spark::type_text(field.data_type()),
                "type_json": spark::field_json(field).to_string(),
                "nullable": field.is_nullable(),
                "position": position,
            })
        })
        .collect();
    json!({
        "name": name.table(),
        "catalog_name": name.catalog(),
        "schema_name": name.schema(),
        "full_name": name.as_str(),
        "table_type": "MANAGED",
        "data_source_format": "DELTA",
        "columns": columns,
    })
}
