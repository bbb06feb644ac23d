//! What a schema becomes.

use prost::Message as _;
use pyo3::{prelude::*, types::PyBytes};
use pyo3_arrow::PySchema;
use zb_core::convert::{Encoder, Options, create_table_sql, delta_schema, proto_text, summarize};

use crate::{errors, table};

/// The Protobuf message of a schema, as text.
#[pyfunction]
pub(crate) fn proto(py: Python<'_>, schema: PySchema) -> PyResult<String> {
    Ok(proto_text(encoder(py, schema)?.descriptor()))
}

/// The same as a serialized `DescriptorProto`.
#[pyfunction]
pub(crate) fn descriptor(py: Python<'_>, schema: PySchema) -> PyResult<Bound<'_, PyBytes>> {
    let bytes = encoder(py, schema)?.descriptor().encode_to_vec();
    Ok(PyBytes::new(py, &bytes))
}

/// The `CREATE TABLE` statement for a schema.
#[pyfunction]
pub(crate) fn create_table(py: Python<'_>, table: &str, schema: PySchema) -> PyResult<String> {
    let table = table::named(py, table)?;
    create_table_sql(&table, &schema.into_inner()).map_err(|error| errors::raise_schema(py, &error))
}

/// The schema of the table that a schema makes.
#[pyfunction]
pub(crate) fn of_table(py: Python<'_>, schema: PySchema) -> PyResult<PySchema> {
    let made = delta_schema(&schema.into_inner());
    let made = made.map_err(|error| errors::raise_schema(py, &error))?;
    Ok(PySchema::new(made.into()))
}

/// Name, Arrow type, Protobuf type, Delta type, and whether it may be null, of each column.
type Column = (String, String, String, String, bool);

/// What each column of a schema becomes.
#[pyfunction]
pub(crate) fn columns(py: Python<'_>, schema: PySchema) -> PyResult<Vec<Column>> {
    let columns = summarize(&schema.into_inner());
    let columns = columns.map_err(|error| errors::raise_schema(py, &error))?;
    let columns = columns.into_iter().map(|column| {
        (
            column.name,
            column.arrow.to_string(),
            column.protobuf,
            column.delta,
            column.nullable,
        )
    });
    Ok(columns.collect())
}

fn encoder(py: Python<'_>, schema: PySchema) -> PyResult<Encoder> {
    Encoder::new(&schema.into_inner(), Options::default())
        .map_err(|error| errors::raise_schema(py, &error))
}
