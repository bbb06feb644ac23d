//! The HTTP client of the exporters: the reqwest that the whole house uses.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use reqwest::{Certificate, Identity, redirect::Policy};

use super::environment::Tls;

/// A collector answers with a few bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Posts, follows nobody elsewhere, and keeps headers out of logs.
#[derive(Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    /// TLS is ring's, unless the program has installed another provider for itself.
    pub(super) fn new(timeout: Duration, tls: &Tls) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(Policy::none());
        if let Some(authority) = &tls.authority {
            for certificate in Certificate::from_pem_bundle(authority)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some((certificate, key)) = &tls.identity {
            let pem = [&certificate[..], b"\n", &key[..]].concat();
            builder = builder.identity(Identity::from_pem(&pem)?);
        }
        builder.build().map(Self)
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        for value in request.headers_mut().values_mut() {
            value.set_sensitive(true);
        }
        let request = reqwest::Request::try_from(request).map_err(reqwest::Error::without_url)?;
        let answer = self.0.execute(request).await;
        let mut answer = answer.map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(ResponseBodyTooLarge::new().into());
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}
