//! `POST /oidc/v1/token`: `OAuth2` client credentials, scoped to one table or to the REST API.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use zb_types::{ExposeSecret as _, TableName};

use super::injected;
use crate::{
    credentials::Credentials,
    endpoint::Endpoint,
    faults::{Action, Event},
    tokens::Grant,
    wire::Connection,
};

const SCOPE: &str = "all-apis";

#[derive(Deserialize)]
pub(super) struct TokenRequest {
    grant_type: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    authorization_details: Option<String>,
}

#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: &'static str,
}

/// An error of RFC 6749, with the extensions of RFC 8707 and RFC 9396.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
}

pub(super) async fn token(
    State(endpoint): State<Arc<Endpoint>>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Response {
    endpoint.counters.token_requests.add(1);
    let fault = fault(&endpoint, form.as_deref().ok()).await;
    if let Some(answer) = injected::instead(fault.as_ref(), &connection) {
        let reason = "a fault answered, or cut the connection";
        endpoint.watch.refused("token refused", None, &reason);
        return answer;
    }
    let grant = match grant(&endpoint.credentials, &headers, form) {
        Ok(grant) => grant,
        Err(refusal) => {
            tracing::info!(
                error = refusal.error,
                reason = refusal.description,
                "token refused"
            );
            let reason = format!("{}: {}", refusal.error, refusal.description);
            endpoint.watch.refused("token refused", None, &reason);
            return refusal.into_response();
        }
    };
    let mut lifetime = endpoint.tokens.lifetime();
    let mut expires_in = None;
    if let Some(Action::Lifetime(other, said)) = fault {
        (lifetime, expires_in) = (other, said);
    }
    let token = endpoint.tokens.issue(&grant, lifetime);
    endpoint.counters.tokens_issued.add(1);
    tracing::debug!(?grant, "token issued");
    let answer = TokenResponse {
        access_token: token.expose_secret(),
        token_type: "Bearer",
        expires_in: expires_in.unwrap_or_else(|| lifetime.as_secs().try_into().unwrap_or(i64::MAX)),
        scope: SCOPE,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// What a script of faults has in store for the request, whether it is a good one or not.
async fn fault(endpoint: &Endpoint, form: Option<&TokenRequest>) -> Option<Action> {
    if !endpoint.faults.exist() {
        return None;
    }
    let details = form.and_then(|form| form.authorization_details.as_deref());
    let table = details.and_then(|details| table_of(details).ok());
    endpoint.faults.meet(Event::token(table.as_ref())).await
}

fn grant(
    credentials: &Credentials,
    headers: &HeaderMap,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> Result<Grant, Refusal> {
    authenticate(credentials, headers)?;
    let Form(form) = form.map_err(|rejection| Refusal::invalid_request(rejection.body_text()))?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        None => return Err(Refusal::invalid_request("grant_type is missing")),
        Some(other) => {
            return Err(Refusal::bad_request(
                "unsupported_grant_type",
                format!("{other:?} is not served here: use client_credentials"),
            ));
        }
    }
    if form.scope.as_deref() != Some(SCOPE) {
        return Err(Refusal::bad_request(
            "invalid_scope",
            "the scope must be all-apis",
        ));
    }
    match (form.resource, form.authorization_details) {
        (None, None) => Ok(Grant::Rest),
        (Some(resource), Some(details)) => {
            check_resource(&resource)?;
            table_of(&details)
                .map(Grant::Write)
                .map_err(|why| Refusal::bad_request("invalid_authorization_details", why))
        }
        (Some(_), None) => Err(Refusal::invalid_request(
            "a token for the resource needs authorization_details",
        )),
        (None, Some(_)) => Err(Refusal::invalid_request(
            "authorization_details need the resource that they are for",
        )),
    }
}

fn authenticate(credentials: &Credentials, headers: &HeaderMap) -> Result<(), Refusal> {
    let refused = |why: &str| Refusal {
        status: StatusCode::UNAUTHORIZED,
        error: "invalid_client",
        description: why.to_owned(),
    };
    let value = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| refused("client authentication is missing: use HTTP Basic"))?;
    let decoded = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| BASE64_STANDARD.decode(encoded.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = decoded
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .ok_or_else(|| refused("the Authorization header is not HTTP Basic"))?;

    // RFC 6749 wants both percent-encoded; many clients, the official SDK among them, do not.
    let known = credentials.accept(id, secret)
        || match (form_decoded(id), form_decoded(secret)) {
            (Some(id), Some(secret)) => credentials.accept(&id, &secret),
            _ => false,
        };
    if known {
        Ok(())
    } else {
        Err(refused(
            "client authentication failed: unknown client or wrong secret",
        ))
    }
}

fn form_decoded(value: &str) -> Option<String> {
    let spaced = value.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn check_resource(resource: &str) -> Result<(), Refusal> {
    let workspace = resource
        .strip_prefix("api://databricks/workspaces/")
        .and_then(|rest| rest.strip_suffix("/zerobusDirectWriteApi"));
    match workspace {
        Some(id) if !id.is_empty() && !id.contains('/') => Ok(()),
        _ => Err(Refusal::bad_request(
            "invalid_target",
            "the resource must be api://databricks/workspaces/<id>/zerobusDirectWriteApi",
        )),
    }
}

/// One privilege object of `authorization_details`.
#[derive(Deserialize)]
struct Detail {
    r#type: String,
    privileges: Vec<String>,
    object_type: String,
    object_full_path: String,
    operations: Option<Vec<String>>,
}

/// The table that the three privilege objects are for.
fn table_of(details: &str) -> Result<TableName, String> {
    let details: Vec<Detail> =
        serde_json::from_str(details).map_err(|error| format!("they cannot be read: {error}"))?;
    if let Some(other) = details
        .iter()
        .find(|detail| detail.r#type != "unity_catalog_privileges")
    {
        return Err(format!("the type {:?} is not known", other.r#type));
    }
    let one = |object_type: &str| {
        let mut of_type = details.iter().filter(|d| d.object_type == object_type);
        match (of_type.next(), of_type.next()) {
            (Some(detail), None) => Ok(detail),
            _ => Err(format!(
                "exactly one object of type {object_type} is needed"
            )),
        }
    };
    let table_detail = one("TABLE")?;
    let table: TableName = table_detail
        .object_full_path
        .parse()
        .map_err(|error: zb_types::TableNameError| error.to_string())?;
    require(one("CATALOG")?, table.catalog(), &["USE CATALOG"])?;
    require(one("SCHEMA")?, table.catalog_and_schema(), &["USE SCHEMA"])?;
    require(table_detail, table.as_str(), &["SELECT", "MODIFY"])?;
    // Clients before 2.0 do not name the operation.
    match &table_detail.operations {
        Some(operations) if !operations.iter().any(|name| name == "zerobuswrite") => {
            Err("the operation zerobuswrite is missing".to_owned())
        }
        _ => Ok(table),
    }
}

fn require(detail: &Detail, path: &str, privileges: &[&str]) -> Result<(), String> {
    let object_type = &detail.object_type;
    if detail.object_full_path != path {
        let found = &detail.object_full_path;
        return Err(format!("the {object_type} is {found:?}, not {path:?}"));
    }
    for privilege in privileges {
        if !detail.privileges.iter().any(|given| given == privilege) {
            return Err(format!(
                "the privilege {privilege} on the {object_type} is missing"
            ));
        }
    }
    Ok(())
}

impl Refusal {
    fn bad_request(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    fn invalid_request(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_request", description)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(serde_json::json!({
            "error": self.error,
            "error_description": self.description,
        }));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"zb-local\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn details() -> Value {
        json!([
            {"type": "unity_catalog_privileges", "privileges": ["USE CATALOG"],
             "object_type": "CATALOG", "object_full_path": "c"},
            {"type": "unity_catalog_privileges", "privileges": ["USE SCHEMA"],
             "object_type": "SCHEMA", "object_full_path": "c.s"},
            {"type": "unity_catalog_privileges", "privileges": ["SELECT", "MODIFY"],
             "object_type": "TABLE", "object_full_path": "c.s.t",
             "operations": ["zerobuswrite"]},
        ])
    }

    fn check(pointer: &str, value: Value, expected: &str) {
        let mut details = details();
        if let Some(place) = details.pointer_mut(pointer) {
            *place = value;
        }
        let found = table_of(&details.to_string()).map(|table| table.to_string());
        let found = found.unwrap_or_else(|why| why);
        assert_eq!(found, expected);
    }

    #[test]
    fn three_privileges_name_one_table() {
        check("", details(), "c.s.t");
        check("/2/operations", Value::Null, "c.s.t");
    }

    #[test]
    fn each_fault_in_the_details_is_named() {
        check("/0/type", json!("x"), "the type \"x\" is not known");
        check(
            "/0/object_full_path",
            json!("d"),
            "the CATALOG is \"d\", not \"c\"",
        );
        check(
            "/1/object_full_path",
            json!("c.x"),
            "the SCHEMA is \"c.x\", not \"c.s\"",
        );
        check(
            "/1/object_type",
            json!("CATALOG"),
            "exactly one object of type CATALOG is needed",
        );
        check(
            "/2/privileges",
            json!(["SELECT"]),
            "the privilege MODIFY on the TABLE is missing",
        );
        check(
            "/2/operations",
            json!(["read"]),
            "the operation zerobuswrite is missing",
        );
    }

    #[test]
    fn the_resource_names_a_workspace() {
        let known = |id| {
            check_resource(&format!(
                "api://databricks/workspaces/{id}/zerobusDirectWriteApi"
            ))
        };
        assert_eq!(known("localhost:7080"), Ok(()));
        assert!(known("").is_err());
        assert!(check_resource("api://databricks/workspaces/1/other").is_err());
    }
}
