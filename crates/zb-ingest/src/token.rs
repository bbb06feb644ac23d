//! Where tokens come from, as far as a sender needs to know.

use std::sync::Arc;

use async_trait::async_trait;
use zb_types::{Secret, TableName};

use crate::ErrorKind;

/// Gives out bearer tokens for writing to a table.
///
/// Asked once for each connection, so an implementation should keep tokens until shortly before
/// they expire. `zb-auth` has such ones.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token for writing to `table`.
    ///
    /// # Errors
    ///
    /// A [`TokenError`] that says whether asking again can help. The sender paces the asking.
    async fn token(&self, table: &TableName) -> Result<Secret, TokenError>;

    /// The service has refused `token`; the next one must be another, unless it already is.
    async fn refused(&self, table: &TableName, token: &Secret);
}

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{source}")]
pub struct TokenError {
    kind: ErrorKind,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

impl TokenError {
    /// `kind` says what to do about it: [`ErrorKind::Unavailable`] to ask again, and else
    /// [`ErrorKind::Authentication`], [`ErrorKind::Permission`] or [`ErrorKind::Config`].
    pub fn new(
        kind: ErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        Self {
            kind,
            source: source.into().into(),
        }
    }

    /// The token endpoint is not there now; asking again can help.
    pub fn transient(
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        Self::new(ErrorKind::Unavailable, source)
    }

    /// The credentials are refused; asking again is no use.
    pub fn permanent(
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        Self::new(ErrorKind::Authentication, source)
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether asking again can help.
    pub fn is_transient(&self) -> bool {
        self.kind == ErrorKind::Unavailable
    }
}
