//! The log lines of some threads.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
pub(crate) struct Journal {
    text: Arc<Mutex<Vec<u8>>>,
}

impl Journal {
    /// What this thread logs from now on, until the guard is dropped.
    pub(crate) fn begin(level: Level) -> (Self, DefaultGuard) {
        let journal = Self::default();
        let guard = journal.read_along(level);
        (journal, guard)
    }

    /// Takes in what this thread logs, until the guard is dropped.
    pub(crate) fn read_along(&self, level: Level) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }
}

impl io::Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Journal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
