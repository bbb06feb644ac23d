//! The page for people: who gets it, what is on it, and what it changes.

use reqwest::{
    Method, StatusCode,
    header::{HOST, ORIGIN},
    redirect::Policy,
};
use tonic::Code;
use zb_local::{Server, ServerBuilder, faults::Fault};
use zb_types::ExposeSecret as _;

use crate::{
    client::{Said, Stream, batch, encoder, http, record, rest_form, rows, token},
    lake::{self, flights, schema, table_name},
};

async fn start(set_up: impl FnOnce(ServerBuilder) -> ServerBuilder) -> (Server, tempfile::TempDir) {
    lake::server(|builder| set_up(builder.ui())).await
}

/// What a browser gets.
async fn page(server: &Server) -> String {
    let url = server.ui_url().unwrap();
    let answer = http(server).get(url).send().await.unwrap();
    answer.error_for_status().unwrap().text().await.unwrap()
}

/// The token of the forms.
fn form_token(page: &str) -> &str {
    let (_, rest) = page.split_once(r#"name="token" value=""#).unwrap();
    rest.split_once('"').unwrap().0
}

/// A browser that does not go where it is sent.
fn browser() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.redirect(Policy::none()).build().unwrap()
}

async fn post(server: &Server, path: &str, form: &[(&str, &str)]) -> StatusCode {
    let url = format!("{}{path}", server.ui_url().unwrap());
    let sent = browser().post(url).form(form).send();
    sent.await.unwrap().status()
}

