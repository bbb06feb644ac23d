//! A page for people, at `/ui`: what the endpoint does now, and switches for its faults.
//!
//! Everything is written here, in HTML: the page is the same without its script, which does no more
//! than ask for it again and put what has changed in its place. Values reach the page through
//! `maud`, which escapes them; nothing in it is written by a script.

mod gate;
mod page;

use std::{future::ready, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Form, Path, Query, Request, State},
    http::{HeaderName, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use zb_types::TableName;

pub(crate) use gate::Peer;

use crate::{endpoint::Endpoint, watch::Notes};
use gate::{Gate, Refused};

/// Where the page is.
pub(crate) const PATH: &str = "/ui";

/// How long streams are served after the close signal that is given by hand.
const GRACE: Duration = Duration::from_secs(10);

/// Nothing from elsewhere, nothing inline, and in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page is made from.
#[derive(Debug)]
struct Ui {
    endpoint: Arc<Endpoint>,
    notes: Arc<Notes>,
    gate: Gate,
    endpoint_url: String,
    unity_catalog_url: String,
}

/// What a person has chosen to see.
#[derive(Debug, Default, Deserialize)]
struct Chosen {
    table: Option<String>,
}

impl Chosen {
    /// What is no name of a table is no choice.
    fn table(&self) -> Option<TableName> {
        self.table.as_deref()?.parse().ok()
    }

    /// Back to the page, with the same choice.
    fn page(&self) -> Redirect {
        Redirect::to(&page::link(PATH, self.table().as_ref()))
    }
}

/// A form without more.
#[derive(Deserialize)]
struct Order {
    token: String,
}

/// A form that switches.
#[derive(Deserialize)]
struct SwitchOrder {
    token: String,
    on: bool,
}

/// The page of an endpoint that is watched; nothing, where it is not.
pub(crate) fn routes(
    endpoint: &Arc<Endpoint>,
    endpoint_url: &str,
    unity_catalog_url: &str,
) -> Router {
    let Some(notes) = endpoint.watch.notes() else {
        return Router::new();
    };
    let ui = Arc::new(Ui {
        endpoint: endpoint.clone(),
        notes: notes.clone(),
        gate: Gate::new(),
        endpoint_url: endpoint_url.to_owned(),
        unity_catalog_url: unity_catalog_url.to_owned(),
    });
    let style = ("text/css; charset=utf-8", include_str!("assets/style.css"));
    let script = (
        "text/javascript; charset=utf-8",
        include_str!("assets/script.js"),
    );
    let icon = ("image/svg+xml", include_str!("assets/icon.svg"));
    Router::new()
        .route(PATH, get(show))
        .route("/ui/style.css", get(move || ready(asset(style))))
        .route("/ui/script.js", get(move || ready(asset(script))))
        .route("/ui/icon.svg", get(move || ready(asset(icon))))
        .route("/ui/faults/{number}", post(switch))
        .route("/ui/close", post(close))
        .route_layer(middleware::from_fn(guard))
        .with_state(ui)
}

/// Lets nobody in from elsewhere, and says how answers are to be treated.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = match gate::admit(&request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn asset((kind, text): (&'static str, &'static str)) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn show(State(ui): State<Arc<Ui>>, Query(chosen): Query<Chosen>) -> Html<String> {
    let tables = ui.endpoint.lake.open_tables().await;
    Html(page::whole(&ui, &tables, chosen.table()).into_string())
}

/// Switches a fault.
async fn switch(
    State(ui): State<Arc<Ui>>,
    Path(number): Path<usize>,
    Query(chosen): Query<Chosen>,
    Form(order): Form<SwitchOrder>,
) -> Result<Redirect, Refused> {
    ui.gate.check(&order.token)?;
    match ui.endpoint.faults.switch(number, order.on) {
        Some(_) => Ok(chosen.page()),
        None => Err(Refused::because(
            StatusCode::NOT_FOUND,
            "there is no such fault",
        )),
    }
}

/// Tells all streams to close.
async fn close(
    State(ui): State<Arc<Ui>>,
    Query(chosen): Query<Chosen>,
    Form(order): Form<Order>,
) -> Result<Redirect, Refused> {
    ui.gate.check(&order.token)?;
    tracing::info!("all streams are told to close by hand");
    ui.endpoint.rotation.send_replace(GRACE);
    Ok(chosen.page())
}
