//! Keywords of Python as settings of a client and its senders.

use std::{path::PathBuf, sync::Arc, time::Duration};

use pyo3::prelude::*;
use tokio::time::Instant;
use zb_core::{
    ClientBuilder, Fit, Secret,
    auth::{self, Callback, Scope, Token},
    convert::{self, SubMicroseconds},
    debug::{Mirrors, QuarantineDir, Redaction, WhenFull},
    ingest::SenderOptions,
    retry::Policy,
};

use crate::errors;

/// Where the endpoint is and who we are there. All keys of a dict; what is not given is `None`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Connection {
    environment: Option<bool>,
    profile: Option<String>,
    config_file: Option<PathBuf>,
    endpoint: Option<String>,
    host: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    oidc_token_file: Option<PathBuf>,
    token: Option<Py<PyAny>>,
    allow_plaintext: Option<bool>,
}

impl Connection {
    pub(crate) fn apply(self, mut builder: ClientBuilder) -> ClientBuilder {
        if self.environment == Some(true) {
            builder = builder.environment();
        }
        if let Some(profile) = self.profile {
            builder = builder.profile(profile);
        }
        if let Some(file) = self.config_file {
            builder = builder.config_file(file);
        }
        if let Some(endpoint) = self.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(host) = self.host {
            builder = builder.host(host);
        }
        if let Some(id) = self.client_id {
            builder = builder.client_id(id);
        }
        if let Some(secret) = self.client_secret {
            builder = builder.client_secret(Secret::from(secret));
        }
        if let Some(file) = self.oidc_token_file {
            builder = builder.oidc_token_file(file);
        }
        if let Some(token) = self.token {
            builder = builder.token_source(tokens_of(token));
        }
        if self.allow_plaintext == Some(true) {
            builder = builder.allow_plaintext();
        }
        builder
    }
}

/// Tokens from a function of Python, called with the name of a table, or `None` for the workspace. It
/// gives a token, or one with the seconds that it lives.
fn tokens_of(function: Py<PyAny>) -> impl auth::TokenSource {
    let function = Arc::new(function);
    Callback::new(move |scope: Scope| {
        let function = Arc::clone(&function);
        async move {
            let asked = Instant::now();
            let ask = move || {
                Python::attach(|py| {
                    let table = match &scope {
                        Scope::Table(table) => Some(table.to_string()),
                        _ => None,
                    };
                    let token = function.bind(py).call1((table,))?;
                    if let Ok((token, lives)) = token.extract::<(String, f64)>() {
                        return Ok((token, Some(lives)));
                    }
                    Ok::<_, PyErr>((token.extract::<String>()?, None))
                })
            };
            // It may take its time, and the GIL.
            let (token, lives) = tokio::task::spawn_blocking(ask)
                .await
                .map_err(auth::Error::permanent)?
                .map_err(auth::Error::transient)?;
            let token = Token::new(token);
            Ok(match lives.map(Duration::try_from_secs_f64) {
                Some(Ok(lives)) => token.expiring(asked, lives),
                _ => token,
            })
        }
    })
}

/// How rows are sent. All keys of a dict; what is `None` is left as it is.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Delivery {
    application: Option<String>,
    max_in_flight_bytes: Option<usize>,
    request_bytes: Option<usize>,
    request_rows: Option<usize>,
    connect_timeout: Option<Duration>,
    ack_timeout: Option<Duration>,
    max_attempts: Option<u32>,
    give_up_after: Option<Duration>,
    retry_base: Option<Duration>,
    retry_cap: Option<Duration>,
    streams: Option<usize>,
    stamp_rows: Option<bool>,
    sub_microseconds: Option<String>,
}

