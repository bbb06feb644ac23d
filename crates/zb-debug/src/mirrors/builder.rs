//! How mirrors are set up.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use super::Mirrors;
use crate::{
    arrow::Arrow,
    error::Error,
    files::{Files, Limits, Pace},
    format::Format,
    kind::Kind,
    place::Place,
    proto::Proto,
    queue::{Queue, WhenFull},
    redact::{Hasher, Plans, Redaction, Redactions},
    retention::Keep,
    stamp::Stamps,
    stats::Counters,
    writer::{Side, Writer},
};

/// How [`Mirrors`] are to be.
#[derive(Debug, Clone)]
#[must_use = "nothing is mirrored before `start`"]
pub struct MirrorsBuilder {
    directory: PathBuf,
    arrow: bool,
    proto: bool,
    limits: Limits,
    flush_every: Duration,
    queue_bytes: usize,
    when_full: WhenFull,
    redactions: Vec<(String, Redaction)>,
    patience: Duration,
    pub(super) stamps: Arc<Stamps>,
}

impl MirrorsBuilder {
    /// The bytes after which another file is begun, unless [said otherwise](Self::rotate_bytes).
    pub const FILE_BYTES: u64 = 100 << 20;

    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            arrow: false,
            proto: false,
            limits: Limits {
                file_bytes: Self::FILE_BYTES,
                file_rows: u64::MAX,
                keep: Keep::default(),
            },
            flush_every: Duration::from_secs(5),
            queue_bytes: 64 << 20,
            when_full: WhenFull::default(),
            redactions: Vec::new(),
            patience: Duration::from_secs(10),
            stamps: Stamps::of_process(),
        }
    }

    /// Mirrors what is handed in, as Arrow IPC streams.
    pub fn arrow(mut self) -> Self {
        self.arrow = true;
        self
    }

    /// Mirrors what is sent, as Protobuf records with their descriptor beside them.
    pub fn proto(mut self) -> Self {
        self.proto = true;
        self
    }

    /// The bytes after which another file is begun: 100 MiB. A file is never larger, but for a row
    /// that is larger alone, and for what rows share and cannot be cut (a dictionary inside a list).
    pub fn rotate_bytes(mut self, bytes: u64) -> Self {
        self.limits.file_bytes = bytes.max(1);
        self
    }

    /// The rows after which another file is begun; no limit by default.
    pub fn rotate_rows(mut self, rows: u64) -> Self {
        self.limits.file_rows = rows.max(1);
        self
    }

    /// How many files are kept of each table, in each mirror, the one that is being written included;
    /// all by default, and never less than one.
    ///
    /// With either limit on what is kept, the oldest files go before another one is begun: those
    /// of this table, of this process or an earlier one, that are named exactly as ours are, belong
    /// to this user and are being written by nobody.
    pub fn keep_files(mut self, files: u64) -> Self {
        self.limits.keep.files = Some(files);
        self
    }

    /// How many bytes are kept of each table, in each mirror, the file that is being written included;
    /// all by default. A file is then never larger than this, and older ones go before it could be
    /// too much. Several processes, or several schemas of one table, write a file each.
    pub fn keep_bytes(mut self, bytes: u64) -> Self {
        self.limits.keep.bytes = Some(bytes);
        self
    }

    /// How long rows wait before they go to the system: 5 seconds. Up to 256 KiB a file wait.
    pub fn flush_every(mut self, period: Duration) -> Self {
        self.flush_every = period;
        self
    }

    /// How much may wait for the thread that writes, or be in its hands: 64 MiB. A batch that is larger
    /// has the queue for itself.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// What happens when the queue is full, or the disk.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Keeps a column off the disk, in both mirrors and in every table that has one of this name,
    /// whatever its case. Columns inside of others are not looked at: redact the outer one.
    ///
    /// A record that cannot be read, so that nobody knows where the column is, is dropped.
    pub fn redact(mut self, column: impl Into<String>, redaction: Redaction) -> Self {
        self.redactions.push((column.into(), redaction));
        self
    }

    /// How long [`flush`](Mirrors::flush), [`close`](Mirrors::close) and dropping wait for the thread
    /// that writes: 10 seconds.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Makes the directories, and starts the thread that writes.
    ///
    /// # Errors
    ///
    /// [`Error::NothingToDo`], if no mirror is switched on; [`Error::Directory`] or
    /// [`Error::Unsafe`], if the directories cannot be used; [`Error::Start`].
    pub fn start(self) -> Result<Mirrors, Error> {
        if !self.arrow && !self.proto {
            return Err(Error::NothingToDo);
        }
        let queue = Arc::new(Queue::new(self.queue_bytes, self.when_full));
        let arrow = self.arrow.then(|| self.side::<Arrow>()).transpose()?;
        let proto = self.proto.then(|| self.side::<Proto>()).transpose()?;
        let (arrow, arrow_counters) = arrow.unzip();
        let (proto, proto_counters) = proto.unzip();
        let cannot_start = |source: io::Error| Error::Start { source };
        let writer = Writer {
            queue: Arc::clone(&queue),
            arrow,
            proto,
            redactions: Redactions::new(self.redactions),
            hasher: Hasher::of_process().map_err(cannot_start)?,
            plans: Plans::default(),
            flush_every: self.flush_every,
        };
        let (ends, running) = mpsc::channel();
        thread::Builder::new()
            .name("zb-debug".to_owned())
            .spawn(move || writer.run(ends))
            .map_err(cannot_start)?;
        Ok(Mirrors {
            queue,
            arrow: arrow_counters,
            proto: proto_counters,
            patience: self.patience,
            running: Mutex::new(running),
        })
    }

    fn side<F: Format>(&self) -> Result<(Side<F>, Arc<Counters>), Error> {
        let kind: Kind = F::KIND;
        let place = Place::new(&self.directory, &kind.directories())?;
        place.enter()?;
        let pace = match self.when_full {
            WhenFull::Drop => Pace::Together,
            WhenFull::Block => Pace::AtOnce,
        };
        let counters = Arc::new(Counters::default());
        let files = Files::new(
            place,
            Arc::clone(&self.stamps),
            self.limits,
            pace,
            Arc::clone(&counters),
        );
        Ok((Side::new(files, Arc::clone(&counters), pace), counters))
    }
}
