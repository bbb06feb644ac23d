//! The machine that a server runs on: threads of its own, which are switched off with everything
//! on them, and a journal of what is logged there.

use tokio::runtime::{Builder, Runtime};
use tracing::Level;

use crate::journal::Journal;

pub(crate) struct Machine {
    /// Empty when it is off.
    runtime: Option<Runtime>,
    journal: Journal,
}

impl Machine {
    pub(crate) fn switched_on() -> Self {
        let journal = Journal::default();
        let log = journal.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            // For as long as the thread lives.
            .on_thread_start(move || std::mem::forget(log.read_along(Level::INFO)))
            .build();
        Self {
            runtime: Some(runtime.unwrap()),
            journal,
        }
    }

    /// What was logged on it.
    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let runtime = self.runtime.as_ref().expect("it is on");
        runtime.spawn(work).await.unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
