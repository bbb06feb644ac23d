//! What the page of the endpoint shows, taken down as it happens.
//!
//! Without a page there is nothing to take down, and each place that would costs one comparison.
//! With one, everything kept is bounded: seconds, times, reasons and rows by a number, texts by
//! their length.

mod latest;
mod meter;
mod refusals;
mod stream;
mod table;
mod text;
mod times;

pub(crate) use latest::{Latest, ROWS};
pub(crate) use meter::Rate;
pub(crate) use refusals::Refused;
pub(crate) use stream::{Stream, Watched};
pub(crate) use table::{Commit, Table};
pub(crate) use times::Percentiles;

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use uuid::Uuid;
use zb_types::TableName;

use meter::Meter;
use refusals::Refusals;
use table::TableNotes;
use times::Times;

use crate::lock::lock;

/// Takes down what happens, if somebody wants to see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Option<Arc<Notes>>);

/// All that was taken down.
#[derive(Debug)]
pub(crate) struct Notes {
    began: Instant,
    streams: Mutex<Vec<Weak<Stream>>>,
    tables: Mutex<BTreeMap<TableName, TableNotes>>,
    whole: Mutex<Whole>,
    refusals: Mutex<Refusals>,
}

/// Figures over all tables.
#[derive(Debug, Default)]
struct Whole {
    rows: Meter,
    bytes: Meter,
    acks: Meter,
    writing: Times,
    waiting: Times,
}

/// [`Whole`] as it is now.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) rows: Rate,
    pub(crate) bytes: Rate,
    pub(crate) acks: Rate,
    /// What commits took.
    pub(crate) writing: Option<Percentiles>,
    /// From when the oldest row of a commit was received until it was durable.
    pub(crate) waiting: Option<Percentiles>,
}

impl Watch {
    /// Takes everything down.
    pub(crate) fn closely() -> Self {
        Self(Some(Arc::new(Notes::new())))
    }

    /// Whether anybody wants to see anything.
    pub(crate) fn is_close(&self) -> bool {
        self.0.is_some()
    }

    /// What was taken down; nothing, where nobody wants to see it.
    pub(crate) fn notes(&self) -> Option<&Arc<Notes>> {
        self.0.as_ref()
    }

    /// A stream was accepted. It counts as open until what this gives is dropped.
    pub(crate) fn stream(&self, id: Uuid, table: &TableName, format: &'static str) -> Watched {
        let Some(notes) = &self.0 else {
            return Watched::default();
        };
        let stream = Arc::new(Stream::new(id, table, format, notes.clone()));
        let mut streams = lock(&notes.streams);
        streams.retain(|stream| stream.strong_count() > 0);
        streams.push(Arc::downgrade(&stream));
        Watched::of(stream)
    }

    /// Something was refused, or ended early: a token, a stream, a record.
    pub(crate) fn refused(
        &self,
        what: &'static str,
        table: Option<&TableName>,
        reason: &dyn Display,
    ) {
        if let Some(notes) = &self.0 {
            lock(&notes.refusals).add(what, table, reason);
        }
    }

    /// Rows are durable.
    pub(crate) fn committed<'a>(
        &self,
        table: &TableName,
        commit: Commit,
        batches: impl DoubleEndedIterator<Item = &'a RecordBatch>,
    ) {
        let Some(notes) = &self.0 else { return };
        let second = notes.second();
        let mut whole = lock(&notes.whole);
        whole.rows.add(second, commit.rows as u64);
        whole.bytes.add(second, commit.bytes as u64);
        whole.writing.add(commit.writing);
        whole.waiting.add(commit.waiting);
        drop(whole);
        let latest = Latest::of(batches);
        let mut tables = lock(&notes.tables);
        if !tables.contains_key(table) {
            tables.insert(table.clone(), TableNotes::default());
        }
        if let Some(notes) = tables.get_mut(table) {
            notes.committed(second, commit, latest);
        }
    }
}

