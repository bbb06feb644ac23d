//! One open stream.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use uuid::Uuid;
use zb_types::TableName;

use super::Notes;

/// What is known of a stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: Uuid,
    pub(crate) table: TableName,
    /// How records are written: `Protobuf` …
    pub(crate) format: &'static str,
    opened: Instant,
    rows: AtomicU64,
    bytes: AtomicU64,
    /// -1 until there is one.
    acknowledged: AtomicI64,
    told_to_close: AtomicBool,
    notes: Arc<Notes>,
}

/// The hand of those who serve a stream; an empty one, where nobody watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched(Option<Arc<Stream>>);

impl Watched {
    pub(super) fn of(stream: Arc<Stream>) -> Self {
        Self(Some(stream))
    }

    /// Rows came in, of so many bytes on the wire.
    pub(crate) fn received(&self, rows: usize, bytes: usize) {
        if let Some(stream) = &self.0 {
            stream.rows.fetch_add(rows as u64, Ordering::Relaxed);
            stream.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// An acknowledgement went out, of this offset if it named one.
    pub(crate) fn acknowledged(&self, offset: Option<i64>) {
        if let Some(stream) = &self.0 {
            stream.notes.acknowledged();
            if let Some(offset) = offset {
                stream.acknowledged.store(offset, Ordering::Relaxed);
            }
        }
    }

    /// A close signal went out.
    pub(crate) fn told_to_close(&self) {
        if let Some(stream) = &self.0 {
            stream.told_to_close.store(true, Ordering::Relaxed);
        }
    }
}

impl Stream {
    pub(super) fn new(
        id: Uuid,
        table: &TableName,
        format: &'static str,
        notes: Arc<Notes>,
    ) -> Self {
        Self {
            id,
            table: table.clone(),
            format,
            opened: Instant::now(),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            acknowledged: AtomicI64::new(-1),
            told_to_close: AtomicBool::new(false),
            notes,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// As they were on the wire.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The last offset that was acknowledged; an injected fault may make it go back.
    pub(crate) fn acknowledged(&self) -> Option<i64> {
        let offset = self.acknowledged.load(Ordering::Relaxed);
        (offset >= 0).then_some(offset)
    }

    pub(crate) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    pub(crate) fn is_told_to_close(&self) -> bool {
        self.told_to_close.load(Ordering::Relaxed)
    }
}
