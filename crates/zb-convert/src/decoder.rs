//! From rows of Protobuf to a record batch.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use prost_types::DescriptorProto;

use crate::{
    RowError, SchemaError, delta_schema,
    reading::{MessagePlan, Scope},
    row_error::Fault,
    shape,
    slots::{Slots, read_message},
};

/// Turns rows of Protobuf into record batches of one schema.
///
/// Reads whatever Protobuf allows: fields in any order, lists packed or not, fields nobody asked
/// for; of a scalar that comes twice the last one counts.
#[derive(Debug, Clone)]
pub struct Decoder {
    schema: SchemaRef,
    root: MessagePlan,
    empty_path: Arc<str>,
}

/// What became of a sequence of rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Decoded {
    /// The rows that could be read, in their order.
    pub batch: RecordBatch,
    /// The rows that could not, counted within the sequence.
    pub errors: Vec<RowError>,
}

impl Decoder {
    /// Holds a descriptor against the schema of a table, and plans to read its rows.
    ///
    /// They must agree as the service wants it: every field of the descriptor is a column of the
    /// table, of the type that [`Encoder`](crate::Encoder) gives such a column; a column that is
    /// not nullable has a field, and that field is not optional. A nullable column may be missing
    /// and is null then. The batches have the types of [`delta_schema`].
    ///
    /// # Errors
    ///
    /// When they do not agree, or when the schema is none that a table can have. The error lists
    /// every column concerned.
    pub fn new(descriptor: &DescriptorProto, schema: &Schema) -> Result<Self, SchemaError> {
        let columns = shape::columns(schema)?;
        let mut problems = Vec::new();
        let root = MessagePlan::new(&Scope::root(descriptor), &columns, "", &mut problems);
        if !problems.is_empty() {
            return Err(SchemaError::new(problems));
        }
        Ok(Self {
            schema: Arc::new(delta_schema(schema)?),
            root,
            empty_path: "".into(),
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Reads rows. Those that cannot be read are left out and listed.
    ///
    /// # Errors
    ///
    /// When a column comes to more than 2 GiB: read fewer rows at a time.
    pub fn decode<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Decoded, ArrowError> {
        let mut columns: Vec<Slots> = self.root.fields.iter().map(Slots::new).collect();
        let mut errors = Vec::new();
        let mut accepted = 0;
        for (row, bytes) in rows.into_iter().enumerate() {
            match self.read_row(&mut columns, bytes, accepted) {
                Ok(()) => accepted += 1,
                Err(fault) => {
                    for column in &mut columns {
                        column.truncate(accepted);
                    }
                    errors.push(RowError::new(row, fault));
                }
            }
        }
        let arrays = columns
            .into_iter()
            .zip(&self.root.fields)
            .map(|(column, plan)| column.finish(plan))
            .collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(accepted));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        Ok(Decoded { batch, errors })
    }

    fn read_row(&self, columns: &mut [Slots], bytes: &[u8], index: usize) -> Result<(), Fault> {
        for (column, plan) in columns.iter_mut().zip(&self.root.fields) {
            column.push_slot(plan);
        }
        read_message(columns, &self.root, bytes, &self.empty_path)?;
        for (column, plan) in columns.iter().zip(&self.root.fields) {
            column.check_required(plan, index)?;
        }
        Ok(())
    }
}
