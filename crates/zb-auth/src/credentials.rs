//! Tokens for a service principal: the client credentials grant of OAuth.

use std::time::Duration;

use oauth2::{
    Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError,
    StandardRevocableToken, TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
        BasicTokenType,
    },
};
use tokio::time::Instant;
use url::Url;
use zb_types::{ExposeSecret, Secret};

use crate::{
    EndpointProblem, Error, Outage, ProtocolFault, Reply, Scope, Token, TokenSource, async_trait,
    endpoint::token_url,
    http::{Exchange, Head, Http},
    response::Response,
    scope::{authorization_details, resource},
};

const ALL_APIS: &str = "all-apis";

/// Tokens for a service principal, by its client id and secret.
///
/// It asks once per [`fetch`](TokenSource::fetch) and remembers nothing: put it into a
/// [`TokenCache`](crate::TokenCache), and into [`Retrying`](crate::Retrying) to be patient.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    token_url: Url,
    client_id: String,
    client_secret: Secret,
    workspace_id: String,
    http: Http,
}

impl ClientCredentials {
    /// Tokens from the workspace at `unity_catalog_url` (such as `DATABRICKS_HOST`) for its
    /// Zerobus endpoint. [`workspace_id_from_endpoint`](crate::workspace_id_from_endpoint) tells
    /// the id.
    pub fn builder(
        unity_catalog_url: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: Secret,
        workspace_id: impl Into<String>,
    ) -> ClientCredentialsBuilder {
        ClientCredentialsBuilder {
            unity_catalog_url: unity_catalog_url.into(),
            client_id: client_id.into(),
            client_secret,
            workspace_id: workspace_id.into(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(20),
            allow_plaintext: false,
        }
    }

    async fn request(&self, scope: &Scope) -> Result<Response, Error> {
        let secret = self.client_secret.expose_secret().to_owned();
        let client: OAuth = Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()));
        let mut request = client
            .exchange_client_credentials()
            .add_scope(oauth2::Scope::new(ALL_APIS.to_owned()));
        if let Scope::Table(table) = scope {
            request = request
                .add_extra_param("resource", resource(&self.workspace_id))
                .add_extra_param("authorization_details", authorization_details(table));
        }
        let exchange = Exchange::new(&self.http);
        let outcome = request.request_async(&exchange).await;
        outcome.map_err(|error| self.refusal(error, exchange.head()))
    }

    /// What a failed request means. Nothing of the answer is kept but its OAuth error.
    fn refusal(
        &self,
        error: RequestTokenError<Error, BasicErrorResponse>,
        head: Option<Head>,
    ) -> Error {
        let said = match error {
            RequestTokenError::Request(error) => return error,
            RequestTokenError::ServerResponse(said) => Some(said),
            RequestTokenError::Parse(error, _) if head.is_some_and(|head| head.status == 200) => {
                // The parser's own text may quote what it read.
                return if error.inner().is_data() {
                    ProtocolFault::NoToken.into()
                } else {
                    ProtocolFault::NotJson.into()
                };
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => None,
        };
        let Some(head) = head else {
            return EndpointProblem::Client.into();
        };
        if head.status == 200 {
            return ProtocolFault::NotJson.into();
        }
        let code = said.as_ref().map(|said| said.error().as_ref().to_owned());
        let mut reply = Reply::new(head.status);
        if let (Some(code), Some(said)) = (&code, &said) {
            let description = said.error_description().map(String::as_str);
            reply = reply.saying(code, description, &self.client_secret);
        }
        classify(reply, code.as_deref(), head.retry_after, self.http.host())
    }
}

/// The one table that says what a refusal means. The status decides first where it speaks of the
/// moment, then the OAuth code, then the status again.
fn classify(reply: Reply, code: Option<&str>, retry_after: Option<Duration>, host: &str) -> Error {
    let unavailable = |reply| Error::Unavailable {
        outage: Outage::Reply(reply),
        retry_after,
        source: None,
    };
    match (reply.status(), code) {
        (408 | 429 | 500..=599, _) | (_, Some("temporarily_unavailable" | "server_error")) => {
            unavailable(reply)
        }
        (_, Some("invalid_client")) => Error::Credentials { reply },
        // The last two: RFC 8707 and RFC 9396, a workspace or a table that is not the client's.
        (
            _,
            Some(
                "access_denied"
                | "invalid_grant"
                | "invalid_scope"
                | "unauthorized_client"
                | "invalid_target"
                | "invalid_authorization_details",
            ),
        )
        | (403, _) => Error::Permission { reply },
        (401, _) => Error::Credentials { reply },
        (300..=399, _) | (404 | 405 | 410, None) => EndpointProblem::NotFound {
            host: host.to_owned(),
            status: reply.status(),
        }
        .into(),
        _ => ProtocolFault::Refused(reply).into(),
    }
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        let asked = Instant::now();
        let response = self.request(scope).await?;
        if *response.token_type() != BasicTokenType::Bearer {
            return Err(ProtocolFault::TokenType.into());
        }
        // `expiring` reads zero as unknown.
        let expires_in = response.expires_in().unwrap_or_default();
        let token = Token::new(response.into_token()).expiring(asked, expires_in);
        if token.is_legal() {
            Ok(token)
        } else {
            Err(ProtocolFault::IllegalToken.into())
        }
    }
}

/// A client that knows its token endpoint and no other, and reads tokens as [`Response`].
type OAuth = Client<
    BasicErrorResponse,
    Response,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Settings of [`ClientCredentials`].
///
/// # Defaults
///
/// | setting | default |
/// |---|---|
/// | [connect timeout](Self::with_connect_timeout) | 5 s |
/// | [timeout](Self::with_timeout) | 20 s |
/// | [plaintext](Self::allow_plaintext) | to loopback addresses only |
#[must_use]
#[derive(Debug, Clone)]
pub struct ClientCredentialsBuilder {
    unity_catalog_url: String,
    client_id: String,
    client_secret: Secret,
    workspace_id: String,
    connect_timeout: Duration,
    timeout: Duration,
    allow_plaintext: bool,
}

impl ClientCredentialsBuilder {
    /// How long connecting may take, TLS included.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one request may take, from connecting to the last byte of the answer.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends the client secret over `http` to any host. Whoever is on the way can read it.
    pub fn allow_plaintext(mut self) -> Self {
        self.allow_plaintext = true;
        self
    }

    /// Checks the address and sets up the HTTP client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] when the URL is none, has more than a host and a path, or is `http`
    /// without being allowed to.
    pub fn build(self) -> Result<ClientCredentials, Error> {
        let token_url = token_url(&self.unity_catalog_url, self.allow_plaintext)?;
        let http = Http::new(&token_url, self.connect_timeout, self.timeout)?;
        Ok(ClientCredentials {
            token_url,
            client_id: self.client_id,
            client_secret: self.client_secret,
            workspace_id: self.workspace_id,
            http,
        })
    }
}
