//! What a client believes became of its rows, as `tests/python/judge.py` reads it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use zb_core::{Receipt, RowRanges};

/// Rows of a producer: (producer, from, to).
pub(super) type Span = (i64, i64, i64);

/// A rejected row and why: (producer, seq, kind).
pub(super) type Refusal = (i64, i64, String);

/// What may be there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Duplicates {
    /// What was reported.
    Any,
    /// Nothing: the fault gives no cause for it.
    None,
    /// Something: the fault would not have shown otherwise.
    Real,
}

/// The whole of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Belief {
    pub(super) name: String,
    pub(super) run: String,
    pub(super) table: PathBuf,
    pub(super) offered: Vec<Span>,
    pub(super) durable: Vec<Span>,
    pub(super) rejected: Vec<Refusal>,
    pub(super) not_sent: Vec<Span>,
    pub(super) unknown: Vec<Span>,
    pub(super) possibly_duplicated: Vec<Span>,
    pub(super) quarantine: Option<Vec<Refusal>>,
    pub(super) expected_rejected: Option<Vec<Refusal>>,
    pub(super) ordered: bool,
    pub(super) duplicates: Duplicates,
    pub(super) stamped: bool,
    pub(super) recovery_ms: Vec<u64>,
    pub(super) recovery_limit_ms: u64,
    pub(super) peak_memory: Option<u64>,
    pub(super) memory_limit: u64,
}

impl Belief {
    /// Before anything was sent.
    pub(super) fn new(name: &str, run: &str, table: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            run: run.to_owned(),
            table,
            offered: Vec::new(),
            durable: Vec::new(),
            rejected: Vec::new(),
            not_sent: Vec::new(),
            unknown: Vec::new(),
            possibly_duplicated: Vec::new(),
            quarantine: None,
            expected_rejected: None,
            ordered: false,
            duplicates: Duplicates::Any,
            stamped: false,
            recovery_ms: Vec::new(),
            recovery_limit_ms: 0,
            peak_memory: None,
            memory_limit: 0,
        }
    }

    /// A batch of a producer, whose first row is `start`, was taken in and is settled.
    pub(super) fn settled(&mut self, producer: i64, start: i64, receipt: &Receipt) {
        let spans = |rows: &RowRanges| -> Vec<Span> {
            rows.as_slice()
                .iter()
                .map(|rows| (producer, start + rows.start as i64, start + rows.end as i64))
                .collect()
        };
        self.offered
            .push((producer, start, start + receipt.rows() as i64));
        self.durable.extend(spans(receipt.durable()));
        self.not_sent.extend(spans(receipt.not_sent()));
        self.unknown.extend(spans(receipt.unknown()));
        self.possibly_duplicated
            .extend(spans(receipt.possibly_duplicated()));
        self.rejected.extend(receipt.rejected().iter().map(|row| {
            let seq = start + row.row() as i64;
            (producer, seq, row.kind().to_owned())
        }));
    }

    /// A batch was not taken in.
    pub(super) fn turned_away(&mut self, producer: i64, start: i64, end: i64) {
        self.offered.push((producer, start, end));
        self.not_sent.push((producer, start, end));
    }

    /// Writes it for the judge.
    pub(super) fn write(&self, file: &Path) {
        fs::write(file, serde_json::to_vec(self).unwrap()).unwrap();
    }
}
