//! What Unity Catalog says of a table.
//!
//! The token for writing is refused there; a plain one for the workspace is asked for instead.

use std::time::Duration;

use serde::Deserialize;
use zb_auth::{Scope, TokenCache};
use zb_types::{ExposeSecret, TableName, is_loopback_host};

use crate::Error;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A table as Unity Catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TableDescription {
    /// The columns, in their order.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type as SQL writes it, such as `decimal(10,2)`.
    pub type_text: String,
    /// Whether it may be null.
    #[serde(default = "nullable")]
    pub nullable: bool,
}

fn nullable() -> bool {
    true
}

/// Why Unity Catalog did not describe a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No answer, or none that can be read.
    #[error("Unity Catalog did not describe {table}")]
    Unavailable {
        /// The table.
        table: TableName,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An answer, but not a description: no such table, or no right to see it.
    #[error("Unity Catalog did not describe {table}: HTTP {status}")]
    Refused {
        /// The table.
        table: TableName,
        /// The HTTP status.
        status: u16,
    },
}

pub(crate) async fn describe(
    host: &str,
    tokens: &TokenCache,
    table: &TableName,
) -> Result<TableDescription, Error> {
    let lease = tokens.token(&Scope::Workspace).await?;
    let unavailable = |source: reqwest::Error| CatalogError::Unavailable {
        table: table.clone(),
        // The URL is the workspace's own; what else it says is the cause.
        source: Box::new(source),
    };
    let base = if host.contains("://") {
        host.to_owned()
    } else {
        format!("https://{host}")
    };
    let url = format!(
        "{}/api/2.1/unity-catalog/tables/{table}",
        base.trim_end_matches('/')
    );
    // A redirect would carry the token to another host.
    let mut http = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none());
    let is_here = reqwest::Url::parse(&base)
        .is_ok_and(|url| is_loopback_host(url.host_str().unwrap_or_default()));
    if is_here {
        http = http.no_proxy();
    }
    let answer = http
        .build()
        .map_err(unavailable)?
        .get(url)
        .bearer_auth(lease.secret().expose_secret())
        .send()
        .await
        .map_err(unavailable)?;
    if !answer.status().is_success() {
        return Err(CatalogError::Refused {
            table: table.clone(),
            status: answer.status().as_u16(),
        }
        .into());
    }
    Ok(answer.json().await.map_err(unavailable)?)
}
