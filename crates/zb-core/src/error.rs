//! What can go wrong with a client. What happens to rows is in [`crate::Receipt`].

use crate::{CatalogError, ConfigError};

/// Why a client could not be made, or a sender not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Tokens cannot be asked for.
    #[error(transparent)]
    Auth(#[from] zb_auth::Error),
    /// The directory of the mirrors or of the quarantine cannot be used.
    #[error(transparent)]
    Debug(#[from] zb_debug::Error),
    /// Unity Catalog did not describe a table.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A sender could not be opened, or has failed.
    #[error(transparent)]
    Ingest(#[from] zb_ingest::Error),
    /// The embedded endpoint could not be started, or a table not be made.
    #[cfg(feature = "local")]
    #[error(transparent)]
    Local(#[from] zb_local::Error),
}

/// What kind of [`Error`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or wrong.
    Config,
    /// The schema cannot be sent, or does not fit the table.
    Schema,
    /// The credentials are not accepted.
    Authentication,
    /// The credentials are good, a grant is missing.
    Permission,
    /// There is no such table.
    NotFound,
    /// The service refuses for another reason that trying again does not cure.
    Refused,
    /// The service, or the way to it, is not there now.
    Unavailable,
    /// The sender was closed before.
    Closed,
    /// The embedded endpoint cannot use its directory or its address.
    Local,
    /// The mirrors or the quarantine cannot use their directory.
    Debug,
    /// A fault of these crates.
    Internal,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Schema => "schema",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Closed => "closed",
            Self::Local => "local",
            Self::Debug => "debug",
            Self::Internal => "internal",
        }
    }
}

impl ErrorKind {
    /// As a sender has it that was not opened for such an error.
    pub(crate) fn for_sender(self) -> zb_ingest::ErrorKind {
        match self {
            Self::Config => zb_ingest::ErrorKind::Config,
            Self::Schema => zb_ingest::ErrorKind::Schema,
            Self::Authentication => zb_ingest::ErrorKind::Authentication,
            Self::Permission => zb_ingest::ErrorKind::Permission,
            Self::NotFound => zb_ingest::ErrorKind::NotFound,
            Self::Refused => zb_ingest::ErrorKind::Refused,
            _ => zb_ingest::ErrorKind::Unavailable,
        }
    }

    /// Of an error of a token source.
    pub(crate) fn of_auth(error: &zb_auth::Error) -> Self {
        match error.kind() {
            _ if error.is_transient() => Self::Unavailable,
            zb_auth::ErrorKind::Endpoint | zb_auth::ErrorKind::Place => Self::Config,
            zb_auth::ErrorKind::Permission => Self::Permission,
            _ => Self::Authentication,
        }
    }
}

impl Error {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(_) => ErrorKind::Config,
            Self::Auth(error) => ErrorKind::of_auth(error),
            Self::Debug(_) => ErrorKind::Debug,
            Self::Catalog(error) => error.kind(),
            Self::Ingest(error) => match error.kind() {
                zb_ingest::ErrorKind::Schema => ErrorKind::Schema,
                zb_ingest::ErrorKind::Config => ErrorKind::Config,
                zb_ingest::ErrorKind::Authentication => ErrorKind::Authentication,
                zb_ingest::ErrorKind::Permission => ErrorKind::Permission,
                zb_ingest::ErrorKind::NotFound => ErrorKind::NotFound,
                zb_ingest::ErrorKind::Refused => ErrorKind::Refused,
                zb_ingest::ErrorKind::Unavailable => ErrorKind::Unavailable,
                zb_ingest::ErrorKind::Closed => ErrorKind::Closed,
                _ => ErrorKind::Internal,
            },
            #[cfg(feature = "local")]
            Self::Local(error) => match error.kind() {
                zb_local::ErrorKind::Schema => ErrorKind::Schema,
                _ => ErrorKind::Local,
            },
        }
    }
}
