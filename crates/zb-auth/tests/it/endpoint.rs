//! A token endpoint that answers what it is told to, and remembers what it was asked.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, Uri},
};
use tokio::net::TcpListener;
use zb_auth::{ClientCredentials, ClientCredentialsBuilder};
use zb_types::Secret;

pub(crate) const CLIENT_ID: &str = "f3f3a0b8-0d6c-4d0f-9d0b-2f8f0d4f9e11";
pub(crate) const CLIENT_SECRET: &str = "dose-hunter2";

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    never: bool,
}

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/json".to_owned())],
        body: body.into(),
        never: false,
    }
}

pub(crate) fn token(secret: &str, expires_in: u64) -> Answer {
    let body = format!(
        r#"{{"access_token":"{secret}","token_type":"Bearer","expires_in":{expires_in},"scope":"all-apis"}}"#
    );
    answer(200, body)
}

/// Takes the request and then says nothing.
pub(crate) fn silence() -> Answer {
    Answer {
        never: true,
        ..answer(200, "")
    }
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) form: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Answer>,
    requests: Vec<Request>,
}

/// The endpoint. It lives as long as the test's runtime.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl Endpoint {
    /// Gives these answers in turn, and then 418.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .fallback(serve)
            .with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, script }
    }

    /// Credentials for this endpoint.
    pub(crate) fn credentials(&self) -> ClientCredentialsBuilder {
        let secret = Secret::from(CLIENT_SECRET);
        ClientCredentials::builder(&self.url, CLIENT_ID, secret, "1234567890")
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.script.lock().unwrap().requests.clone()
    }
}

async fn serve(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let answer = {
        let mut script = script.lock().unwrap();
        script.requests.push(Request {
            path: uri.path().to_owned(),
            headers,
            form: url::form_urlencoded::parse(&body).into_owned().collect(),
        });
        script.answers.pop_front().unwrap_or(answer(418, ""))
    };
    if answer.never {
        std::future::pending::<()>().await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}
