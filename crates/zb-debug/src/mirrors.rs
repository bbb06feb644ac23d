//! The mirrors, and the way to them.

mod builder;
#[cfg(test)]
mod tests;

pub use builder::MirrorsBuilder;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use arrow_array::RecordBatch;
use prost_types::DescriptorProto;
use zb_types::TableName;

use crate::{
    error::Error,
    lock::lock,
    proto::{MAX_RECORD, Records},
    queue::Queue,
    size,
    stats::{Counters, Stats},
    writer::Item,
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
        MirrorsBuilder::new(directory.into())
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
        let running = lock(&self.running);
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
