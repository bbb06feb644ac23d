//! Batches from files, read on a thread of their own and never many ahead.

use std::path::PathBuf;

use arrow_array::RecordBatch;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::input::{Error, Inputs, Options};

/// How many batches wait to be taken, besides the one that the thread holds.
const AHEAD: usize = 2;

/// Opens all files, which may take as long as a pipe has nothing to say.
pub(crate) async fn open(paths: &[PathBuf], options: Options) -> Result<Inputs, Error> {
    let paths = paths.to_vec();
    let opening = tokio::task::spawn_blocking(move || Inputs::open(&paths, &options));
    opening.await.map_err(|_| Error::Stopped)?
}

/// The batches of all files.
pub(crate) struct Source {
    batches: mpsc::Receiver<Result<RecordBatch, Error>>,
    /// `None` once it is known how the thread ended.
    reading: Option<JoinHandle<()>>,
}

impl Source {
    /// Starts reading. Dropping the source ends the thread with the batch it is at.
    pub(crate) fn start(
        inputs: impl Iterator<Item = Result<RecordBatch, Error>> + Send + 'static,
    ) -> Self {
        let (give, batches) = mpsc::channel(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            for batch in inputs {
                if give.blocking_send(batch).is_err() {
                    return;
                }
            }
        });
        Self {
            batches,
            reading: Some(reading),
        }
    }

    /// The next batch; `None` after the last. After an error there is none.
    pub(crate) async fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        if let Some(batch) = self.batches.recv().await {
            return Some(batch);
        }
        // A thread that was cut off has not come to the end of the files.
        let ended = self.reading.take()?.await;
        ended.is_err().then_some(Err(Error::Stopped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_panics_has_not_come_to_the_end() {
        let mut source = Source::start(std::iter::from_fn(|| panic!("as a library may")));
        assert!(matches!(source.next().await, Some(Err(Error::Stopped))));
        assert!(source.next().await.is_none());
    }

    #[tokio::test]
    async fn the_end_of_the_files_is_no_error() {
        let mut source = Source::start(std::iter::empty());
        assert!(source.next().await.is_none());
    }
}
