//! Rejected rows, kept in an Arrow file with the reasons beside them.

use std::{
    fs::{self, File, OpenOptions},
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::{RecordBatch, UInt64Array, types::UInt64Type};
use arrow_ipc::writer::StreamWriter;
use zb_core::{Receipt, TableName};

use crate::failure::Failure;

/// The column of [`Receipt::rejected_batch`] that has the row within the batch.
const ROW_COLUMN: &str = "_zb_error_row";

/// One Arrow stream file for one run, made when the first row is rejected.
pub(crate) struct Quarantine {
    directory: PathBuf,
    table: TableName,
    open: Option<(PathBuf, StreamWriter<BufWriter<File>>)>,
}

impl Quarantine {
    pub(crate) fn new(directory: &Path, table: &TableName) -> Self {
        Self {
            directory: directory.to_owned(),
            table: table.clone(),
            open: None,
        }
    }

    /// Keeps the rejected rows of a batch, whose first row is row `first_row` of all: the reason
    /// columns count rows over everything that was read.
    pub(crate) fn keep(&mut self, receipt: &Receipt, first_row: u64) -> Result<(), Failure> {
        let rows = receipt
            .rejected_batch()
            .and_then(|rows| counted_from(&rows, first_row))
            .map_err(|e| Failure::failed("rejected rows could not be kept").because(e))?;
        self.write(&rows)
    }

    /// Keeps rows that already have their reason columns.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), Failure> {
        let directory = self.directory.clone();
        let refused = || {
            Failure::failed(format!(
                "rejected rows cannot be kept in {}; name another directory with --quarantine",
                directory.display()
            ))
        };
        if self.open.is_none() {
            self.open = Some(self.create(rows).map_err(|e| refused().because(e))?);
        }
        match &mut self.open {
            Some((_, writer)) => writer.write(rows).map_err(|e| refused().because(e)),
            None => Ok(()),
        }
    }

    fn create(
        &self,
        rows: &RecordBatch,
    ) -> Result<(PathBuf, StreamWriter<BufWriter<File>>), arrow_schema::ArrowError> {
        fs::create_dir_all(&self.directory)?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_micros();
        // Microseconds sort by time, the process tells two of the same apart.
        let name = format!("{}-{now}-{}.arrows", self.table, std::process::id());
        let path = self.directory.join(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::new(options.open(&path)?);
        Ok((path, StreamWriter::try_new(file, rows.schema_ref())?))
    }

    /// Ends the file. Nothing can be kept afterwards.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        match &mut self.open {
            Some((path, writer)) => writer.finish().map_err(|e| {
                Failure::failed(format!("{} could not be ended", path.display())).because(e)
            }),
            None => Ok(()),
        }
    }

    /// The file, if there is one.
    pub(crate) fn into_path(self) -> Option<PathBuf> {
        self.open.map(|(path, _)| path)
    }
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
