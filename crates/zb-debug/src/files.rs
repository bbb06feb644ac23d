//! The files of one directory that are being written, and when another one is begun.

use std::{
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    sync::Arc,
};

use arrow_schema::ArrowError;
use zb_types::TableName;

use crate::{
    error::Error,
    format::{Format, Load, Room},
    output::{Flushed, Output},
    place::Place,
    retention::Keep,
    stamp::Stamps,
    stats::Counters,
    stem,
};

/// How many files are open at once. A sender has one table and one schema; who has more than this
/// many gets more files, not more open ones.
const MAX_OPEN: usize = 32;

/// How much waits at most, in bytes, whatever the period.
const MAX_WAITING: usize = 256 << 10;

/// When a file is full, and which old ones go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) file_bytes: u64,
    pub(crate) file_rows: u64,
    pub(crate) keep: Keep,
}

impl Limits {
    /// One file may not take more than all may.
    fn file_bytes(&self) -> u64 {
        let all = self.keep.bytes.unwrap_or(u64::MAX);
        self.file_bytes.min(all)
    }
}

/// When rows go to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Together with others. Rows that cannot be written are lost, and counted.
    Together,
    /// Each batch before the next. What cannot be written may be tried again.
    AtOnce,
}

/// How far a batch has got.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// The rows that are done with, be they written or lost.
    pub(crate) rows: usize,
    /// Whether the batch is done with.
    pub(crate) is_done: bool,
    /// Whether a part of it was lost, and the batch counted as such.
    is_torn: bool,
}

impl Progress {
    /// The batches and rows that are not done with.
    pub(crate) fn left(self, load: &impl Load) -> (u64, u64) {
        let batches = !self.is_done && !self.is_torn;
        let rows = load.rows().saturating_sub(self.rows);
        (batches.into(), rows as u64)
    }
}

/// A file that is being written.
struct Open<F: Format> {
    table: TableName,
    shape: F::Shape,
    format: F,
    output: Output,
}

impl<F: Format> Open<F> {
    fn flush(&mut self) -> Flushed {
        self.output.flush(self.format.waiting())
    }
}

/// The files of one directory that are being written.
pub(crate) struct Files<F: Format> {
    place: Place,
    stamps: Arc<Stamps>,
    limits: Limits,
    pace: Pace,
    counters: Arc<Counters>,
    /// The one that was used last is last.
    open: Vec<Open<F>>,
    /// What went wrong where nobody could be told.
    trouble: Option<Error>,
    /// The files that were begun, where rows must outlive the machine and be found again.
    kept: Option<Vec<PathBuf>>,
}