impl Delivery {
    /// The settings with those that are given.
    pub(crate) fn apply(self, mut options: SenderOptions) -> SenderOptions {
        if let Some(name) = self.application {
            options = options.application(name);
        }
        if let Some(bytes) = self.max_in_flight_bytes {
            options = options.max_in_flight_bytes(bytes);
        }
        if let Some(bytes) = self.request_bytes {
            options = options.request_bytes(bytes);
        }
        if let Some(rows) = self.request_rows {
            options = options.request_rows(rows);
        }
        if let Some(timeout) = self.connect_timeout {
            options = options.connect_timeout(timeout);
        }
        if let Some(timeout) = self.ack_timeout {
            options = options.ack_timeout(timeout);
        }
        if let Some(streams) = self.streams {
            options = options.streams(streams);
        }
        if self.stamp_rows == Some(true) {
            options = options.stamp_rows();
        }
        if self.sub_microseconds.as_deref() == Some("truncate") {
            let encoding = convert::Options::default();
            options = options.encoding(encoding.sub_microseconds(SubMicroseconds::Truncate));
        }
        let retry = [self.retry_base, self.retry_cap, self.give_up_after];
        if self.max_attempts.is_none() && retry.iter().all(Option::is_none) {
            return options;
        }
        let mut policy = Policy::new();
        if let Some(base) = self.retry_base {
            policy = policy.with_base(base);
        }
        if let Some(cap) = self.retry_cap {
            policy = policy.with_cap(cap);
        }
        if let Some(deadline) = self.give_up_after {
            policy = policy.with_deadline(deadline);
        }
        if let Some(attempts) = self.max_attempts {
            policy = policy.with_max_attempts(attempts);
        }
        options.retry(policy)
    }

    /// Refuses what only Python can get wrong.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        match self.sub_microseconds.as_deref() {
            None | Some("reject" | "truncate") => Ok(()),
            Some(other) => Err(errors::configuration(
                py,
                &format!("sub_microseconds is \"reject\" or \"truncate\", not {other:?}"),
            )),
        }
    }
}

/// What a client has besides its senders: files, and the columns of its tables. All keys of a dict.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Besides {
    fit: Option<String>,
    quarantine: Option<PathBuf>,
    debug_dir: Option<PathBuf>,
    debug_only: Option<String>,
    debug_file_bytes: Option<u64>,
    debug_keep_files: Option<u64>,
    debug_hash: Option<Vec<String>>,
    debug_null: Option<Vec<String>>,
    debug_when_full: Option<String>,
}

impl Besides {
    pub(crate) fn apply(
        self,
        py: Python<'_>,
        mut builder: ClientBuilder,
    ) -> PyResult<ClientBuilder> {
        match self.fit.as_deref() {
            None | Some("when_readable") => {}
            Some("required") => builder = builder.fit(Fit::Required),
            Some("off") => builder = builder.fit(Fit::Off),
            Some(other) => {
                let text =
                    format!("fit is \"when_readable\", \"required\" or \"off\", not {other:?}");
                return Err(errors::configuration(py, &text));
            }
        }
        let one_of = |name: &str, choices: [&str; 2], found: Option<&str>| match found {
            Some(found) if !choices.contains(&found) => {
                let [a, b] = choices;
                let text = format!("{name} is \"{a}\" or \"{b}\", not {found:?}");
                Err(errors::configuration(py, &text))
            }
            _ => Ok(()),
        };
        one_of("debug_only", ["arrow", "proto"], self.debug_only.as_deref())?;
        let when_full = self.debug_when_full.as_deref();
        one_of("debug_when_full", ["drop", "block"], when_full)?;
        if let Some(directory) = self.quarantine {
            builder = builder.quarantine(QuarantineDir::builder(directory));
        }
        let Some(directory) = self.debug_dir else {
            return Ok(builder);
        };
        let mut mirrors = Mirrors::builder(directory);
        if self.debug_only.as_deref() != Some("proto") {
            mirrors = mirrors.arrow();
        }
        if self.debug_only.as_deref() != Some("arrow") {
            mirrors = mirrors.proto();
        }
        if let Some(bytes) = self.debug_file_bytes {
            mirrors = mirrors.rotate_bytes(bytes);
        }
        if let Some(files) = self.debug_keep_files {
            mirrors = mirrors.keep_files(files);
        }
        if when_full == Some("block") {
            mirrors = mirrors.when_full(WhenFull::Block);
        }
        for column in self.debug_hash.unwrap_or_default() {
            mirrors = mirrors.redact(column, Redaction::Hash);
        }
        for column in self.debug_null.unwrap_or_default() {
            mirrors = mirrors.redact(column, Redaction::Null);
        }
        Ok(builder.mirrors(mirrors))
    }
}
