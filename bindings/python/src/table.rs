//! Names of tables, as Python gives them.

use pyo3::prelude::*;
use zb_core::{TableName, TableNameError};

use crate::errors;

/// The table of a name `catalog.schema.table`.
pub(crate) fn named(py: Python<'_>, table: &str) -> PyResult<TableName> {
    table
        .parse()
        .map_err(|error: TableNameError| errors::configuration(py, &error.to_string()))
}
