//! Everything that is plain HTTP: the listeners, the token endpoint, Unity Catalog.

mod injected;
mod listener;
mod oidc;
mod spark;
mod unity_catalog;

pub(crate) use listener::Listener;
pub(crate) use spark::type_text;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{endpoint::Endpoint, grpc};

/// gRPC and REST on one port.
pub(crate) fn router(endpoint: &Arc<Endpoint>) -> Router {
    let rest = Router::new()
        .route("/oidc/v1/token", post(oidc::token))
        .route(
            "/api/2.1/unity-catalog/tables/{full_name}",
            get(unity_catalog::table),
        )
        .with_state(endpoint.clone());
    grpc::routes(endpoint).merge(rest)
}
