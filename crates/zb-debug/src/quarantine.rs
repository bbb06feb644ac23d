//! Where refused rows are kept.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use arrow_array::RecordBatch;
use zb_types::TableName;

use crate::{
    arrow::Arrow,
    error::Error,
    files::{Files, Limits, Pace, Progress},
    lock::lock,
    place::Place,
    retention::Keep,
    stamp::Stamps,
    stats::Counters,
};

/// Keeps refused rows in Arrow IPC streams, with their reasons as they are handed over.
///
/// Unlike a mirror it is not to lose anything: [`put`](Self::put) returns when the rows are on the
/// disk, no file is ever deleted, and no column is redacted, since the rows are to be sent again.
///
/// Nothing is made before the first row is put: no refused rows, no directory.
#[must_use = "nothing is kept before rows are put"]
pub struct QuarantineDir {
    files: Mutex<Files<Arrow>>,
    directory: PathBuf,
}

impl QuarantineDir {
    /// A quarantine in `directory`, with files of up to 100 MiB.
    pub fn builder(directory: impl Into<PathBuf>) -> QuarantineDirBuilder {
        QuarantineDirBuilder {
            directory: directory.into(),
            limits: Limits {
                file_bytes: crate::MirrorsBuilder::FILE_BYTES,
                file_rows: u64::MAX,
                keep: Keep::default(),
            },
        }
    }

    /// Keeps rows. They are on the disk when it returns, and outlive the process and the machine.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from keeping them. What was written of these rows by then, whole batches
    /// only, stays in a file that can be read; the next rows go into another one.
    pub fn put(&self, table: &TableName, rows: &RecordBatch) -> Result<(), Error> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let mut files = self.lock();
        let mut progress = Progress::default();
        files.write(table, &rows.schema(), rows, &mut progress)
    }

    /// The files that this quarantine has begun and that are still there, in the order of their
    /// beginning.
    pub fn files(&self) -> Vec<PathBuf> {
        let files = self.lock();
        let begun = files.begun().iter();
        begun.filter(|path| path.is_file()).cloned().collect()
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Ends the files that are open. The next rows go into others.
    ///
    /// # Errors
    ///
    /// If a file cannot be ended. Every row is in it all the same.
    pub fn close(&self) -> Result<(), Error> {
        let mut files = self.lock();
        files.finish_all();
        files.take_trouble().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Files<Arrow>> {
        // What was being written when something panicked is not in the list any more.
        lock(&self.files)
    }
}

impl Drop for QuarantineDir {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::debug!(%error, "a quarantine file has no end");
        }
    }
}

impl fmt::Debug for QuarantineDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuarantineDir")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// How a [`QuarantineDir`] is to be.
#[derive(Debug, Clone)]
#[must_use = "nothing is kept before `open`"]
pub struct QuarantineDirBuilder {
    directory: PathBuf,
    limits: Limits,
}

impl QuarantineDirBuilder {
    /// The bytes after which another file is begun: 100 MiB, with the exceptions of
    /// [`MirrorsBuilder::rotate_bytes`](crate::MirrorsBuilder::rotate_bytes).
    pub fn rotate_bytes(mut self, bytes: u64) -> Self {
        self.limits.file_bytes = bytes.max(1);
        self
    }

    /// The rows after which another file is begun; no limit by default.
    pub fn rotate_rows(mut self, rows: u64) -> Self {
        self.limits.file_rows = rows.max(1);
        self
    }

    /// The quarantine. The directory is made with the first row.
    ///
    /// # Errors
    ///
    /// If the directory is relative, and there is no current directory any more.
    pub fn open(self) -> Result<QuarantineDir, Error> {
        let place = Place::new(&self.directory, &[])?;
        let directory = place.path();
        let files = Files::new(
            place,
            Stamps::of_process(),
            self.limits,
            Pace::AtOnce,
            Arc::new(Counters::default()),
        );
        Ok(QuarantineDir {
            files: Mutex::new(files.durable()),
            directory,
        })
    }
}