/// The number of the fault with this name, as its form has it.
fn number(page: &str, name: &str) -> usize {
    let (before, _) = page.split_once(&format!(r#"aria-label="{name}""#)).unwrap();
    let (_, number) = before.rsplit_once(r#"action="/ui/faults/"#).unwrap();
    let end = number.find(['"', '?']).unwrap();
    number[..end].parse().unwrap()
}

async fn switch(server: &Server, name: &str, on: bool) {
    let page = page(server).await;
    let path = format!("/faults/{}", number(&page, name));
    let form = [("token", form_token(&page)), ("on", &*on.to_string())];
    assert_eq!(post(server, &path, &form).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn there_is_no_page_that_nobody_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::builder(dir.path()).start().await.unwrap();
    assert_eq!(server.ui_url(), None);
    for path in ["/ui", "/ui/style.css", "/ui/script.js"] {
        let url = format!("{}{path}", server.unity_catalog_url());
        let answer = http(&server).get(url).send().await.unwrap();
        // What nothing else serves is gRPC's, which says in its own way that there is no such method.
        assert_eq!(answer.headers()["grpc-status"], "12", "{path}");
        assert_eq!(answer.text().await.unwrap(), "");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_page_shows_what_happens_and_no_secret() {
    let (server, _dir) = start(|builder| builder.http("127.0.0.1:0")).await;
    let url = server.ui_url().unwrap();
    assert_eq!(url, format!("{}/ui", server.unity_catalog_url()));
    let table = table_name();
    assert!(page(&server).await.contains("No row came yet"));

    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table, &encoder).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    stream.acked(0).await;
    let shown = page(&server).await;
    for part in [
        "main.nyc.flights",
        "Protobuf",
        "1 open",
        server.endpoint(),
        server.client_id(),
        "flight 2",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    stream.send(record(7, Vec::new())).await;
    let (_, said) = stream.end().await;
    assert!(matches!(said, Said::Failed(Code::InvalidArgument, _)));
    let shown = page(&server).await;
    assert!(shown.contains("Non-incremental offset: expected 1, actual 7"));
    assert!(shown.contains("0 open"), "{shown}");

    // A token is a secret as well.
    let issued = token(&server, &rest_form()).await;
    let shown = page(&server).await;
    for secret in [server.client_secret().expose_secret(), &issued] {
        assert!(!shown.contains(secret), "{shown}");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_clients_say_is_not_html() {
    let (server, _dir) = start(|builder| builder).await;
    let form = [("grant_type", "<img src=x>\"'&".to_owned())];
    let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
    let secret = server.client_secret().expose_secret();
    let asked = http(&server)
        .post(url)
        .basic_auth(server.client_id(), Some(secret));
    let status = asked.form(&form).send().await.unwrap().status();
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let shown = page(&server).await;
    assert!(shown.contains("&lt;img src=x&gt;"), "{shown}");
    assert!(!shown.contains("<img"), "{shown}");
    // A choice that is no table is none.
    let url = format!("{}?table=%22%3E%3Cimg%3E", server.ui_url().unwrap());
    let chosen = http(&server).get(url).send().await.unwrap();
    assert!(!chosen.text().await.unwrap().contains("<img"));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn names_that_lead_here_from_elsewhere_get_nothing() {
    let (server, _dir) = start(|builder| builder).await;
    let url = server.ui_url().unwrap();
    let asked = |host: &str, path: &str| {
        let asked = browser().get(format!("{url}{path}"));
        asked.header(HOST, host).send()
    };
    for path in ["", "/style.css", "/script.js", "/icon.svg"] {
        let answer = asked("rebound.example:80", path).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        let answer = asked("localhost:80", path).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn other_pages_change_nothing() {
    let (server, _dir) = start(|builder| builder).await;
    let shown = page(&server).await;
    let token = form_token(&shown);
    let number = number(&shown, "500 from the token endpoint");
    let path = format!("/faults/{number}");
    let url = format!("{}{path}", server.ui_url().unwrap());
    let right = [("token", token), ("on", "true")];

    // Without the token, with another one, from another origin, by a link.
    let statuses = [
        post(&server, &path, &[("on", "true")]).await,
        post(&server, &path, &[("token", "x"), ("on", "true")]).await,
        post(&server, "/close", &[("token", "x")]).await,
    ];
    assert!(
        statuses.iter().all(StatusCode::is_client_error),
        "{statuses:?}"
    );
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let sent = browser().post(&url).header(ORIGIN, origin).form(&right);
        let status = sent.send().await.unwrap().status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
    }
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let sent = browser().request(method.clone(), format!("{url}?on=true&token={token}"));
        let status = sent.send().await.unwrap().status();
        assert!(status.is_client_error(), "{method}: {status}");
    }
    assert!(page(&server).await.contains(">0 on<"));

    let origin = server.unity_catalog_url();
    let sent = browser().post(&url).header(ORIGIN, origin).form(&right);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    assert!(page(&server).await.contains(">1 on<"));
    let no_such = post(&server, "/faults/99", &right).await;
    assert_eq!(no_such, StatusCode::NOT_FOUND);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn switches_are_felt_at_once() {
    let scripted = Fault::on_token().answer(418).named("teapot");
    let (server, _dir) = start(|builder| builder.faults(scripted)).await;
    let table = table_name();
    let asked = || async {
        let url = format!("{}/oidc/v1/token", server.unity_catalog_url());
        http(&server).post(url).send().await.unwrap().status()
    };
    assert_eq!(asked().await, StatusCode::IM_A_TEAPOT);
    switch(&server, "teapot", false).await;
    assert_eq!(asked().await, StatusCode::UNAUTHORIZED);
    switch(&server, "500 from the token endpoint", true).await;
    assert_eq!(asked().await, StatusCode::INTERNAL_SERVER_ERROR);
    switch(&server, "500 from the token endpoint", false).await;
    // Only what is of the script is told to the owner.
    assert_eq!(server.faults().len(), 1);

    let encoder = encoder(&schema());
    let mut stream = Stream::open(&server, &table, &encoder).await;
    switch(&server, "Withhold acknowledgements", true).await;
    stream.send(batch(0, rows(&encoder, &flights(0..3)))).await;
    while !page(&server)
        .await
        .contains("no acknowledgement · happened 1")
    {
        tokio::task::yield_now().await;
    }
    switch(&server, "Withhold acknowledgements", false).await;
    stream.send(batch(1, rows(&encoder, &flights(0..3)))).await;
    assert_eq!(stream.next().await, Said::Ack(1));

    let shown = page(&server).await;
    let form = [("token", form_token(&shown))];
    assert_eq!(post(&server, "/close", &form).await, StatusCode::SEE_OTHER);
    assert!(matches!(stream.next().await, Said::Close(_)));
    assert!(page(&server).await.contains("told to close"));
    drop(stream);
    server.shutdown().await.unwrap();
}