impl Notes {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            streams: Mutex::default(),
            tables: Mutex::default(),
            whole: Mutex::default(),
            refusals: Mutex::default(),
        }
    }

    /// How long it has been watched.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// The streams that are open, in the order in which they were opened.
    pub(crate) fn streams(&self) -> Vec<Arc<Stream>> {
        let streams = lock(&self.streams);
        streams.iter().filter_map(Weak::upgrade).collect()
    }

    /// Figures over all tables.
    pub(crate) fn figures(&self) -> Figures {
        let now = self.second();
        let whole = lock(&self.whole);
        Figures {
            rows: whole.rows.rate(now),
            bytes: whole.bytes.rate(now),
            acks: whole.acks.rate(now),
            writing: whole.writing.percentiles(),
            waiting: whole.waiting.percentiles(),
        }
    }

    /// The tables that rows came to, by their names.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let now = self.second();
        let tables = lock(&self.tables);
        tables
            .iter()
            .map(|(name, notes)| notes.table(name, now))
            .collect()
    }

    /// The last rows of a table.
    pub(crate) fn latest(&self, table: &TableName) -> Option<Latest> {
        lock(&self.tables)
            .get(table)
            .map(|notes| notes.latest.clone())
    }

    /// What was refused last, the newest first, and how much there was of it in all.
    pub(crate) fn refusals(&self) -> (Vec<Refused>, u64) {
        lock(&self.refusals).newest_first()
    }

    fn acknowledged(&self) {
        lock(&self.whole).acks.add(self.second(), 1);
    }

    fn second(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array};

    use super::*;

    fn table() -> TableName {
        "a.b.c".parse().unwrap()
    }

    fn batch() -> RecordBatch {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        RecordBatch::try_from_iter([("id", ids)]).unwrap()
    }

    fn commit() -> Commit {
        Commit {
            rows: 2,
            bytes: 20,
            writing: Duration::from_millis(3),
            waiting: Duration::from_millis(5),
        }
    }

    #[test]
    fn nothing_is_taken_down_for_nobody() {
        let watch = Watch::default();
        watch.committed(&table(), commit(), [&batch()].into_iter());
        watch.refused("token", None, &"why");
        let stream = watch.stream(Uuid::nil(), &table(), "Protobuf");
        stream.received(1, 1);
        stream.acknowledged(Some(0));
        assert!(watch.notes().is_none());
    }

    #[test]
    fn a_stream_is_open_as_long_as_somebody_serves_it() {
        let watch = Watch::closely();
        let notes = watch.notes().unwrap();
        let [first, second] = [(); 2].map(|()| watch.stream(Uuid::new_v4(), &table(), "Protobuf"));
        let reader = second.clone();
        reader.received(3, 70);
        second.acknowledged(Some(4));
        drop((first, second));
        let open = notes.streams();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].rows(), open[0].bytes()), (3, 70));
        assert_eq!(open[0].acknowledged(), Some(4));
        drop((open, reader));
        assert!(notes.streams().is_empty());
        watch.stream(Uuid::new_v4(), &table(), "Protobuf");
        assert_eq!(lock(&notes.streams).len(), 1);
    }

    #[test]
    fn commits_are_counted_in_all_and_by_table() {
        let watch = Watch::closely();
        let other: TableName = "a.b.d".parse().unwrap();
        for table in [table(), other.clone(), other.clone()] {
            watch.committed(&table, commit(), [&batch()].into_iter());
        }
        let notes = watch.notes().unwrap();
        let tables = notes.tables();
        assert_eq!(tables.len(), 2);
        assert_eq!((tables[1].rows, tables[1].commits), (4, 2));
        assert_eq!(tables[1].name, other);
        let writing = notes.figures().writing.unwrap();
        assert_eq!(writing.half, Duration::from_millis(3));
        assert_eq!(notes.latest(&other).unwrap().rows.len(), 4);
        assert!(notes.latest(&"x.y.z".parse().unwrap()).is_none());
    }
}
