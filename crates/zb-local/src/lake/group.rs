//! Group commit: one task per table takes the rows of all streams and commits them together.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    task,
    time::{Instant, timeout_at},
};
use zb_types::TableName;

use super::{
    delta::{Delta, DeltaError},
    table::Rows,
};
use crate::{limits::GroupCommit, stats::Counters};

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
    pub(crate) path: PathBuf,
    /// Empty after a failure: whatever is in the log then is read again.
    pub(crate) delta: Option<Delta>,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) group_commit: GroupCommit,
    pub(crate) counters: Arc<Counters>,
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
    pub(crate) async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            let group = self.gather(order).await;
            self.settle(group).await;
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

    async fn settle(&mut self, group: Group) {
        let rows: Vec<Rows> = group
            .rows
            .into_iter()
            .filter(|rows| !rows.lane.failed())
            .collect();
        match self.commit(&rows).await {
            Ok(()) => {
                for rows in &rows {
                    rows.lane.committed(rows.last_offset);
                }
            }
            Err(error) => {
                tracing::error!(table = %self.table, %error, "rows could not be committed");
                let reason = Arc::from(error.to_string());
                for rows in &rows {
                    rows.lane.fail(&reason);
                }
            }
        }
        for waiting in group.waiting {
            // Who asked may have gone in the meantime.
            let _ = waiting.send(());
        }
    }

    async fn commit(&mut self, rows: &[Rows]) -> Result<(), DeltaError> {
        let batches: Vec<_> = rows
            .iter()
            .filter(|rows| rows.batch.num_rows() > 0)
            .map(|rows| rows.batch.clone())
            .collect();
        if batches.is_empty() {
            return Ok(());
        }
        let mut delta = match self.delta.take() {
            Some(delta) => delta,
            None => Delta::open(&self.path).await?,
        };
        let count: usize = batches.iter().map(arrow_array::RecordBatch::num_rows).sum();
        let started = Instant::now();

        // Parquet is CPU work: it must not hold up the tasks that read and acknowledge.
        let runtime = tokio::runtime::Handle::current();
        let (delta, version) = task::spawn_blocking(move || {
            let version = runtime.block_on(delta.append(&batches));
            (delta, version)
        })
        .await
        .map_err(DeltaError::Interrupted)?;
        let version = version?;

        self.delta = Some(delta);
        self.counters.rows.add(count);
        self.counters.commits.add(1);
        tracing::debug!(
            table = %self.table,
            version,
            rows = count,
            elapsed = ?started.elapsed(),
            "committed"
        );
        Ok(())
    }
}

impl Group {
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
