//! How far one stream has come: what was queued for a commit, and what is committed.

use std::sync::Arc;

use tokio::sync::watch;

/// Offsets of one stream, as far as they are known to be queued and committed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// The highest offset whose rows wait for a commit or are committed.
    pub(crate) queued: Option<i64>,
    /// The highest offset whose rows, with all rows before them, are in the table.
    pub(crate) committed: Option<i64>,
    /// Why nothing after `committed` is going to be committed any more.
    pub(crate) failure: Option<Arc<str>>,
}

impl Progress {
    /// Whether nothing is going to change until something more is queued.
    pub(crate) fn settled(&self) -> bool {
        self.failure.is_some() || self.committed == self.queued
    }
}

/// One stream's way into a table, shared by the stream and by what it has queued.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    progress: watch::Sender<Progress>,
}

impl Lane {
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(crate) fn queued(&self, offset: i64) {
        // Nobody needs to wake up for this.
        self.progress.send_if_modified(|progress| {
            progress.queued = Some(offset);
            false
        });
    }

    pub(crate) fn committed(&self, offset: i64) {
        self.progress
            .send_modify(|progress| progress.committed = Some(offset));
    }

    /// Ends the lane: what comes after a gap must never be acknowledged.
    pub(crate) fn fail(&self, reason: &Arc<str>) {
        self.progress.send_modify(|progress| {
            progress.failure.get_or_insert_with(|| reason.clone());
        });
    }
}
