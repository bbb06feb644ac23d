//! Group commit: one task per table takes the rows of all streams and commits them together.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arrow_array::RecordBatch;
use tokio::{
    sync::{mpsc, oneshot},
    task,
    time::{Instant, timeout_at},
};
use zb_types::TableName;

use super::{
    Landing,
    compaction::Compaction,
    delta::{Delta, DeltaError, Rewritten},
    table::Rows,
};
use crate::{
    faults::{Action, CommitFailure, Event, Faults},
    limits::GroupCommit,
    stats::Counters,
    watch::{self, Watch},
};

/// What a table's task is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// Rows to commit with the next group.
    Commit(Rows),
    /// Do not wait for more: somebody has nothing more to send. The answer comes when everything
    /// that was queued before is settled.
    Flush(oneshot::Sender<()>),
}

/// The task of one table.
pub(crate) struct Committer {
    pub(crate) table: TableName,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) group_commit: GroupCommit,
    pub(crate) counters: Arc<Counters>,
    pub(crate) faults: Faults,
    pub(crate) watch: Watch,
    pub(crate) version: Arc<AtomicU64>,
}

/// Rows that become durable together.
#[derive(Default)]
struct Group {
    rows: Vec<Rows>,
    count: usize,
    bytes: usize,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Committer {
    /// Commits until every handle of the table is gone and nothing waits any more.
    ///
    /// The first commit that fails is the last one: the table is closed then, and whoever wants it
    /// opens it again as it is by that time.
    pub(crate) async fn run(mut self, mut delta: Delta) {
        let mut compaction = Compaction::new(self.group_commit.small_files);
        compaction.begin(&delta);
        loop {
            let order = tokio::select! {
                order = self.orders.recv() => order,
                written = compaction.written() => {
                    self.replace(&mut delta, written).await;
                    compaction.begin(&delta);
                    continue;
                }
            };
            let Some(order) = order else { return };
            let group = self.gather(order).await;
            let version = delta.version();
            match self.commit(delta, &group.rows).await {
                Ok(same) => delta = same,
                Err(error) => {
                    tracing::error!(table = %self.table, %error, "rows could not be committed");
                    return self.close(group, &error).await;
                }
            }
            group.committed();
            // Only after the acknowledgements: it is for readers, and they can do without.
            if delta.version() != version {
                self.checkpoint(&delta).await;
                compaction.begin(&delta);
            }
        }
    }

    async fn checkpoint(&self, delta: &Delta) {
        if let Err(error) = delta.checkpoint().await {
            tracing::warn!(table = %self.table, %error, "no checkpoint could be written");
        }
    }

    /// Commits a larger file instead of small ones. Where that cannot be, everything is as it was.
    async fn replace(&self, delta: &mut Delta, written: Result<Option<Rewritten>, DeltaError>) {
        let replaced = match written {
            Ok(Some(rewritten)) => delta.replace(rewritten).await,
            Ok(None) => {
                delta.forget_small_files();
                return;
            }
            Err(error) => Err(error),
        };
        match replaced {
            Ok(Some(version)) => {
                self.version.store(version, Ordering::Relaxed);
                self.counters.compactions.add(1);
                tracing::debug!(table = %self.table, version, "small files were put together");
                self.checkpoint(delta).await;
            }
            Ok(None) => {
                tracing::debug!(table = %self.table, "another writer was here meanwhile");
            }
            Err(error) => {
                tracing::warn!(table = %self.table, %error, "small files stay as they are");
                delta.forget_small_files();
            }
        }
    }

    /// Waits for more rows until the group is old enough, large enough, or wanted at once.
    async fn gather(&mut self, first: Order) -> Group {
        let mut group = Group::default();
        let mut next = Some(first);
        while let Some(order) = next {
            group.add(order);
            if group.is_full(self.group_commit) {
                break;
            }
            // A time that is over still takes along what is here already.
            let due = group.due(self.group_commit);
            next = timeout_at(due, self.orders.recv()).await.unwrap_or(None);
        }
        group
    }

    async fn commit(&self, mut delta: Delta, rows: &[Rows]) -> Result<Delta, DeltaError> {
        let batches: Vec<_> = rows
            .iter()
            .filter(|rows| rows.batch.num_rows() > 0)
            .map(|rows| rows.batch.clone())
            .collect();
        let offsets = offsets(rows);
        if batches.is_empty() && offsets.is_empty() {
            return Ok(delta);
        }
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        // A stream that is new to the table brings no rows.
        if count > 0 {
            self.fault().await?;
        }
        let started = Instant::now();
        if self.group_commit.landing == Landing::Memory {
            self.counters.rows.add(count);
            self.counters.commits.add(1);
            self.watched(rows, count, started);
            return Ok(delta);
        }

        // Parquet is CPU work: it must not hold up the tasks that read and acknowledge.
        let runtime = tokio::runtime::Handle::current();
        let (delta, version) = task::spawn_blocking(move || {
            let version = runtime.block_on(delta.append(&batches, offsets));
            version.map(|version| (delta, version))
        })
        .await
        .map_err(DeltaError::Interrupted)??;

        self.version.store(version, Ordering::Relaxed);
        self.counters.rows.add(count);
        self.counters.commits.add(usize::from(count > 0));
        self.watched(rows, count, started);
        tracing::debug!(
            table = %self.table,
            version,
            rows = count,
            elapsed = ?started.elapsed(),
            "committed"
        );
        Ok(delta)
    }

    /// Takes down a commit, where somebody watches.
    fn watched(&self, rows: &[Rows], count: usize, started: Instant) {
        if !self.watch.is_close() {
            return;
        }
        let oldest = rows.iter().map(|rows| rows.queued_at).min();
        let commit = watch::Commit {
            rows: count,
            bytes: rows.iter().map(|rows| rows.bytes).sum(),
            writing: started.elapsed(),
            waiting: oldest.map_or(Duration::ZERO, |oldest| oldest.elapsed()),
        };
        let batches = rows.iter().map(|rows| &rows.batch);
        self.watch.committed(&self.table, commit, batches);
    }

    /// What a script of faults has in store for a commit.
    async fn fault(&self) -> Result<(), DeltaError> {
        let action = self.faults.meet(Event::commit(&self.table)).await;
        self.faults.thawed().await;
        match action {
            Some(Action::Fail(CommitFailure::DiskFull)) => {
                Err(io::Error::from(io::ErrorKind::StorageFull).into())
            }
            Some(Action::Fail(CommitFailure::Other(reason))) => {
                Err(io::Error::other(reason.as_ref()).into())
            }
            _ => Ok(()),
        }
    }

    /// Tells everybody who waits that nothing more is committed.
    async fn close(mut self, failed: Group, error: &DeltaError) {
        let reason = Arc::from(error.to_string());
        failed.failed(&reason);
        self.orders.close();
        while let Some(order) = self.orders.recv().await {
            if let Order::Commit(rows) = order {
                rows.lane.fail(&reason);
            }
        }
    }
}

/// How far the streams have come whose offsets are committed together with the rows.
fn offsets(rows: &[Rows]) -> BTreeMap<String, i64> {
    let mut offsets = BTreeMap::new();
    for rows in rows {
        if let (Some(name), Some(offset)) = (rows.lane.name(), rows.last_offset) {
            offsets.insert(name.to_owned(), offset);
        }
    }
    offsets
}

impl Group {
    fn committed(self) {
        for rows in &self.rows {
            if let Some(offset) = rows.last_offset {
                rows.lane.committed(offset);
            }
        }
        for waiting in self.waiting {
            // Who asked may have gone in the meantime.
            let _ = waiting.send(());
        }
    }

    fn failed(self, reason: &Arc<str>) {
        for rows in &self.rows {
            rows.lane.fail(reason);
        }
    }

    fn add(&mut self, order: Order) {
        match order {
            Order::Commit(rows) => {
                self.count += rows.batch.num_rows();
                self.bytes += rows.bytes;
                self.rows.push(rows);
            }
            Order::Flush(waiting) => self.waiting.push(waiting),
        }
    }

    /// The wait is counted from the oldest row, so that a slow commit does not delay the next one.
    fn due(&self, limits: GroupCommit) -> Instant {
        match self.rows.first() {
            Some(rows) => rows.queued_at + limits.every,
            None => Instant::now(),
        }
    }

    fn is_full(&self, limits: GroupCommit) -> bool {
        !self.waiting.is_empty() || self.count >= limits.max_rows || self.bytes >= limits.max_bytes
    }
}
