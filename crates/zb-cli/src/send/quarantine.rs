//! Rejected rows, kept in Arrow files with the reasons beside them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{RecordBatch, UInt64Array, types::UInt64Type};
use zb_core::{Receipt, TableName, debug::QuarantineDir, ingest::reason_columns};

use crate::failure::Failure;

/// The column of [`Receipt::rejected_batch`] that has the row within the batch.
const ROW_COLUMN: &str = reason_columns::ROW;

/// Files for one run, made when the first row is rejected.
pub(crate) struct Quarantine {
    files: QuarantineDir,
    table: TableName,
}

impl Quarantine {
    pub(crate) fn new(directory: &Path, table: &TableName) -> Result<Self, Failure> {
        Ok(Self {
            files: QuarantineDir::builder(directory)
                .open()
                .map_err(|e| refused(directory).because(e))?,
            table: table.clone(),
        })
    }

    /// Keeps the rejected rows of a batch, whose first row is row `first_row` of all: the reason
    /// columns count rows over everything that was read.
    pub(crate) fn keep(&self, receipt: &Receipt, first_row: u64) -> Result<(), Failure> {
        let rows = receipt
            .rejected_batch()
            .and_then(|rows| counted_from(&rows, first_row))
            .map_err(|e| Failure::failed("rejected rows could not be kept").because(e))?;
        let put = self.files.put(&self.table, &rows);
        put.map_err(|e| refused(self.files.directory()).because(e))
    }

    /// Ends the files; gives their paths.
    pub(crate) fn close(&self) -> (Vec<PathBuf>, Result<(), Failure>) {
        let closed = self.files.close();
        let closed = closed.map_err(|e| refused(self.files.directory()).because(e));
        (self.files.files(), closed)
    }
}

fn refused(directory: &Path) -> Failure {
    Failure::failed(format!(
        "rejected rows cannot be kept in {}; name another directory with --quarantine",
        directory.display()
    ))
}

/// The rows with their places counted on from `first_row`.
fn counted_from(
    rows: &RecordBatch,
    first_row: u64,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut columns = rows.columns().to_vec();
    // The last one of that name: rows that were in quarantine before bring one of their own.
    let fields = rows.schema_ref().fields();
    let position = fields.iter().rposition(|field| field.name() == ROW_COLUMN);
    if let Some(column) = position.and_then(|position| columns.get_mut(position))
        && let Some(within) = column.as_any().downcast_ref::<UInt64Array>()
    {
        *column = Arc::new(within.unary::<_, UInt64Type>(|row| first_row + row));
    }
    RecordBatch::try_new(rows.schema(), columns)
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, cast::AsArray as _};
    use arrow_schema::{Field, Schema};

    use super::*;

    #[test]
    fn rows_that_were_in_quarantine_before_keep_their_first_place() {
        let place = |row: u64| Arc::new(UInt64Array::from(vec![row])) as ArrayRef;
        let field = || Field::new(ROW_COLUMN, arrow_schema::DataType::UInt64, false);
        let schema = Arc::new(Schema::new(vec![field(), field()]));
        let rows = RecordBatch::try_new(schema, vec![place(7), place(3)]).unwrap();
        let counted = counted_from(&rows, 100).unwrap();
        let places = counted.columns().iter();
        let places: Vec<_> = places
            .map(|c| c.as_primitive::<UInt64Type>().value(0))
            .collect();
        assert_eq!(places, [7, 103]);
    }
}
