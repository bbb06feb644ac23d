//! Rows into files that rotate.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use arrow_array::RecordBatch;
use arrow_json::ReaderBuilder;
use arrow_schema::{ArrowError, SchemaRef};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use serde::Serialize;

use super::{attributes::nanos, lost::Lost, stream::Stream};
use crate::lock::lock;

/// A file that is larger is ended, and another one begun.
pub(super) const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// One kind of rows, in one file after another: `KIND-TIME-PROCESS-NUMBER.arrows`, in an order that is
/// theirs by name. Each write ends on the disk's side of this process.
pub(super) struct Writer {
    directory: PathBuf,
    kind: &'static str,
    schema: SchemaRef,
    max_bytes: u64,
    lost: Arc<Lost>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    stream: Option<Stream<File>>,
    files: u32,
    is_failing: bool,
    is_ended: bool,
}

impl Writer {
    /// Makes the directory, for this user alone, if it is not there.
    pub(super) fn new(
        directory: &Path,
        kind: &'static str,
        schema: SchemaRef,
        max_bytes: u64,
        lost: Arc<Lost>,
    ) -> io::Result<Self> {
        make(directory)?;
        Ok(Self {
            directory: directory.to_path_buf(),
            kind,
            schema,
            max_bytes,
            lost,
            open: Mutex::default(),
        })
    }

    /// Appends rows. Those that cannot be are lost and counted, and the next ones are tried again.
    pub(super) fn write<R: Serialize>(&self, rows: &[R]) -> OTelSdkResult {
        let mut open = lock(&self.open);
        let written = self
            .batch(rows)
            .and_then(|batch| batch.map_or(Ok(()), |batch| self.append(&mut open, &batch)));
        let Err(error) = written else {
            open.is_failing = false;
            return Ok(());
        };
        // Once, not with every export: the disk may stay full for long.
        if !open.is_failing {
            open.is_failing = true;
            tracing::warn!(%error, kind = self.kind, "telemetry is not written into files");
        }
        let failure = OTelSdkError::InternalFailure(error.to_string());
        self.lost.add(rows.len(), error);
        Err(failure)
    }

    /// Writes the mark of the end.
    pub(super) fn end(&self) {
        let mut open = lock(&self.open);
        open.is_ended = true;
        if let Some(stream) = open.stream.take() {
            stream.end();
        }
    }

    fn batch<R: Serialize>(&self, rows: &[R]) -> Result<Option<RecordBatch>, ArrowError> {
        let mut decoder = ReaderBuilder::new(self.schema.clone()).build_decoder()?;
        decoder.serialize(rows)?;
        decoder.flush()
    }

    fn append(&self, open: &mut Open, batch: &RecordBatch) -> Result<(), ArrowError> {
        if open.is_ended {
            return Err(io::Error::other("the files are closed").into());
        }
        // Rows in a file that somebody has removed would be lost in silence.
        let kept = open.stream.take().filter(|stream| !stream.is_gone());
        let mut stream = match kept {
            Some(stream) => stream,
            None => self.begin(open)?,
        };
        let written = stream.write(batch);
        if stream.length() < self.max_bytes {
            open.stream = Some(stream);
        } else {
            stream.end();
        }
        written
    }

    fn begin(&self, open: &mut Open) -> Result<Stream<File>, ArrowError> {
        make(&self.directory)?;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let (time, process) = (nanos(SystemTime::now()), std::process::id());
        // Another one of this process may have begun in the same moment.
        loop {
            let number = open.files;
            open.files += 1;
            let name = format!("{}-{time:020}-{process}-{number:06}.arrows", self.kind);
            let path = self.directory.join(name);
            match options.open(&path) {
                // On a full disk, each export would leave a file with nothing in it.
                Ok(file) => {
                    return Stream::begin(file, &self.schema)
                        .inspect_err(|_| drop(fs::remove_file(&path)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn make(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_array::cast::AsArray as _;
    use arrow_ipc::reader::StreamReader;
    use arrow_schema::{DataType, Field, Schema};

    use super::*;
    use crate::otlp::Signal;

    fn writer(directory: &Path, max_bytes: u64) -> Writer {
        let schema = Schema::new(vec![Field::new("name", DataType::Utf8, false)]);
        let lost = Arc::new(Lost::new(Signal::Traces));
        Writer::new(directory, "spans", Arc::new(schema), max_bytes, lost).unwrap()
    }

    fn row(name: &str) -> [BTreeMap<&str, &str>; 1] {
        [BTreeMap::from([("name", name)])]
    }

    /// The names in each file, in the order of the files' names.
    fn read(directory: &Path) -> Vec<Vec<String>> {
        let entries = fs::read_dir(directory).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let names = |path| {
            let reader = StreamReader::try_new(File::open(path).unwrap(), None).unwrap();
            let batches = reader.map(Result::unwrap);
            let names = |batch: RecordBatch| batch.column(0).as_string::<i32>().value(0).to_owned();
            batches.map(names).collect()
        };
        paths.into_iter().map(names).collect()
    }

    #[test]
    fn a_full_file_is_followed_by_another() {
        let directory = tempfile::tempdir().unwrap();
        let measured = writer(directory.path(), u64::MAX);
        measured.write(&row("first")).unwrap();
        let one = measured
            .open
            .lock()
            .unwrap()
            .stream
            .as_ref()
            .unwrap()
            .length();
        fs::remove_dir_all(directory.path()).unwrap();

        // Room for one row, so that the second one is too much.
        let writer = writer(directory.path(), one + 1);
        for name in ["first", "second", "third"] {
            writer.write(&row(name)).unwrap();
        }
        writer.end();
        assert_eq!(
            read(directory.path()),
            [&["first", "second"][..], &["third"]]
        );
    }

    #[test]
    fn a_file_that_was_removed_is_followed_by_another() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(&directory.path().join("below"), u64::MAX);
        writer.write(&row("first")).unwrap();
        fs::remove_dir_all(&writer.directory).unwrap();
        writer.write(&row("second")).unwrap();
        assert_eq!(read(&writer.directory), [["second"]]);
    }

    #[test]
    fn what_comes_after_the_end_is_lost_and_said() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(directory.path(), u64::MAX);
        writer.end();
        writer.write(&row("late")).unwrap_err();
        assert_eq!(writer.lost.ever(), 1);
        assert!(read(directory.path()).is_empty());
    }
}
