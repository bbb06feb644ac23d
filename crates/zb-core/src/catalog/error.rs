//! Why a table is not known.

use zb_types::TableName;

use crate::ErrorKind;

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
    /// An answer that is longer than any description.
    #[error("Unity Catalog did not describe {table}: its answer has over {limit} bytes")]
    TooLarge {
        /// The table.
        table: TableName,
        /// How much is read of an answer, in bytes.
        limit: usize,
    },
    /// A description that does not say what a column is.
    #[error("Unity Catalog does not say what the column `{column}` of {table} is made of")]
    Column {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
}

impl CatalogError {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Refused { status, .. } => match status {
                401 => ErrorKind::Authentication,
                403 => ErrorKind::Permission,
                404 => ErrorKind::NotFound,
                408 | 429 | 500.. => ErrorKind::Unavailable,
                _ => ErrorKind::Refused,
            },
            Self::TooLarge { .. } => ErrorKind::Refused,
            Self::Column { .. } => ErrorKind::Schema,
        }
    }

    /// Whether asking again can help.
    pub(crate) fn is_transient(&self) -> bool {
        // A token that was refused is asked for anew.
        let refused_token = matches!(self, Self::Refused { status: 401, .. });
        refused_token || self.kind() == ErrorKind::Unavailable
    }
}
