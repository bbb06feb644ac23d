//! Rows into files that rotate.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, BufWriter},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use arrow_ipc::writer::StreamWriter;
use arrow_json::ReaderBuilder;
use arrow_schema::{ArrowError, SchemaRef};
use serde::Serialize;

use super::attributes::nanos;

/// A file that is larger is ended, and another one begun.
pub(super) const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// One kind of rows, in one file after another: `KIND-TIME-PROCESS-NUMBER.arrows`, in an order that is
/// theirs by name. Each write ends on the disk's side of this process.
pub(super) struct Writer {
    directory: PathBuf,
    kind: &'static str,
    schema: SchemaRef,
    max_bytes: u64,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    stream: Option<StreamWriter<BufWriter<File>>>,
    files: u32,
    is_ended: bool,
}

impl Writer {
    /// Makes the directory, for this user alone, if it is not there.
    pub(super) fn new(
        directory: &Path,
        kind: &'static str,
        schema: SchemaRef,
        max_bytes: u64,
    ) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory)?;
        Ok(Self {
            directory: directory.to_path_buf(),
            kind,
            schema,
            max_bytes,
            open: Mutex::default(),
        })
    }

    pub(super) fn write<R: Serialize>(&self, rows: &[R]) -> Result<(), ArrowError> {
        let mut decoder = ReaderBuilder::new(self.schema.clone()).build_decoder()?;
        decoder.serialize(rows)?;
        let Some(batch) = decoder.flush()? else {
            return Ok(());
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_ended {
            return Err(io::Error::other("the file is closed").into());
        }
        let mut stream = match open.stream.take() {
            Some(stream) => stream,
            None => self.begin(&mut open)?,
        };
        stream.write(&batch)?;
        stream.flush()?;
        if stream.get_ref().get_ref().metadata()?.len() < self.max_bytes {
            open.stream = Some(stream);
            return Ok(());
        }
        stream.finish()
    }

    /// Writes the mark of the end.
    pub(super) fn end(&self) -> Result<(), ArrowError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.is_ended = true;
        match open.stream.take() {
            Some(mut stream) => stream.finish(),
            None => Ok(()),
        }
    }

    fn begin(&self, open: &mut Open) -> Result<StreamWriter<BufWriter<File>>, ArrowError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let (time, process) = (nanos(SystemTime::now()), std::process::id());
        // Another one of this process may have begun in the same moment.
        loop {
            let number = open.files;
            open.files += 1;
            let name = format!("{}-{time:020}-{process}-{number:06}.arrows", self.kind);
            match options.open(self.directory.join(name)) {
                Ok(file) => return StreamWriter::try_new_buffered(file, &self.schema),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
