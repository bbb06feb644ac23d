//! When the small files of a table are put together, beside its commits.

use std::{future::pending, num::NonZeroUsize};

use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::delta::{Delta, DeltaError, Rewritten};

/// How a table keeps its small files in check; with none of it, it does not.
#[derive(Debug)]
pub(super) struct Compaction {
    /// How many small files there may be.
    most: Option<NonZeroUsize>,
    job: Option<Job>,
}

/// A larger file that is being written. It ends when this is dropped: files that no version names
/// are no part of a table.
#[derive(Debug)]
struct Job {
    task: JoinHandle<Result<Option<Rewritten>, DeltaError>>,
    _end: DropGuard,
}

impl Compaction {
    pub(super) fn new(most: Option<NonZeroUsize>) -> Self {
        Self { most, job: None }
    }

    /// Begins, if there are too many small files and nothing goes on yet.
    pub(super) fn begin(&mut self, delta: &Delta) {
        let Some(most) = self.most.filter(|_| self.job.is_none()) else {
            return;
        };
        if delta.small_files() <= most.get() {
            return;
        }
        let rewriting = delta.rewriting();
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let runtime = Handle::current();
        // Parquet is CPU work.
        let task = tokio::task::spawn_blocking(move || runtime.block_on(rewriting.run(&ended)));
        self.job = Some(Job { task, _end: end });
    }

    /// Waits until a larger file is written. Never returns where none is.
    ///
    /// Nothing is lost when this is given up before it returns and begun again.
    pub(super) async fn written(&mut self) -> Result<Option<Rewritten>, DeltaError> {
        let Some(job) = &mut self.job else {
            return pending().await;
        };
        let written = (&mut job.task).await;
        self.job = None;
        written.map_err(DeltaError::Interrupted)?
    }
}
