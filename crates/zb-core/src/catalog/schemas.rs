//! The columns of tables, as `zb-ingest` asks for them: read whenever a stream is opened, by one at
//! a time, and kept for when they cannot be read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arrow_schema::SchemaRef;
use async_trait::async_trait;
use tokio::time::{Instant, timeout};
use zb_ingest::{TableSchemaError, TableSchemaSource};
use zb_types::TableName;

use super::{Catalog, CatalogError};
use crate::{Error, Fit};

/// How long looking at a table may hold up who can do without.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same for who cannot.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// How long a table that could not be looked at is not looked at again, by who can do without or
/// knows how it was.
const REST: Duration = Duration::from_mins(1);

/// The columns of the tables of a workspace.
pub(crate) struct TableSchemas {
    catalog: Arc<Catalog>,
    fit: Fit,
    tables: Mutex<HashMap<TableName, Arc<tokio::sync::Mutex<Known>>>>,
}

/// What is known of a table.
#[derive(Default)]
struct Known {
    schema: Option<SchemaRef>,
    /// When the last look at it began.
    looked: Option<Instant>,
    /// When it could not be looked at the last time, since it could.
    failed: Option<Instant>,
    /// Whether it was said that it cannot.
    told: bool,
}

impl TableSchemas {
    pub(crate) fn new(catalog: Arc<Catalog>, fit: Fit) -> Self {
        Self {
            catalog,
            fit,
            tables: Mutex::default(),
        }
    }

    fn known(&self, table: &TableName) -> Arc<tokio::sync::Mutex<Known>> {
        // Nothing panics while it holds the lock; if something did, the map is still whole.
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables.entry(table.clone()).or_default())
    }

    async fn look(&self, table: &TableName, patience: Duration) -> Result<SchemaRef, Error> {
        let looking = async {
            let described = self.catalog.describe(table).await?;
            Ok(Arc::new(described.arrow_schema(table)?))
        };
        timeout(patience, looking).await.unwrap_or_else(|elapsed| {
            Err(Error::Catalog(CatalogError::Unavailable {
                table: table.clone(),
                source: Box::new(elapsed),
            }))
        })
    }
}

#[async_trait]
impl TableSchemaSource for TableSchemas {
    async fn table_schema(&self, table: &TableName) -> Result<Option<SchemaRef>, TableSchemaError> {
        let asked = Instant::now();
        let known = self.known(table);
        let mut known = known.lock().await;
        // Who has to know, and does not, waits longer and does not rest.
        let must = self.fit == Fit::Required && known.schema.is_none();
        let is_new = known.looked.is_some_and(|looked| looked >= asked);
        let rests = known.failed.is_some_and(|failed| failed.elapsed() < REST);
        if !must && (is_new || rests) {
            // Somebody else has looked since this one asked, or there is nothing to see.
            return Ok(known.schema.clone());
        }
        known.looked = Some(Instant::now());
        let patience = if must { LONG_PATIENCE } else { PATIENCE };
        let error = match self.look(table, patience).await {
            Ok(schema) => {
                known.failed = None;
                known.schema = Some(schema);
                return Ok(known.schema.clone());
            }
            Err(error) => error,
        };
        known.failed = Some(Instant::now());
        if known.schema.is_some() {
            // It was like this, and the service has the last word.
            tracing::debug!(%table, %error, "the columns of the table cannot be read anew");
            return Ok(known.schema.clone());
        }
        if must {
            return Err(TableSchemaError::new(error.kind().for_sender(), error));
        }
        if !std::mem::replace(&mut known.told, true) {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(
                %table, %error, cause,
                "the columns of the table are not known, so rows are sent as the batches have them"
            );
        }
        Ok(None)
    }
}
