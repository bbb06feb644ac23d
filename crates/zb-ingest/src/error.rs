//! What can go wrong with a sender as a whole. What happens to rows is in [`crate::Receipt`].

use std::time::Duration;

use zb_convert::SchemaError;
use zb_types::TableName;

use crate::{Code, Status, TableSchemaError, TokenError, pacing::Pace};

/// Why a sender could not be opened, or can deliver no more.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The schema cannot be sent or does not fit the table, with every problem there is, or a batch
    /// has another one than the sender.
    #[error("the schema cannot be sent")]
    Schema(#[source] SchemaError),
    /// The columns of the table are not known, and nothing is sent without knowing them.
    #[error("the columns of {table} are not known")]
    TableSchema {
        /// The table.
        table: TableName,
        /// Why they are not.
        #[source]
        source: TableSchemaError,
    },
    /// A setting that cannot be.
    #[error("{setting}: {problem}")]
    Config {
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no token to send with.
    #[error("no token for {table}")]
    Token {
        /// The table the token was for.
        table: TableName,
        /// What the token source said.
        #[source]
        source: TokenError,
    },
    /// The service refused the stream.
    #[error("{table}: {status}{}", remedy(.status.code))]
    Service {
        /// The table.
        table: TableName,
        /// What the service said.
        status: Status,
    },
    /// The connection could not be made, or made again, within the bounds of the retry policy.
    #[error(
        "{table}: no connection to {endpoint} after {attempts} attempt(s) in {elapsed:.1?}: {status}"
    )]
    Unavailable {
        /// The table.
        table: TableName,
        /// Where to.
        endpoint: String,
        /// How many attempts were made since the last acknowledgement, or since the opening.
        attempts: u32,
        /// How long they took.
        elapsed: Duration,
        /// What the last one came to.
        status: Status,
    },
    /// Something that cannot be has happened; a fault of this crate.
    #[error("{table}: {problem}; please report this")]
    Internal {
        /// The table.
        table: TableName,
        /// What has happened.
        problem: String,
    },
    /// The sender is closed.
    #[error("the sender for {table} is closed")]
    Closed {
        /// The table.
        table: TableName,
    },
}

/// What kind of [`Error`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The schema cannot be sent, or does not fit the table.
    Schema,
    /// A setting is wrong.
    Config,
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
    /// A fault of this crate.
    Internal,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Config => "config",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Closed => "closed",
            Self::Internal => "internal",
        }
    }
}

impl Error {
    /// After the attempts that `pace` has counted.
    pub(crate) fn unavailable(
        table: &TableName,
        endpoint: &str,
        pace: &Pace,
        status: Status,
    ) -> Self {
        let (attempts, elapsed) = pace.spent();
        Self::Unavailable {
            table: table.clone(),
            endpoint: endpoint.to_owned(),
            attempts,
            elapsed,
            status,
        }
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Token { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// Whether the service has refused the token, and another one might do.
    pub(crate) fn is_about_credentials(&self) -> bool {
        matches!(self, Self::Service { status, .. }
            if matches!(status.code, Code::UNAUTHENTICATED | Code::PERMISSION_DENIED))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Schema(_) => ErrorKind::Schema,
            Self::TableSchema { source, .. } => source.kind(),
            Self::Config { .. } => ErrorKind::Config,
            Self::Token { source, .. } => source.kind(),
            Self::Service { status, .. } => match status.code {
                Code::INVALID_ARGUMENT => ErrorKind::Schema,
                Code::NOT_FOUND => ErrorKind::NotFound,
                Code::PERMISSION_DENIED => ErrorKind::Permission,
                Code::UNAUTHENTICATED => ErrorKind::Authentication,
                _ => ErrorKind::Refused,
            },
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Closed { .. } => ErrorKind::Closed,
            Self::Internal { .. } => ErrorKind::Internal,
        }
    }
}

/// What to do about an answer of the service.
fn remedy(code: Code) -> &'static str {
    match code {
        Code::NOT_FOUND => "; create the table first, the service does not",
        Code::PERMISSION_DENIED => {
            "; grant USE CATALOG, USE SCHEMA, and SELECT and MODIFY on the table itself"
        }
        Code::UNAUTHENTICATED => {
            "; check the client id and secret, and which workspace they are of"
        }
        Code::INVALID_ARGUMENT => "; make the columns agree with the table",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_service_has_a_kind_and_a_remedy() {
        let error = |code| Error::Service {
            table: "a.b.c".parse().unwrap(),
            status: Status::new(code, "it said"),
        };
        assert_eq!(error(5).kind(), ErrorKind::NotFound);
        assert_eq!(
            error(5).to_string(),
            "a.b.c: it said (NOT_FOUND); create the table first, the service does not"
        );
        assert_eq!(error(3).kind(), ErrorKind::Schema);
        assert_eq!(error(16).kind(), ErrorKind::Authentication);
        assert_eq!(error(7).kind(), ErrorKind::Permission);
        assert_eq!(error(12).kind(), ErrorKind::Refused);
    }
}
