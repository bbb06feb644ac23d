//! What came to one table.

use std::time::Duration;

use zb_types::TableName;

use super::{
    latest::Latest,
    meter::{Meter, Rate},
    times::{Percentiles, Times},
};

/// One commit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit {
    pub(crate) rows: usize,
    /// As they were on the wire.
    pub(crate) bytes: usize,
    /// What it took.
    pub(crate) writing: Duration,
    /// From when its oldest row was received until it was durable.
    pub(crate) waiting: Duration,
}

#[derive(Debug, Default)]
pub(super) struct TableNotes {
    rows: Meter,
    bytes: Meter,
    commits: u64,
    writing: Times,
    pub(super) latest: Latest,
}

/// A table as it is now.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: TableName,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) rows_a_second: f64,
    pub(crate) bytes_a_second: f64,
    pub(crate) minute: Vec<u64>,
    pub(crate) commits: u64,
    pub(crate) writing: Option<Percentiles>,
}

impl TableNotes {
    pub(super) fn committed(&mut self, second: u64, commit: Commit, latest: Latest) {
        self.rows.add(second, commit.rows as u64);
        self.bytes.add(second, commit.bytes as u64);
        self.commits += 1;
        self.writing.add(commit.writing);
        self.latest.follow(latest);
    }

    pub(super) fn table(&self, name: &TableName, now: u64) -> Table {
        let Rate {
            total: rows,
            a_second: rows_a_second,
            minute,
        } = self.rows.rate(now);
        let bytes = self.bytes.rate(now);
        Table {
            name: name.clone(),
            rows,
            bytes: bytes.total,
            rows_a_second,
            bytes_a_second: bytes.a_second,
            minute,
            commits: self.commits,
            writing: self.writing.percentiles(),
        }
    }
}
