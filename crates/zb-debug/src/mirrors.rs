//! The mirrors, and the way to them.

use std::{
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use arrow_array::RecordBatch;
use prost_types::DescriptorProto;
use zb_types::TableName;

use crate::{
    arrow::Arrow,
    error::Error,
    files::{Files, Limits, Pace},
    format::Format,
    kind::Kind,
    place::Place,
    proto::{MAX_RECORD, Proto, Records},
    queue::{Queue, WhenFull},
    redact::{Hasher, Plans, Redaction, Redactions},
    retention::Keep,
    size,
    stamp::Stamps,
    stats::{Counters, Stats},
    writer::{Item, Side, Writer},
};

/// What something takes in the queue besides its rows.
const ITEM: usize = 256;

/// Mirrors of what is handed in and of what is sent, on disk.
///
/// Everything takes `&self`; share it in an `Arc`. When it is dropped, what waits is written first,
/// for as long as [`patience`](MirrorsBuilder::patience) allows.
#[must_use = "nothing is mirrored before it is handed over"]
pub struct Mirrors {
    queue: Arc<Queue<Item>>,
    arrow: Option<Arc<Counters>>,
    proto: Option<Arc<Counters>>,
    patience: Duration,
    /// Closed when the thread has ended. Nothing is ever sent.
    running: Mutex<mpsc::Receiver<()>>,
}

impl Mirrors {
    /// Mirrors below `directory`: `zerobus/arrow` and `zerobus/proto`. None is on yet.
    pub fn builder(directory: impl Into<PathBuf>) -> MirrorsBuilder {
        MirrorsBuilder {
            directory: directory.into(),
            arrow: false,
            proto: false,
            limits: Limits {
                file_bytes: MirrorsBuilder::FILE_BYTES,
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

    /// Mirrors a batch that was handed in. No data is copied; with the Arrow mirror off, nothing is
    /// done.
    pub fn batch(&self, table: &TableName, batch: &RecordBatch) {
        let Some(counters) = &self.arrow else { return };
        let bytes = size::of(batch) + ITEM;
        let item = || Item::Batch {
            table: table.clone(),
            batch: batch.clone(),
        };
        if !self.queue.admit(bytes) || self.queue.push(item(), bytes).is_err() {
            counters.dropped(1, batch.num_rows() as u64);
        }
    }

    /// Mirrors records that were sent, which are copied once; with the Protobuf mirror off, nothing
    /// is done.
    ///
    /// `descriptor` says what they are: a message whose nested types it contains, as a Zerobus stream
    /// is opened with. Records over 64 MiB, which no service takes, are dropped and counted.
    pub fn records<R: AsRef<[u8]>>(
        &self,
        table: &TableName,
        descriptor: &Arc<DescriptorProto>,
        records: &[R],
    ) {
        let Some(counters) = &self.proto else { return };
        let fitting = || {
            let records = records.iter().map(AsRef::as_ref);
            records.filter(|record| record.len() <= MAX_RECORD)
        };
        let framed: usize = fitting().map(Records::framed_len).sum();
        // Where each record ends is kept beside it.
        let bytes = framed + records.len() * size_of::<usize>() + ITEM;
        if !self.queue.admit(bytes) {
            return counters.dropped(1, records.len() as u64);
        }
        let mut copied = Records::with_capacity(framed, records.len());
        fitting().for_each(|record| copied.push(record));
        let too_long = records.len() - crate::format::Load::rows(&copied);
        let item = Item::Records {
            table: table.clone(),
            descriptor: Arc::clone(descriptor),
            records: copied,
        };
        if self.queue.push(item, bytes).is_err() {
            return counters.dropped(1, records.len() as u64);
        }
        counters.dropped(0, too_long as u64);
    }

    /// Whether what is sent is mirrored, as Protobuf records.
    pub fn shows_records(&self) -> bool {
        self.proto.is_some()
    }

    /// What was written so far, and what was not.
    pub fn stats(&self) -> Stats {
        let counts =
            |counters: &Option<Arc<Counters>>| counters.as_ref().map(|counters| counters.counts());
        Stats {
            arrow: counts(&self.arrow).unwrap_or_default(),
            proto: counts(&self.proto).unwrap_or_default(),
        }
    }

    /// Waits until the system has everything that was handed over so far. A killed process leaves it
    /// behind; a machine that loses its power may not. What could not be written is in the
    /// [`stats`](Self::stats).
    ///
    /// # Errors
    ///
    /// [`Error::Late`], if that takes longer than [`patience`](MirrorsBuilder::patience) allows.
    pub fn flush(&self) -> Result<(), Error> {
        let (done, wait) = mpsc::sync_channel(1);
        if self.queue.push(Item::Flush(done), 0).is_err() {
            // The thread has ended, and wrote everything before.
            return Ok(());
        }
        match wait.recv_timeout(self.patience) {
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.late()),
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => Ok(()),
        }
    }

    /// Writes what waits, and ends the files. What is handed over afterwards is dropped and counted.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`], if the mirrors lack anything; [`Error::Late`], if it takes longer than
    /// [`patience`](MirrorsBuilder::patience) allows. It goes on then, as long as the process runs.
    pub fn close(&self) -> Result<Stats, Error> {
        self.queue.close();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.recv_timeout(self.patience) == Err(mpsc::RecvTimeoutError::Timeout) {
            return Err(self.late());
        }
        let stats = self.stats();
        if stats.dropped_rows() > 0 || stats.dropped_batches() > 0 {
            let stats = Box::new(stats);
            return Err(Error::Lost { stats });
        }
        Ok(stats)
    }

    fn late(&self) -> Error {
        Error::Late {
            within: self.patience,
        }
    }
}

impl Drop for Mirrors {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::debug!(%error, "the mirrors are not complete");
        }
    }
}

impl fmt::Debug for Mirrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirrors")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

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
    stamps: Arc<Stamps>,
}

impl MirrorsBuilder {
    /// The bytes after which another file is begun, unless [said otherwise](Self::rotate_bytes).
    pub const FILE_BYTES: u64 = 100 << 20;

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

#[cfg(test)]
mod tests;
