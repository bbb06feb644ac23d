//! The thread that writes.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use prost_types::DescriptorProto;
use zb_types::TableName;

use crate::{
    arrow::Arrow,
    error::Error,
    files::{Files, Pace, Progress},
    format::{Format, Load},
    proto::{Proto, Records},
    queue::{Queue, Taken},
    redact::{Hasher, Plans, Redactions},
    stats::Counters,
};

/// How long nothing is tried when two tries in a row have failed.
const REST: Duration = Duration::from_secs(1);

/// What is handed to the thread.
#[derive(Debug)]
pub(crate) enum Item {
    Batch {
        table: TableName,
        batch: RecordBatch,
    },
    Records {
        table: TableName,
        descriptor: Arc<DescriptorProto>,
        records: Records,
    },
    /// Everything before it is to be written; then the sender is used.
    Flush(mpsc::SyncSender<()>),
}

/// One mirror, and whether it works.
pub(crate) struct Side<F: Format> {
    files: Files<F>,
    counters: Arc<Counters>,
    pace: Pace,
    /// The bytes that were written when it failed; none while it works.
    failed_at: Option<u64>,
    /// Until when nothing is tried.
    rests_until: Option<Instant>,
}

impl<F: Format> Side<F> {
    pub(crate) fn new(files: Files<F>, counters: Arc<Counters>, pace: Pace) -> Self {
        Self {
            files,
            counters,
            pace,
            failed_at: None,
            rests_until: None,
        }
    }

    /// Writes a batch, or counts what is lost of it.
    fn write(&mut self, table: &TableName, shape: &F::Shape, load: &F::Load, queue: &Queue<Item>) {
        let mut progress = Progress::default();
        if self.pace == Pace::Together && self.is_resting() {
            let (batches, rows) = progress.left(load);
            self.counters.dropped(batches, rows);
            return;
        }
        loop {
            let written = self.files.write(table, shape, load, &mut progress);
            self.look_after();
            let Err(error) = written else { return };
            let is_lost = error.is_about_the_rows() || self.pace == Pace::Together;
            self.failed(&error);
            if is_lost || !self.may_try_again(queue) {
                let (batches, rows) = progress.left(load);
                self.counters.dropped(batches, rows);
                return;
            }
        }
    }

    /// Waits for the next try; false if there is to be none, because the mirrors are closed.
    fn may_try_again(&self, queue: &Queue<Item>) -> bool {
        let now = Instant::now();
        let until = self.rests_until.filter(|until| *until > now);
        until.is_none_or(|until| !queue.pause(until - now))
    }

    fn is_resting(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn flush(&mut self) {
        self.files.flush_all();
        self.look_after();
    }

    fn finish(&mut self) {
        self.files.finish_all();
        self.look_after();
    }

    /// Notes what went wrong meanwhile, or that it goes well again.
    fn look_after(&mut self) {
        if let Some(trouble) = self.files.take_trouble() {
            self.failed(&trouble);
        } else if let Some(bytes) = self.failed_at
            && self.counters.counts().bytes > bytes
        {
            self.failed_at = None;
            self.rests_until = None;
            let dropped = self.counters.counts().dropped_rows;
            tracing::info!(mirror = ?F::KIND, dropped, "the mirror is written again");
        }
    }

    fn failed(&mut self, error: &Error) {
        self.counters.failed();
        let bytes = self.counters.counts().bytes;
        match self.failed_at.replace(bytes) {
            None => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                let cause = cause.as_deref().unwrap_or("no cause is known");
                tracing::warn!(
                    mirror = ?F::KIND,
                    %error,
                    cause,
                    "a mirror cannot be written; sending goes on, and what is missing is counted"
                );
            }
            Some(_) => self.rests_until = Some(Instant::now() + REST),
        }
    }
}

/// What the thread has.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue<Item>>,
    pub(crate) arrow: Option<Side<Arrow>>,
    pub(crate) proto: Option<Side<Proto>>,
    pub(crate) redactions: Redactions,
    pub(crate) hasher: Hasher,
    pub(crate) plans: Plans,
    pub(crate) flush_every: Duration,
}

/// Lets nobody wait for a thread that is gone.
struct Ends(Arc<Queue<Item>>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Writer {
    /// Writes until the queue is closed and empty. Whoever has the other end of `_running` sees
    /// that.
    pub(crate) fn run(mut self, _running: mpsc::Sender<()>) {
        let _ends = Ends(Arc::clone(&self.queue));
        let mut due = None;
        loop {
            let taken = self.queue.take(due);
            let is_due = due.is_some_and(|due| due <= Instant::now());
            match taken {
                Taken::Item(item, bytes) => {
                    self.handle(item);
                    self.queue.done(bytes);
                }
                Taken::Nothing => {}
                Taken::End => break,
            }
            if is_due {
                self.each(Side::flush, Side::flush);
                due = None;
            }
            if due.is_none() && self.is_waiting() {
                due = Some(Instant::now() + self.flush_every);
            }
        }
        self.each(Side::finish, Side::finish);
    }

    fn each(&mut self, arrow: fn(&mut Side<Arrow>), proto: fn(&mut Side<Proto>)) {
        if let Some(side) = &mut self.arrow {
            arrow(side);
        }
        if let Some(side) = &mut self.proto {
            proto(side);
        }
    }

    fn is_waiting(&mut self) -> bool {
        let arrow = self.arrow.as_mut();
        let proto = self.proto.as_mut();
        arrow.is_some_and(|side| side.files.is_waiting())
            || proto.is_some_and(|side| side.files.is_waiting())
    }

    fn handle(&mut self, item: Item) {
        match item {
            Item::Batch { table, batch } => self.batch(&table, batch),
            Item::Records {
                table,
                descriptor,
                records,
            } => self.records(&table, &descriptor, records),
            Item::Flush(done) => {
                self.each(Side::flush, Side::flush);
                // Who asked may have given up.
                let _ = done.try_send(());
            }
        }
    }

    fn batch(&mut self, table: &TableName, mut batch: RecordBatch) {
        let Some(side) = &mut self.arrow else { return };
        if !self.redactions.is_empty() {
            let redacted = panic::catch_unwind(AssertUnwindSafe(|| {
                self.redactions.batch(&batch, &self.hasher)
            }));
            batch = match redacted {
                Ok(Ok(redacted)) => redacted,
                // Rather nothing than what must not be there.
                Ok(Err(source)) => {
                    side.counters.dropped(1, batch.num_rows() as u64);
                    return side.failed(&Error::Encode { source });
                }
                Err(_) => {
                    side.counters.dropped(1, batch.num_rows() as u64);
                    return side.counters.failed();
                }
            };
        }
        side.write(table, &batch.schema(), &batch, &self.queue);
    }

    fn records(&mut self, table: &TableName, descriptor: &Arc<DescriptorProto>, records: Records) {
        let Some(side) = &mut self.proto else { return };
        if self.redactions.is_empty() {
            return side.write(table, descriptor, &records, &self.queue);
        }
        let (descriptor, records, unreadable) =
            self.plans
                .redact(&self.redactions, &self.hasher, descriptor, records);
        if unreadable > 0 {
            side.counters.failed();
            side.counters.dropped(0, unreadable);
            tracing::debug!(unreadable, "records that are no messages are not mirrored");
        }
        if unreadable == 0 || records.rows() > 0 {
            side.write(table, &descriptor, &records, &self.queue);
        } else {
            side.counters.dropped(1, 0);
        }
    }
}
