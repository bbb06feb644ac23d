//! Batches from files, read on a thread of their own and never many ahead.

use arrow_array::RecordBatch;
use tokio::sync::mpsc;

use crate::input::{Error, Inputs};

/// How many batches are read ahead.
const AHEAD: usize = 2;

/// The batches of all files.
pub(crate) struct Source {
    batches: mpsc::Receiver<Result<RecordBatch, Error>>,
}

impl Source {
    /// Starts reading. Dropping the source ends the thread with the batch it is at.
    pub(crate) fn start(inputs: Inputs) -> Self {
        let (give, batches) = mpsc::channel(AHEAD);
        tokio::task::spawn_blocking(move || {
            for batch in inputs {
                if give.blocking_send(batch).is_err() {
                    return;
                }
            }
        });
        Self { batches }
    }

    /// The next batch; `None` after the last. After an error there is none.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        self.batches.recv().await
    }
}
