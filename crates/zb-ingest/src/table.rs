//! Where the columns of a table come from, as far as a sender needs to know.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use zb_types::TableName;

use crate::ErrorKind;

/// Says which columns a table has, so that rows can be made to fit it.
///
/// Asked when a sender is opened, and again whenever one of its streams is: a table may have been
/// altered meanwhile.
#[async_trait]
pub trait TableSchemaSource: Send + Sync {
    /// The columns of `table` as they are now, as [`zb_convert::Encoder::for_table`] takes them;
    /// `None` where they cannot be known and that is no reason not to send. Rows are then made as
    /// the batches have them, and the service decides.
    ///
    /// # Errors
    ///
    /// A [`TableSchemaError`] where nothing may be sent without knowing. It ends the opening of a
    /// sender; one that is open goes on with what was known before.
    async fn table_schema(&self, table: &TableName) -> Result<Option<SchemaRef>, TableSchemaError>;
}

/// Why the columns of a table are not known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{source}")]
pub struct TableSchemaError {
    kind: ErrorKind,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

impl TableSchemaError {
    /// `kind` says what to do about it: [`ErrorKind::NotFound`], [`ErrorKind::Permission`],
    /// [`ErrorKind::Authentication`], [`ErrorKind::Unavailable`].
    pub fn new(
        kind: ErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>,
    ) -> Self {
        Self {
            kind,
            source: source.into().into(),
        }
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}
