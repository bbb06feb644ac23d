//! `POST /zerobus/v1/tables/{full_name}/insert`: records without a stream.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use serde_json::json;
use tonic::{Code, Status, metadata::MetadataMap};

use super::refusal::Refusal;
use crate::{endpoint::Endpoint, grpc};

pub(super) async fn insert(
    State(endpoint): State<Arc<Endpoint>>,
    Path(full_name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let metadata = MetadataMap::from_headers(headers);
    match grpc::insert(&endpoint, metadata, &full_name, &body).await {
        Ok(()) => Json(json!({})).into_response(),
        Err(status) => refusal(&status).into_response(),
    }
}

/// The pairs of the service's own table of errors.
fn refusal(status: &Status) -> Refusal {
    let (http, error_code) = match status.code() {
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
        Code::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    };
    Refusal {
        status: http,
        error_code,
        message: status.message().to_owned(),
    }
}
