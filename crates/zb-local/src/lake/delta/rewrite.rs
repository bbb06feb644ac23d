//! Small files become a larger one that holds the same rows, as by Delta's OPTIMIZE.
//!
//! Writing the larger file is most of the work, and goes on beside the commits: it changes nothing
//! that a reader sees. One commit then names the larger file instead of the small ones, all at once
//! or not at all, and only if nobody but the owner of the table has written since. The small files
//! stay where they are, for readers of older versions, until somebody has the table vacuumed.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use deltalake_core::{
    DeltaTableError,
    kernel::{
        Action, Add, Remove, engine::arrow_conversion::TryIntoArrow as _,
        transaction::TransactionError,
    },
    logstore::CommitOrBytes,
    protocol::DeltaOperation,
    table::state::DeltaTableState,
    writer::DeltaWriter as _,
};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{Delta, DeltaError, log_entry, writer};

/// How large a file is meant to become.
const TARGET: i64 = 64 * 1024 * 1024;

/// The most small files that are put together at once.
const MOST: usize = 1_000;

/// Whether a file of so many bytes is worth being put together with others.
pub(super) fn is_small(bytes: i64) -> bool {
    bytes < TARGET / 2
}

/// How many such files there are.
pub(super) fn small_files(state: &DeltaTableState) -> usize {
    let files = state.log_data();
    files.iter().filter(|file| is_small(file.size())).count()
}

/// What is to be rewritten.
#[derive(Debug)]
pub(crate) struct Rewriting {
    url: Url,
    foreign: u64,
}

/// A larger file that no version of the table has yet.
#[derive(Debug)]
pub(crate) struct Rewritten {
    small: Vec<Remove>,
    large: Vec<Add>,
    foreign: u64,
}

impl Delta {
    /// How many files are worth being put together, as far as is known.
    pub(crate) fn small_files(&self) -> usize {
        self.small
    }

    /// Has it counted anew: what is there now cannot be put together.
    pub(crate) fn forget_small_files(&mut self) {
        self.small = 0;
    }

    /// Something to be done beside the commits.
    pub(crate) fn rewriting(&self) -> Rewriting {
        Rewriting {
            url: self.table.table_url().clone(),
            foreign: self.foreign,
        }
    }

    /// Commits what was rewritten and returns the version it made; none, if another writer has been
    /// here since: the small files may be what they took away.
    pub(crate) async fn replace(
        &mut self,
        rewritten: Rewritten,
    ) -> Result<Option<u64>, DeltaError> {
        if rewritten.foreign != self.foreign {
            return Ok(None);
        }
        let large = rewritten.large.iter().filter(|file| is_small(file.size));
        let small = (self.small + large.count()).saturating_sub(rewritten.small.len());
        let operation = DeltaOperation::Optimize {
            predicate: None,
            target_size: TARGET,
        };
        let removed = rewritten.small.into_iter().map(Action::Remove);
        let added = rewritten.large.into_iter().map(Action::Add);
        let entry = CommitOrBytes::LogBytes(log_entry(operation, false, removed.chain(added))?);
        let next = self.version + 1;
        let log = self.table.log_store();
        match log.write_commit_entry(next, entry, Uuid::new_v4()).await {
            Ok(()) => {
                self.version = next;
                self.small = small;
                Ok(Some(next))
            }
            Err(TransactionError::VersionAlreadyExists(_)) => {
                self.catch_up().await?;
                Ok(None)
            }
            Err(error) => Err(DeltaTableError::from(error).into()),
        }
    }
}

impl Rewriting {
    /// Writes the larger file; none, if there is nothing to be put together, or this is to end.
    pub(crate) async fn run(
        self,
        ended: &CancellationToken,
    ) -> Result<Option<Rewritten>, DeltaError> {
        // Newer than the one that commits, maybe: then a foreign writer has been here, which is
        // found out when this is committed.
        let delta = Delta::open_url(self.url.clone()).await?;
        let state = delta.table.snapshot()?;
        if !state.metadata().partition_columns().is_empty() {
            return Ok(None);
        }
        let directory = self
            .url
            .to_file_path()
            .map_err(|()| DeltaError::Path(self.url.path().into()))?;
        let schema: Schema = state.schema().as_ref().try_into_arrow()?;
        let schema = Arc::new(schema);

        let mut writer = writer(&delta.table)?;
        let (mut small, mut bytes, mut rows) = (Vec::new(), 0, 0);
        for file in candidates(state) {
            if bytes >= TARGET || small.len() >= MOST {
                break;
            }
            // What was written for other columns stays as it is.
            let Some(batches) = read(&directory.join(&file.path), &schema) else {
                continue;
            };
            for batch in batches {
                if ended.is_cancelled() {
                    return Ok(None);
                }
                let batch = batch?;
                rows += batch.num_rows();
                writer.write(batch).await?;
            }
            bytes += file.size.unwrap_or_default();
            small.push(file);
        }
        if small.len() < 2 {
            return Ok(None);
        }
        let mut large = writer.flush().await?;
        let counts = large.iter().map(|file| {
            let stats = file.get_stats().ok().flatten()?;
            usize::try_from(stats.num_records).ok()
        });
        let written = counts.sum::<Option<usize>>().unwrap_or_default();
        if written != rows {
            return Err(DeltaError::Miscounted {
                read: rows,
                written,
            });
        }
        for file in &mut large {
            file.data_change = false;
        }
        Ok(Some(Rewritten {
            small,
            large,
            foreign: self.foreign,
        }))
    }
}

