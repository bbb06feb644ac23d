//! Tokens for a service principal: the client credentials grant of OAuth.

use std::time::Duration;

use oauth2::{
    Client, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RequestTokenError,
    StandardRevocableToken, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};
use tokio::time::Instant;
use url::Url;
use zb_types::{ExposeSecret, Secret};

use crate::{
    EndpointProblem, Error, Profile, ProtocolFault, Scope, Token, TokenSource, async_trait,
    environment,
    http::{Exchange, Head, Http},
    refusal::refusal,
    response::Response,
    workspace::Workspace,
};

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
            workspace: Workspace::new(unity_catalog_url),
            client_id: client_id.into(),
            client_secret,
            workspace_id: workspace_id.into(),
        }
    }

    /// The service principal of `DATABRICKS_HOST`, `DATABRICKS_CLIENT_ID` and
    /// `DATABRICKS_CLIENT_SECRET`.
    ///
    /// # Errors
    ///
    /// [`Error::Place`] that names the first variable which is not set.
    pub fn from_environment(
        workspace_id: impl Into<String>,
    ) -> Result<ClientCredentialsBuilder, Error> {
        Ok(Self::builder(
            environment::secret("DATABRICKS_HOST")?.expose_secret(),
            environment::secret("DATABRICKS_CLIENT_ID")?.expose_secret(),
            environment::secret("DATABRICKS_CLIENT_SECRET")?,
            workspace_id,
        ))
    }

    /// The service principal of a profile: its `host`, `client_id` and `client_secret`.
    ///
    /// # Errors
    ///
    /// [`Error::Place`] that names the first setting which is not there.
    pub fn from_profile(
        profile: &Profile,
        workspace_id: impl Into<String>,
    ) -> Result<ClientCredentialsBuilder, Error> {
        Ok(Self::builder(
            profile.require("host")?.expose_secret(),
            profile.require("client_id")?.expose_secret(),
            profile.require("client_secret")?.clone(),
            workspace_id,
        ))
    }

    async fn request(&self, scope: &Scope) -> Result<Response, Error> {
        let secret = self.client_secret.expose_secret().to_owned();
        let client: OAuth = Client::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()));
        let mut request = client.exchange_client_credentials();
        for (name, value) in scope.fields(&self.workspace_id) {
            request = request.add_extra_param(name, value);
        }
        let exchange = Exchange::new(&self.http);
        let outcome = request.request_async(&exchange).await;
        outcome.map_err(|error| self.failure(error, exchange.head()))
    }

    /// What a failed request means. Nothing of the answer is kept but its OAuth error.
    fn failure(
        &self,
        error: RequestTokenError<Error, BasicErrorResponse>,
        head: Option<Head>,
    ) -> Error {
        let said = match error {
            RequestTokenError::Request(error) => return error,
            RequestTokenError::ServerResponse(said) => Some(said),
            RequestTokenError::Parse(error, _) if head.is_some_and(|head| head.status == 200) => {
                return Response::fault(error.inner()).into();
            }
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => None,
        };
        let Some(head) = head else {
            return EndpointProblem::Client.into();
        };
        if head.status == 200 {
            return ProtocolFault::NotJson.into();
        }
        refusal(head, said.as_ref(), &self.client_secret, self.http.host())
    }
}

#[async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        let asked = Instant::now();
        self.request(scope).await?.into_token(asked)
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
/// | [connect timeout](Self::connect_timeout) | 5 s |
/// | [timeout](Self::timeout) | 20 s |
/// | [plaintext](Self::allow_plaintext) | to loopback addresses only |
#[must_use]
#[derive(Debug, Clone)]
pub struct ClientCredentialsBuilder {
    workspace: Workspace,
    client_id: String,
    client_secret: Secret,
    workspace_id: String,
}

impl ClientCredentialsBuilder {
    /// How long connecting may take, TLS included.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.workspace.limits.connect = timeout;
        self
    }

    /// How long one request may take, from connecting to the last byte of the answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.workspace.limits.total = timeout;
        self
    }

    /// Sends the client secret over `http` to any host. Whoever is on the way can read it.
    pub fn allow_plaintext(mut self) -> Self {
        self.workspace.allow_plaintext = true;
        self
    }

    /// Checks the address and sets up the HTTP client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Endpoint`] when the URL is none, has more than a host and a path, or is `http`
    /// without being allowed to.
    pub fn build(self) -> Result<ClientCredentials, Error> {
        let (token_url, http) = self.workspace.connect()?;
        Ok(ClientCredentials {
            token_url,
            client_id: self.client_id,
            client_secret: self.client_secret,
            workspace_id: self.workspace_id,
            http,
        })
    }
}
