//! Everything that is plain HTTP: the listeners, the token endpoint, Unity Catalog.

mod injected;
mod insert;
mod listener;
mod oidc;
mod refusal;
mod spark;
mod unity_catalog;

pub(crate) use listener::Listener;
pub(crate) use spark::type_text;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use tonic::service::Routes;

use crate::{endpoint::Endpoint, flight, grpc, limits::MAX_RAW_BYTES};

/// gRPC, Arrow Flight and REST on one port.
pub(crate) fn router(endpoint: &Arc<Endpoint>) -> Router {
    let rest = Router::new()
        .route("/oidc/v1/token", post(oidc::token))
        .route(
            "/api/2.1/unity-catalog/tables/{full_name}",
            get(unity_catalog::table),
        )
        .route(
            "/zerobus/v1/tables/{full_name}/insert",
            // A little more than is taken, so that what is too much is told so.
            post(insert::insert).layer(DefaultBodyLimit::max(2 * MAX_RAW_BYTES)),
        )
        .with_state(endpoint.clone());
    let routes = grpc::add_to(Routes::default(), endpoint);
    flight::add_to(routes, endpoint)
        .into_axum_router()
        .merge(rest)
}
