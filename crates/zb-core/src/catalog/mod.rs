//! What Unity Catalog says of a table.
//!
//! The token for writing is refused there; a plain one for the workspace is asked for instead.

mod description;
mod error;
mod schemas;
mod types;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use zb_auth::{Scope, TokenCache};
use zb_retry::{Policy, retry};
use zb_types::{ExposeSecret, TableName, is_loopback_host};

use crate::Error;

pub use description::{TableColumn, TableDescription};
pub use error::CatalogError;
pub(crate) use schemas::TableSchemas;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of a description is read: a thousand times what one has, or 2000 columns of 8 KiB each.
const MAX_DESCRIPTION: usize = 16 * 1024 * 1024;

/// How the catalog is asked again when it has no time.
const RETRIES: Policy = Policy::new()
    .with_base(Duration::from_millis(200))
    .with_cap(Duration::from_secs(2))
    .with_max_attempts(3);

/// The Unity Catalog of a workspace.
pub(crate) struct Catalog {
    /// `https://host`, whatever was configured.
    base: String,
    tokens: Arc<TokenCache>,
    http: OnceLock<reqwest::Client>,
}

impl Catalog {
    pub(crate) fn new(host: &str, tokens: Arc<TokenCache>) -> Self {
        let base = if host.contains("://") {
            host.to_owned()
        } else {
            format!("https://{host}")
        };
        Self {
            base: base.trim_end_matches('/').to_owned(),
            tokens,
            http: OnceLock::new(),
        }
    }

    /// Where its tokens come from.
    pub(crate) fn tokens(&self) -> &TokenCache {
        &self.tokens
    }

    /// Asks for a table, again where that may help.
    pub(crate) async fn describe(&self, table: &TableName) -> Result<TableDescription, Error> {
        let asked = retry(RETRIES, || self.ask(table))
            .when(|error| matches!(error, Error::Catalog(error) if error.is_transient()))
            .await;
        asked.map_err(zb_retry::Error::into_cause)
    }

    async fn ask(&self, table: &TableName) -> Result<TableDescription, Error> {
        let lease = self.tokens.token(&Scope::Workspace).await?;
        let unavailable = |source: reqwest::Error| CatalogError::Unavailable {
            table: table.clone(),
            // The URL is the workspace's own; what else it says is the cause.
            source: Box::new(source),
        };
        let url = format!("{}/api/2.1/unity-catalog/tables/{table}", self.base);
        let mut answer = self
            .http()
            .map_err(unavailable)?
            .get(url)
            .bearer_auth(lease.secret().expose_secret())
            .send()
            .await
            .map_err(unavailable)?;
        let status = answer.status().as_u16();
        if !answer.status().is_success() {
            if status == 401 {
                // It ended before it said it would; whoever asks next gets another.
                self.tokens
                    .invalidate(&Scope::Workspace, lease.generation());
            }
            let table = table.clone();
            return Err(CatalogError::Refused { table, status }.into());
        }
        let mut description = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unavailable)? {
            if description.len() + chunk.len() > MAX_DESCRIPTION {
                return Err(CatalogError::TooLarge {
                    table: table.clone(),
                    limit: MAX_DESCRIPTION,
                }
                .into());
            }
            description.extend_from_slice(&chunk);
        }
        let described = serde_json::from_slice(&description);
        Ok(described.map_err(|source| CatalogError::Unavailable {
            table: table.clone(),
            source: Box::new(source),
        })?)
    }

    fn http(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        // A redirect would carry the token to another host.
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        let is_here = reqwest::Url::parse(&self.base)
            .is_ok_and(|url| is_loopback_host(url.host_str().unwrap_or_default()));
        if is_here {
            http = http.no_proxy();
        }
        let http = http.build()?;
        Ok(self.http.get_or_init(|| http))
    }
}
