//! How rows become records: planned when the sender is opened, and anew when the table has changed.

use std::sync::{Arc, Mutex, MutexGuard};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use prost_types::DescriptorProto;
#[cfg(feature = "flight")]
use zb_convert::Fitter;
use zb_convert::{ChunkLimit, EncodedVecs, Encoder, SchemaError};
use zb_types::TableName;

use crate::{Error, SenderOptions, TableSchemaSource, Transport, lock::lock, records::Chunk};

/// How rows become records. Records of one plan belong on streams that were opened with it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) form: Form,
    /// The columns of the table that it was made for, where they are known.
    table: Option<SchemaRef>,
}

/// What records are, and how they are made.
#[derive(Debug)]
pub(crate) enum Form {
    Protobuf(Box<Encoder>, Arc<DescriptorProto>),
    #[cfg(feature = "flight")]
    Flight(Box<Fitter>),
}

/// The plan of a sender, and what another one is made from.
pub(crate) struct Plans {
    table: TableName,
    /// As rows are sent, with the columns of the sender's own.
    schema: Schema,
    encoding: zb_convert::Options,
    transport: Transport,
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
        let transport = options.transport;
        let plan = Plan::make(&schema, columns, encoding.clone(), transport)?;
        Ok(Self {
            table: table.clone(),
            schema,
            encoding,
            transport,
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
            self.transport,
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
        lock(&self.present)
    }
}

impl Plan {
    fn make(
        schema: &Schema,
        table: Option<SchemaRef>,
        encoding: zb_convert::Options,
        transport: Transport,
    ) -> Result<Self, Error> {
        let form = Form::make(schema, table.as_deref(), encoding, transport);
        let form = form.map_err(Error::Schema)?;
        Ok(Self { form, table })
    }

    /// Makes records of rows from `start` on; gives back where to go on. `buffer` is what may be
    /// encoded into.
    pub(crate) fn encode(
        &self,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Chunk), SchemaError> {
        match &self.form {
            Form::Protobuf(encoder, _) => {
                let next = encoder.encode_vecs(batch, start, limit, buffer)?;
                Ok((next, Chunk::protobuf(buffer)))
            }
            #[cfg(feature = "flight")]
            Form::Flight(fitter) => {
                let (next, fitted) = fitter.fit_chunk(batch, start, limit)?;
                Ok((next, Chunk::flight(fitted)))
            }
        }
    }
}

impl Form {
    fn make(
        schema: &Schema,
        table: Option<&Schema>,
        encoding: zb_convert::Options,
        transport: Transport,
    ) -> Result<Self, SchemaError> {
        match transport {
            #[cfg(feature = "flight")]
            Transport::Flight => {
                let fitter = match table {
                    Some(table) => Fitter::for_table(schema, table, encoding)?,
                    None => Fitter::new(schema, encoding)?,
                };
                Ok(Self::Flight(Box::new(fitter)))
            }
            // Without the feature the options are refused before.
            _ => {
                let encoder = match table {
                    Some(table) => Encoder::for_table(schema, table, encoding)?,
                    None => Encoder::new(schema, encoding)?,
                };
                let descriptor = Arc::new(encoder.descriptor().clone());
                Ok(Self::Protobuf(Box::new(encoder), descriptor))
            }
        }
    }
}
