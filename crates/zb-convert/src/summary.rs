//! What each column of a schema becomes, for people to look at.

use arrow_schema::{DataType, Schema};

use crate::{SchemaError, delta::sql_type, shape};

/// What one column becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnSummary {
    /// Its name.
    pub name: String,
    /// Its type in Arrow.
    pub arrow: DataType,
    /// Its type in Protobuf, such as `repeated int32`.
    pub protobuf: String,
    /// Its type in Delta, such as `ARRAY<INT>`.
    pub delta: String,
    /// Whether it may be null.
    pub nullable: bool,
}

/// What each column of a schema becomes, in order.
///
/// # Errors
///
/// When a column has a type or a name that cannot be sent, as
/// [`Encoder::new`](crate::Encoder::new).
pub fn summarize(schema: &Schema) -> Result<Vec<ColumnSummary>, SchemaError> {
    let columns = shape::columns(schema)?;
    Ok(columns
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| ColumnSummary {
            name: column.name.clone(),
            arrow: field.data_type().clone(),
            protobuf: column.shape.to_string(),
            delta: sql_type(column),
            nullable: column.nullable,
        })
        .collect())
}
