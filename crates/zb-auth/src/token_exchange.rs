//! Federation: the token of an identity provider for one of Databricks (RFC 8693).

use std::{fmt, sync::Arc, time::Duration};

use oauth2::{
    basic::BasicErrorResponse,
    http::{
        Method, Request,
        header::{ACCEPT, CONTENT_TYPE},
    },
};
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zb_types::{ExposeSecret, Secret};

use crate::{
    EndpointProblem, Error, Scope, Token, TokenSource, async_trait,
    http::{Exchange, Http},
    refusal::refusal,
    response::Response,
    workspace::Workspace,
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Tokens for a JWT that someone else vouches for: an identity provider, a cloud, a cluster. The
/// workspace has to trust it (a *federation policy*). No secret of Databricks is needed.
///
/// It asks `subject` for a token and exchanges that, once per [`fetch`](TokenSource::fetch). As
/// [`ClientCredentials`](crate::ClientCredentials) it remembers nothing.
///
/// ```
/// use zb_auth::{FileToken, TokenCache, TokenExchange};
///
/// # fn main() -> Result<(), zb_auth::Error> {
/// // What Kubernetes projects into a pod, for a service principal of the workspace.
/// let subject = FileToken::new("/var/run/secrets/tokens/databricks");
/// let exchange = TokenExchange::builder("https://dbc-a1b2c3d4-e5f6.cloud.databricks.com", subject, "1234567890")
///     .client_id("f3f3a0b8-0d6c-4d0f-9d0b-2f8f0d4f9e11")
///     .build()?;
/// let tokens = TokenCache::new(exchange);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenExchange {
    token_url: Url,
    subject: Arc<dyn TokenSource>,
    client_id: Option<String>,
    workspace_id: String,
    http: Http,
}

impl TokenExchange {
    /// Exchanges the tokens of `subject` at the workspace at `unity_catalog_url` (such as
    /// `DATABRICKS_HOST`) for ones for its Zerobus endpoint.
    /// [`workspace_id_from_endpoint`](crate::workspace_id_from_endpoint) tells the id.
    pub fn builder(
        unity_catalog_url: impl Into<String>,
        subject: impl TokenSource + 'static,
        workspace_id: impl Into<String>,
    ) -> TokenExchangeBuilder {
        TokenExchangeBuilder {
            workspace: Workspace::new(unity_catalog_url),
            subject: Arc::new(subject),
            client_id: None,
            workspace_id: workspace_id.into(),
        }
    }

    fn form(&self, scope: &Scope, subject: &Secret) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", GRANT)
            .append_pair("subject_token", subject.expose_secret())
            .append_pair("subject_token_type", JWT)
            .extend_pairs(scope.fields(&self.workspace_id));
        if let Some(client_id) = &self.client_id {
            form.append_pair("client_id", client_id);
        }
        form.finish()
    }
}

#[async_trait]
impl TokenSource for TokenExchange {
    async fn fetch(&self, scope: &Scope) -> Result<Token, Error> {
        let subject = self.subject.fetch(scope).await?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.token_url.as_str())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(scope, subject.secret()).into_bytes())
            .map_err(|_| EndpointProblem::Client)?;
        let asked = Instant::now();
        let (head, body) = Exchange::new(&self.http).carry_out(request).await?;
        if head.status == 200 {
            let response: Response =
                serde_json::from_slice(&body).map_err(|error| Response::fault(&error))?;
            return response.into_token(asked);
        }
        let said: Option<BasicErrorResponse> = serde_json::from_slice(&body).ok();
        let host = self.http.host();
        Err(refusal(head, said.as_ref(), subject.secret(), host))
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("token_url", &self.token_url.as_str())
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Settings of [`TokenExchange`].
///
/// # Defaults
///
/// | setting | default |
/// |---|---|
/// | [client id](Self::client_id) | none: the workspace knows the subject itself |
/// | [connect timeout](Self::connect_timeout) | 5 s |
/// | [timeout](Self::timeout) | 20 s |
/// | [plaintext](Self::allow_plaintext) | to loopback addresses only |
#[must_use]
#[derive(Clone)]
pub struct TokenExchangeBuilder {
    workspace: Workspace,
    subject: Arc<dyn TokenSource>,
    client_id: Option<String>,
    workspace_id: String,
}

impl TokenExchangeBuilder {
    /// The service principal that the tokens are for.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// How long connecting may take, TLS included.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.workspace.limits.connect = timeout;
        self
    }

    /// How long the exchange may take, from connecting to the last byte of the answer. The subject's
    /// token is fetched before that.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.workspace.limits.total = timeout;
        self
    }

    /// Sends the subject's token over `http` to any host. Whoever is on the way can read it.
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
    pub fn build(self) -> Result<TokenExchange, Error> {
        let (token_url, http) = self.workspace.connect()?;
        Ok(TokenExchange {
            token_url,
            subject: self.subject,
            client_id: self.client_id,
            workspace_id: self.workspace_id,
            http,
        })
    }
}

impl fmt::Debug for TokenExchangeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchangeBuilder")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