/// Small files, the oldest first, so that rows stay in their order.
fn candidates(state: &DeltaTableState) -> Vec<Remove> {
    let mut files: Vec<_> = state
        .log_data()
        .iter()
        .filter(|file| is_small(file.size()))
        .map(|file| (file.modification_time(), file.remove_action(false)))
        // Rows of these are marked as deleted.
        .filter(|(_, file)| file.deletion_vector.is_none())
        .collect();
    files.sort_by(|(a, one), (b, other)| (a, &one.path).cmp(&(b, &other.path)));
    files.into_iter().map(|(_, file)| file).collect()
}

/// The rows of a file; nothing, where its columns are not those of the table.
fn read(
    path: &Path,
    schema: &SchemaRef,
) -> Option<impl Iterator<Item = Result<RecordBatch, DeltaError>> + use<>> {
    let options = ArrowReaderOptions::new().with_schema(schema.clone());
    let opened = File::open(path).map_err(DeltaError::from).and_then(|file| {
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
        Ok(reader.build()?)
    });
    match opened {
        Ok(reader) => Some(reader.map(|batch| Ok(batch?))),
        Err(error) => {
            tracing::debug!(path = %path.display(), %error, "a file is left as it is");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use arrow_array::{ArrayRef, Int64Array};
    use tempfile::TempDir;

    use super::*;

    /// A table with three files of one row each.
    async fn table() -> (TempDir, Delta) {
        let dir = tempfile::tempdir().unwrap();
        let rows = |id| {
            let ids: ArrayRef = Arc::new(Int64Array::from(vec![id]));
            RecordBatch::try_from_iter_with_nullable([("id", ids, true)]).unwrap()
        };
        let name = "a.b.c".parse().unwrap();
        let schema = rows(0).schema();
        let mut delta = Delta::create(dir.path(), &name, &schema).await.unwrap();
        for id in 0..3 {
            delta.append(&[rows(id)], BTreeMap::new()).await.unwrap();
        }
        (dir, delta)
    }

    async fn rewritten(delta: &Delta) -> Rewritten {
        let never = CancellationToken::new();
        delta.rewriting().run(&never).await.unwrap().unwrap()
    }

    /// The files of the newest version.
    async fn files(dir: &TempDir) -> Vec<String> {
        let delta = Delta::open(dir.path()).await.unwrap();
        let files = candidates(delta.table.snapshot().unwrap());
        files.into_iter().map(|file| file.path).collect()
    }

    /// Another writer takes a file out of the table.
    async fn foreign_delete(dir: &TempDir) {
        let mut foreign = Delta::open(dir.path()).await.unwrap();
        let mut files = candidates(foreign.table.snapshot().unwrap());
        files.truncate(1);
        let (small, large) = (files, Vec::new());
        let delete = Rewritten {
            small,
            large,
            foreign: 0,
        };
        assert!(foreign.replace(delete).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_larger_file_is_seen_when_it_is_committed_and_not_before() {
        let (dir, mut delta) = table().await;
        assert_eq!(delta.small_files(), 3);
        let before = files(&dir).await;
        assert_eq!(before.len(), 3);
        let rewritten = rewritten(&delta).await;
        // Whoever is killed here leaves the table as it was.
        assert_eq!(files(&dir).await, before);
        assert_eq!(delta.replace(rewritten).await.unwrap(), Some(4));
        let after = files(&dir).await;
        assert!(after.len() == 1 && !before.contains(&after[0]), "{after:?}");
        assert_eq!(delta.small_files(), 1);
        // Readers of the version before still find what it names.
        assert!(before.iter().all(|file| dir.path().join(file).exists()));
    }

    #[tokio::test]
    async fn one_file_alone_and_one_that_is_to_end_come_to_nothing() {
        let (dir, mut delta) = table().await;
        let ended = CancellationToken::new();
        ended.cancel();
        assert!(delta.rewriting().run(&ended).await.unwrap().is_none());
        let rewritten = rewritten(&delta).await;
        delta.replace(rewritten).await.unwrap();
        let run = delta.rewriting().run(&CancellationToken::new()).await;
        assert!(run.unwrap().is_none());
        assert_eq!(files(&dir).await.len(), 1);
    }

    #[tokio::test]
    async fn rows_that_were_deleted_meanwhile_do_not_come_back() {
        let (dir, mut delta) = table().await;
        let stale = rewritten(&delta).await;
        foreign_delete(&dir).await;
        assert_eq!(delta.replace(stale).await.unwrap(), None);
        assert_eq!(files(&dir).await.len(), 2);

        // Found out by a commit in between, too.
        let stale = rewritten(&delta).await;
        foreign_delete(&dir).await;
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![9]));
        let rows = RecordBatch::try_from_iter_with_nullable([("id", ids, true)]).unwrap();
        delta.append(&[rows], BTreeMap::new()).await.unwrap();
        assert_eq!(delta.replace(stale).await.unwrap(), None);
        assert_eq!(files(&dir).await.len(), 2);
        // And then it can be done after all.
        let fresh = rewritten(&delta).await;
        assert!(delta.replace(fresh).await.unwrap().is_some());
        assert_eq!(files(&dir).await.len(), 1);
    }
}
