//! What a client is made of, wherever it connects to.

use std::sync::Arc;

use async_trait::async_trait;
use zb_auth::{
    ClientCredentials, FileToken, Scope, Token, TokenExchange, workspace_id_from_endpoint,
};
use zb_ingest::SenderOptions;
use zb_telemetry::Recorder;

use crate::{
    Client, Error, Fit, Settings,
    config::{Config, Credentials},
    mirrors::Beside,
    recorded::WatchedTokens,
};

/// All but the tokens and the address of the workspace.
pub(super) struct Parts {
    pub(super) options: SenderOptions,
    pub(super) fit: Fit,
    pub(super) beside: Beside,
    pub(super) recorder: Option<Arc<dyn Recorder>>,
    pub(super) settings: Settings,
}

impl Parts {
    /// The client, whose tokens are watched if someone counts.
    pub(super) fn client(
        self,
        source: impl zb_auth::TokenSource + 'static,
        host: &str,
    ) -> Result<Client, Error> {
        let made = match self.recorder {
            Some(recorder) => {
                let watched = WatchedTokens {
                    source,
                    recorder: Arc::clone(&recorder),
                };
                Client::new(self.options, watched, host, self.fit, Some(recorder))
            }
            None => Client::new(self.options, source, host, self.fit, None),
        };
        Ok(made?.with(self.beside, self.settings))
    }
}

/// Where tokens come from, by the credentials.
pub(super) fn source(
    config: Config,
    plaintext: bool,
) -> Result<Arc<dyn zb_auth::TokenSource>, Error> {
    let Config {
        endpoint,
        host,
        credentials,
    } = config;
    Ok(match credentials {
        Credentials::Client { id, secret } => {
            let workspace = workspace_id_from_endpoint(&endpoint)?;
            let mut source = ClientCredentials::builder(&host, id, secret, workspace);
            if plaintext {
                source = source.allow_plaintext();
            }
            Arc::new(source.build()?)
        }
        Credentials::OidcToken { file, client_id } => {
            let workspace = workspace_id_from_endpoint(&endpoint)?;
            let mut source = TokenExchange::builder(&host, FileToken::new(file), workspace);
            if let Some(id) = client_id {
                source = source.client_id(id);
            }
            if plaintext {
                source = source.allow_plaintext();
            }
            Arc::new(source.build()?)
        }
        // Found only where there is a source of the program's own.
        Credentials::Program => Arc::new(NoTokens),
    })
}

/// The tokens of a client that connects to nothing, and why there are none.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a dry run connects to nothing and has no token")]
pub(super) struct NoTokens;

#[async_trait]
impl zb_auth::TokenSource for NoTokens {
    async fn fetch(&self, _: &Scope) -> Result<Token, zb_auth::Error> {
        Err(zb_auth::Error::permanent(*self))
    }
}
