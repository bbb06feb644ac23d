//! The HTTP client: time limits, no redirects, a limit on what is read, and failures by class.

use std::{error::Error as StdError, io, pin::Pin, sync::Arc, sync::OnceLock, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, header::AUTHORIZATION, redirect};
use url::Url;

use crate::{Cause, EndpointProblem, Error, Outage, ProtocolFault, retry_after::retry_after};

/// Far over any token: a JWT has a few kilobytes.
const MAX_ANSWER: usize = 256 * 1024;

/// Token requests are rare and spread out: a connection kept longer than this is likely dead.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connecting, TLS included.
    pub(crate) connect: Duration,
    /// A request, from connecting to the last byte of the answer.
    pub(crate) total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
        }
    }
}

/// The client that all requests of one source share.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    host: String,
}

impl Http {
    pub(crate) fn new(url: &Url, limits: Limits) -> Result<Self, Error> {
        let mut builder = Client::builder()
            .user_agent(concat!("zb-auth/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_idle_timeout(MAX_IDLE)
            // A redirect would carry the request, not the reason, to another host.
            .redirect(redirect::Policy::none());
        if zb_types::is_loopback_host(url.host_str().unwrap_or_default()) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| Error::Endpoint {
            problem: EndpointProblem::Client,
            source: Some(Arc::new(error)),
        })?;
        let host = url.authority().to_owned(); // a user or a password is refused before
        Ok(Self { client, host })
    }

    /// The host and port that requests go to, for error texts.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    async fn send(
        &self,
        request: HttpRequest,
        head: &OnceLock<Head>,
    ) -> Result<HttpResponse, Error> {
        let mut request = reqwest::Request::try_from(request).map_err(|e| self.failure(e))?;
        if let Some(credentials) = request.headers_mut().get_mut(AUTHORIZATION) {
            credentials.set_sensitive(true);
        }
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(|e| self.failure(e))?;
        let status = response.status();
        let _ = head.set(Head {
            status: status.as_u16(),
            retry_after: retry_after(response.headers()),
        });
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.failure(e))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(ProtocolFault::TooLarge { limit: MAX_ANSWER }.into());
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = HttpResponse::new(body);
        *answer.status_mut() = status;
        Ok(answer)
    }

    /// The class of a failed request. The path of the address is left out.
    fn failure(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        let tls = is_tls(&error);
        let (timeout, ours) = (error.is_timeout(), error.is_builder());
        let cause: Cause = Arc::new(error);
        let source = Some(cause);
        let endpoint = |problem, source| Error::Endpoint { problem, source };
        let host = self.host.clone();
        if tls {
            return endpoint(EndpointProblem::Tls { host }, source);
        }
        if ours {
            return endpoint(EndpointProblem::Client, source);
        }
        Error::Unavailable {
            outage: if timeout {
                Outage::Timeout { host }
            } else {
                Outage::Connection { host }
            },
            retry_after: None,
            source,
        }
    }
}

/// Whether the TLS layer refused the peer: it reports that as invalid data.
fn is_tls(error: &reqwest::Error) -> bool {
    if !error.is_connect() {
        return false;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        cause = match error.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::InvalidData => return true,
            // `source` of an `io::Error` skips the error that it wraps.
            Some(error) => error
                .get_ref()
                .map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    false
}

/// The first lines of an answer, which the `oauth2` crate does not report with an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
}

/// One request and the head of its answer.
pub(crate) struct Exchange<'a> {
    http: &'a Http,
    head: OnceLock<Head>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(http: &'a Http) -> Self {
        Self {
            http,
            head: OnceLock::new(),
        }
    }

    /// Sends the request: for what the `oauth2` crate has no grant for.
    pub(crate) async fn carry_out(self, request: HttpRequest) -> Result<(Head, Vec<u8>), Error> {
        let answer = self.http.send(request, &self.head).await?;
        let head = self.head().ok_or(EndpointProblem::Client)?;
        Ok((head, answer.into_body()))
    }

    /// What came back, once something did.
    pub(crate) fn head(&self) -> Option<Head> {
        self.head.get().copied()
    }
}

impl<'c> AsyncHttpClient<'c> for Exchange<'_> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.http.send(request, &self.head))
    }
}
