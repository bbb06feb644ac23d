//! Rejected rows, kept in Arrow files with the reasons beside them.

use std::path::{Path, PathBuf};

use zb_core::{Receipt, TableName, debug::QuarantineDir};

use crate::failure::Failure;

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
            .rejected_batch_from(first_row)
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
