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
    /// The name under which the table itself remembers how far the stream has come.
    remembered: Option<String>,
}

impl Lane {
    /// A lane whose offsets are committed together with the rows.
    pub(crate) fn remembered(name: String) -> Self {
        Self {
            remembered: Some(name),
            ..Self::default()
        }
    }

    /// The name that its offsets are committed under, if they are.
    pub(super) fn name(&self) -> Option<&str> {
        self.remembered.as_deref()
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Queues something with `send`, and says whether it did: a lane that was ended takes nothing
    /// more, from the very moment on.
    pub(super) fn queue(&self, offset: Option<i64>, send: impl FnOnce()) -> bool {
        let mut open = false;
        // Nobody needs to wake up for this.
        self.progress.send_if_modified(|progress| {
            open = progress.failure.is_none();
            if open {
                progress.queued = offset.or(progress.queued);
                send();
            }
            false
        });
        open
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
