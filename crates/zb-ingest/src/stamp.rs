//! Two columns that tell each row from every other, so that a MERGE can take out duplicates.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, Int8Array, Int64Array, RecordBatch, StringArray, types::Int8Type,
};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};

/// The column with the id of the batch, a string.
pub const BATCH_COLUMN: &str = "_zb_batch";

/// The column with the place of the row in its batch from 0, a 64-bit integer.
pub const ROW_COLUMN: &str = "_zb_row";

/// The schema with the two columns behind its own.
pub(crate) fn schema(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().cloned().chain(fields());
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

fn fields() -> [FieldRef; 2] {
    let text = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    [
        Arc::new(Field::new(BATCH_COLUMN, text, true)),
        Arc::new(Field::new(ROW_COLUMN, DataType::Int64, true)),
    ]
}

/// The batch with the two columns behind its own; nothing of it is copied.
pub(crate) fn batch(batch: &RecordBatch, id: &str) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows();
    let ids: ArrayRef = Arc::new(StringArray::from(vec![id]));
    let keys = Int8Array::from(vec![0; rows]);
    let ids = DictionaryArray::<Int8Type>::try_new(keys, ids)?;
    let places = Int64Array::from_iter_values((0..rows).map(|row| row as i64));
    let mut columns = batch.columns().to_vec();
    columns.extend([Arc::new(ids) as ArrayRef, Arc::new(places)]);
    RecordBatch::try_new(Arc::new(schema(batch.schema_ref())), columns)
}