impl<F: Format> Files<F> {
    pub(crate) fn new(
        place: Place,
        stamps: Arc<Stamps>,
        limits: Limits,
        pace: Pace,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            place,
            stamps,
            limits,
            pace,
            counters,
            open: Vec::new(),
            trouble: None,
            kept: None,
        }
    }

    /// Has what is written [at once](Pace::AtOnce) on the disk before the next, and remembers the
    /// files.
    pub(crate) fn durable(mut self) -> Self {
        self.kept = Some(Vec::new());
        self
    }

    /// The files that it began.
    pub(crate) fn begun(&self) -> &[PathBuf] {
        self.kept.as_deref().unwrap_or_default()
    }

    /// What went wrong since the last call.
    pub(crate) fn take_trouble(&mut self) -> Option<Error> {
        self.trouble.take()
    }

    /// Whether anything waits to be written.
    pub(crate) fn is_waiting(&mut self) -> bool {
        let mut open = self.open.iter_mut();
        open.any(|open| !open.format.waiting().is_empty())
    }

    /// Writes what of a batch is not done with.
    ///
    /// # Errors
    ///
    /// What keeps it from writing. `progress` says from where it can be tried again.
    pub(crate) fn write(
        &mut self,
        table: &TableName,
        shape: &F::Shape,
        load: &F::Load,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        while !progress.is_done {
            let mut open = self.take(table, shape)?;
            let room = Room {
                rows: self.limits.file_rows.saturating_sub(open.output.rows()),
                bytes: self
                    .limits
                    .file_bytes()
                    .saturating_sub(open.output.len_with(open.format.waiting())),
                is_empty: !open.output.is_begun(),
            };
            let is_full = room.rows == 0 && load.rows() > 0;
            let added = if is_full {
                Ok(None)
            } else {
                add(&mut open.format, load, progress.rows, room)
            };
            let rows = match added {
                Ok(Some(rows)) => rows,
                Ok(None) => {
                    let lost = self.finish(open);
                    // What was lost is what was added last, and that was of this batch.
                    if lost && progress.rows > 0 && !progress.is_torn {
                        progress.is_torn = true;
                        self.counters.dropped(1, 0);
                    }
                    continue;
                }
                Err(error) => {
                    self.finish(open);
                    return Err(error);
                }
            };
            let is_last = progress.rows + rows == load.rows();
            let completes = is_last && !progress.is_torn;
            let waiting = open.format.waiting();
            open.output.added(waiting, rows as u64, completes);
            self.put_back(open)?;
            progress.rows += rows;
            progress.is_done = is_last;
        }
        Ok(())
    }

    /// Puts a file that was added to back into the list, once what waits in it is where the pace wants
    /// it.
    ///
    /// # Errors
    ///
    /// What keeps rows that go [at once](Pace::AtOnce) from being written.
    fn put_back(&mut self, mut open: Open<F>) -> Result<(), Error> {
        if self.pace == Pace::AtOnce {
            let flushed = open.flush();
            self.counters.written(flushed.written);
            if let Some(error) = flushed.error {
                return Err(error);
            }
            if self.kept.is_some() {
                open.output.sync()?;
            }
        } else if open.format.waiting().len() >= MAX_WAITING {
            self.flush(open);
            return Ok(());
        }
        self.open.push(open);
        Ok(())
    }

    /// Hands everything that waits to the system.
    pub(crate) fn flush_all(&mut self) {
        for open in std::mem::take(&mut self.open) {
            self.flush(open);
        }
    }

    /// Ends all files.
    pub(crate) fn finish_all(&mut self) {
        for open in std::mem::take(&mut self.open) {
            self.finish(open);
        }
    }

    /// The file for a table and what its rows look like, out of the list; a new one if need be.
    fn take(&mut self, table: &TableName, shape: &F::Shape) -> Result<Open<F>, Error> {
        let fits = |open: &Open<F>| open.table == *table && F::is_same(&open.shape, shape);
        if let Some(at) = self.open.iter().position(fits) {
            let mut open = self.open.remove(at);
            if open.output.is_in_place() {
                return Ok(open);
            }
            // It was deleted. What waits has nowhere to go.
            let flushed = open.flush();
            self.settle(flushed);
        }
        if self.open.len() >= MAX_OPEN {
            let oldest = self.open.remove(0);
            self.finish(oldest);
        }
        self.begin(table, shape)
    }

    fn begin(&mut self, table: &TableName, shape: &F::Shape) -> Result<Open<F>, Error> {
        let format = F::begin(shape)?;
        let stem = stem::of(table.as_str());
        let size = self.limits.file_bytes();
        let room = self
            .limits
            .keep
            .make_room(&self.place, &stem, F::KIND, size);
        match room {
            Ok(deleted) => (0..deleted).for_each(|_| self.counters.deleted_file()),
            Err(error) => tracing::debug!(%error, "old files could not be deleted"),
        }
        let beside = format.descriptor();
        let output = Output::create(&self.place, &stem, &self.stamps, F::KIND, beside.as_deref())?;
        self.counters.began_file();
        if let Some(kept) = &mut self.kept {
            kept.push(output.path());
        }
        Ok(Open {
            table: table.clone(),
            shape: shape.clone(),
            format,
            output,
        })
    }

    /// Writes what waits, and keeps the file if that went well.
    fn flush(&mut self, mut open: Open<F>) -> bool {
        let flushed = open.flush();
        if flushed.error.is_none() {
            self.open.push(open);
        }
        self.settle(flushed)
    }

    /// Writes what waits, and ends the file. Whether rows were lost.
    fn finish(&mut self, mut open: Open<F>) -> bool {
        if !open.output.is_begun() {
            open.output.remove();
            return false;
        }
        open.format.end();
        let flushed = open.flush();
        self.settle(flushed)
    }

    fn settle(&mut self, flushed: Flushed) -> bool {
        let Flushed {
            written,
            lost,
            error,
        } = flushed;
        self.counters.written(written);
        self.counters.dropped(lost.batches, lost.rows);
        self.trouble = error.or(self.trouble.take());
        lost.rows > 0
    }
}

/// Adds rows. A batch that makes Arrow panic is a batch that cannot be written.
fn add<F: Format>(
    format: &mut F,
    load: &F::Load,
    from: usize,
    room: Room,
) -> Result<Option<usize>, Error> {
    let before = format.waiting().len();
    let added = panic::catch_unwind(AssertUnwindSafe(|| format.add(load, from, room)));
    added.unwrap_or_else(|_| {
        format.waiting().truncate(before);
        let source = ArrowError::IpcError("the writer panicked".to_owned());
        Err(Error::Encode { source })
    })
}
