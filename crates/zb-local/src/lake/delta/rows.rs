//! A table read back, for whoever wants to see what has landed.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoArrow as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Delta, DeltaError};

impl Delta {
    /// All rows of the newest version of the table at `path`, with the columns that it has.
    ///
    /// The order is that of the files, oldest first.
    pub(crate) async fn rows(path: &Path) -> Result<RecordBatch, DeltaError> {
        let delta = Self::open(path).await?;
        let state = delta.table.snapshot()?;
        if !state.metadata().partition_columns().is_empty() {
            return Err(DeltaError::Unread("it has partitions"));
        }
        let schema: Schema = state.schema().as_ref().try_into_arrow()?;
        let schema = Arc::new(schema);
        let mut files: Vec<_> = state
            .log_data()
            .iter()
            .map(|file| (file.modification_time(), file.remove_action(false)))
            .collect();
        files.sort_by(|(a, one), (b, other)| (a, &one.path).cmp(&(b, &other.path)));
        let directory = path.to_owned();
        // Reading and unpacking files is work for a thread that may block.
        let reading = tokio::task::spawn_blocking(move || {
            let mut batches = Vec::new();
            for (_, file) in files {
                if file.deletion_vector.is_some() {
                    return Err(DeltaError::Unread("rows of it are marked as deleted"));
                }
                let file = File::open(directory.join(&file.path))?;
                for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
                    batches.push(as_now(&batch?, &schema)?);
                }
            }
            Ok(concat_batches(&schema, &batches)?)
        });
        reading.await.map_err(DeltaError::Interrupted)?
    }
}

/// Rows of a file with the columns that the table has now: some may have come or gone since, or stand
/// in another order.
fn as_now(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let column = |field: &arrow_schema::FieldRef| -> Result<ArrayRef, ArrowError> {
        match rows.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), rows.num_rows())),
            Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast(column, field.data_type()),
        }
    };
    let columns = schema.fields().iter().map(column);
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}
