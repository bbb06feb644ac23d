//! Columns of a batch.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray as _, new_null_array};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};

use super::{Hasher, Redaction, Redactions};

impl Redactions {
    /// The batch as it may be written.
    pub(crate) fn batch(
        &self,
        batch: &RecordBatch,
        hasher: &Hasher,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = batch.schema();
        if !schema.fields().iter().any(|f| self.of(f.name()).is_some()) {
            return Ok(batch.clone());
        }
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, column)| match self.of(field.name()) {
            None => Ok((Arc::clone(field), Arc::clone(column))),
            Some(how) => redact(field, column, how, hasher),
        });
        let columns: Vec<(FieldRef, ArrayRef)> = columns.collect::<Result<_, _>>()?;
        let (fields, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
        RecordBatch::try_new(Arc::new(schema), columns)
    }
}

fn redact(
    field: &Field,
    column: &ArrayRef,
    how: Redaction,
    hasher: &Hasher,
) -> Result<(FieldRef, ArrayRef), ArrowError> {
    if how == Redaction::Hash
        && let Some(hashes) = hashes(column, hasher)?
    {
        let field = Field::new(field.name(), DataType::Utf8, true);
        return Ok((Arc::new(field), Arc::new(hashes)));
    }
    let field = field.clone().with_nullable(true);
    let nulls = new_null_array(field.data_type(), column.len());
    Ok((Arc::new(field), nulls))
}

/// None if they are neither strings nor bytes.
fn hashes(column: &ArrayRef, hasher: &Hasher) -> Result<Option<StringArray>, ArrowError> {
    let hash = |value: Option<&[u8]>| value.map(|value| hasher.hash(value));
    let text = |value: Option<&str>| hash(value.map(str::as_bytes));
    Ok(Some(match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().map(text).collect(),
        DataType::LargeUtf8 => column.as_string::<i64>().iter().map(text).collect(),
        DataType::Utf8View => column.as_string_view().iter().map(text).collect(),
        DataType::Binary => column.as_binary::<i32>().iter().map(hash).collect(),
        DataType::LargeBinary => column.as_binary::<i64>().iter().map(hash).collect(),
        DataType::BinaryView => column.as_binary_view().iter().map(hash).collect(),
        DataType::FixedSizeBinary(_) => column.as_fixed_size_binary().iter().map(hash).collect(),
        DataType::Dictionary(_, values) => {
            return hashes(&arrow_cast::cast(column, values)?, hasher);
        }
        DataType::RunEndEncoded(_, values) => {
            return hashes(&arrow_cast::cast(column, values.data_type())?, hasher);
        }
        _ => return Ok(None),
    }))
}
