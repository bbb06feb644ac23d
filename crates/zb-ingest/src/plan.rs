//! How rows become records: planned when the sender is opened, and anew when the table has changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_schema::{Schema, SchemaRef};
use prost_types::DescriptorProto;
use zb_convert::Encoder;
use zb_types::TableName;

use crate::{Error, SenderOptions, TableSchemaSource};

/// How rows become records. Records of one plan belong on streams that were opened with it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) encoder: Encoder,
    pub(crate) descriptor: Arc<DescriptorProto>,
    /// The columns of the table that it was made for, where they are known.
    table: Option<SchemaRef>,
}

/// The plan of a sender, and what another one is made from.
pub(crate) struct Plans {
    table: TableName,
    /// As rows are sent, with the columns of the sender's own.
    schema: Schema,
    encoding: zb_convert::Options,
    source: Option<Arc<dyn TableSchemaSource>>,
    present: Mutex<Arc<Plan>>,
}

impl Plans {
    /// Makes the first plan: toward the table, where its columns are known.
    pub(crate) async fn make(
        table: &TableName,
        schema: &Schema,
        options: &SenderOptions,
    ) -> Result<Self, Error> {
        let schema = options.table_schema(schema);
        let source = options.table_schemas.clone().filter(|_| !options.dry_run);
        let columns = match &source {
            Some(source) => source.table_schema(table).await,
            None => Ok(None),
        };
        let columns = columns.map_err(|source| Error::TableSchema {
            table: table.clone(),
            source,
        })?;
        let encoding = options.encoding.clone();
        let plan = Plan::make(&schema, columns, encoding.clone())?;
        Ok(Self {
            table: table.clone(),
            schema,
            encoding,
            source,
            present: Mutex::new(Arc::new(plan)),
        })
    }

    /// The plan that rows are encoded by now.
    pub(crate) fn present(&self) -> Arc<Plan> {
        Arc::clone(&self.lock())
    }

    /// Looks at the table again, and gives the plan for the next stream: the present one as long as
    /// the table is the same, or cannot be looked at.
    pub(crate) async fn renew(&self) -> Result<Arc<Plan>, Error> {
        let Some(source) = &self.source else {
            return Ok(self.present());
        };
        let columns = match source.table_schema(&self.table).await {
            Ok(Some(columns)) => columns,
            Ok(None) => return Ok(self.present()),
            Err(error) => {
                tracing::debug!(table = %self.table, %error, "the columns are not known anew");
                return Ok(self.present());
            }
        };
        let is_for = |plan: &Arc<Plan>| plan.table.as_ref() == Some(&columns);
        let present = self.present();
        if is_for(&present) {
            return Ok(present);
        }
        let made = Plan::make(
            &self.schema,
            Some(SchemaRef::clone(&columns)),
            self.encoding.clone(),
        );
        let plan = match made {
            Ok(plan) => plan,
            // The service has taken these rows as they are, when nobody knew the columns.
            Err(error) if present.table.is_none() => {
                tracing::warn!(
                    table = %self.table, cause = std::error::Error::source(&error),
                    "the rows are not made to fit the table, whose columns are known now"
                );
                return Ok(present);
            }
            Err(error) => return Err(error),
        };
        tracing::info!(table = %self.table, "the table has changed; rows are made to fit it");
        let mut present = self.lock();
        // Another lane may have seen the same.
        if !is_for(&present) {
            *present = Arc::new(plan);
        }
        Ok(Arc::clone(&present))
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Plan>> {
        // Nothing panics while it holds the lock; if something did, the plan is still whole.
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn make(
        schema: &Schema,
        table: Option<SchemaRef>,
        encoding: zb_convert::Options,
    ) -> Result<Self, Error> {
        let encoder = match &table {
            Some(table) => Encoder::for_table(schema, table, encoding),
            None => Encoder::new(schema, encoding),
        };
        let encoder = encoder.map_err(Error::Schema)?;
        Ok(Self {
            descriptor: Arc::new(encoder.descriptor().clone()),
            encoder,
            table,
        })
    }
}
