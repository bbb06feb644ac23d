//! Nothing of a secret in anything that is logged, by this crate or by those below it.

use std::{
    io::{self, Write},
    iter::repeat_n,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use tracing_subscriber::fmt::MakeWriter;
use zb_auth::{Callback, ClientCredentials, Retrying, Token, TokenCache, TokenExchange};
use zb_types::Secret;

use crate::{
    endpoint::{Endpoint, answer, token},
    request::flights,
};

const CLIENT_ID: &str = "canary-client";
const CLIENT_SECRET: &str = "dose canary/secret";
const SUBJECT: &str = "eyJ.canary-subject.sig";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_shows_a_secret() {
    let log = Log::default();
    // For the whole process, so that records of the crate `log` are seen as well.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();

    // Each endpoint repeats the secret that it was sent.
    let answers = |secret: &str| {
        let echo = format!(r#"{{"error":"x","error_description":"no {secret} here"}}"#);
        [
            answer(503, echo.as_str()),
            token("canary-token", 3600),
            answer(400, echo.as_str()),
            answer(200, r#"{"access_token":"canary-token \n"}"#),
            answer(200, format!("[{echo}")),
        ]
    };
    let endpoint = Endpoint::start(answers(CLIENT_SECRET)).await;
    let secret = Secret::from(CLIENT_SECRET);
    let credentials = ClientCredentials::builder(&endpoint.url, CLIENT_ID, secret, "1");
    let again = || repeat_n(Duration::from_millis(1), 1);
    let credentials = TokenCache::new(Retrying::new(credentials.build().unwrap(), again));
    let other = Endpoint::start(answers(SUBJECT)).await;
    let subject = Callback::new(|_| async { Ok(Token::new(SUBJECT)) });
    let exchange = TokenExchange::builder(&other.url, subject, "1")
        .build()
        .unwrap();
    let exchange = TokenCache::new(Retrying::new(exchange, again));
    for cache in [credentials, exchange] {
        let lease = cache.token(&flights()).await.unwrap();
        tracing::info!(?lease, ?cache, "what a program may log");
        for _ in 0..3 {
            cache.invalidate(&flights(), lease.generation());
            let error = cache.token(&flights()).await.unwrap_err();
            tracing::warn!(%error, ?error, "what a program may log");
        }
    }

    let text = log.text();
    for expected in [
        "new token",
        "no token yet",
        "no token",
        "hyper",
        "no *** here",
    ] {
        assert!(text.contains(expected), "{expected} is not logged");
    }
    let encoded =
        |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{CLIENT_ID}:{CLIENT_SECRET}");
    let encoded_pair = format!("{CLIENT_ID}:{}", encoded(CLIENT_SECRET));
    for secret in [
        "canary-token".to_owned(),
        "canary-subject".to_owned(),
        CLIENT_SECRET.to_owned(),
        encoded(CLIENT_SECRET),
        BASE64_STANDARD.encode(pair),
        BASE64_STANDARD.encode(encoded_pair),
    ] {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is logged");
    }
}
