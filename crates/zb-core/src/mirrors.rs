//! The mirrors and the quarantine of `zb-debug`, as `zb-ingest` knows them.

use std::{
    error::Error as StdError,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use arrow_array::RecordBatch;
use zb_debug::{Mirrors, QuarantineDir};
use zb_ingest::{Event, Observer, Quarantine};
use zb_types::TableName;

/// What a client keeps in files beside what it sends.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) mirrors: Option<Arc<Mirrors>>,
    pub(crate) quarantine: Option<Arc<QuarantineDir>>,
}

impl Beside {
    /// Ends the files. What is missing in them fails nothing that was sent.
    pub(crate) async fn close(&self) {
        let (mirrors, quarantine) = (self.mirrors.clone(), self.quarantine.clone());
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(mirrors) = mirrors
                && let Err(error) = mirrors.close()
            {
                tracing::warn!(%error, "the mirrors do not show everything");
            }
            if let Some(quarantine) = quarantine
                && let Err(error) = quarantine.close()
            {
                tracing::warn!(%error, "a quarantine file was not ended; its rows are in it");
            }
        });
        // It is cut off only with the runtime.
        let _ = closing.await;
    }
}

/// Gives the mirrors what they show.
pub(crate) struct Mirrored {
    mirrors: Arc<Mirrors>,
    /// Whether it was said that some of it cannot be shown.
    said: AtomicBool,
}

impl Mirrored {
    pub(crate) fn new(mirrors: Arc<Mirrors>) -> Self {
        let said = (!mirrors.shows_records()).into();
        Self { mirrors, said }
    }
}

impl Observer for Mirrored {
    fn observe(&self, table: &TableName, event: &Event<'_>) {
        match event {
            Event::HandedIn { batch, .. } => self.mirrors.batch(table, batch),
            // Each record once: what is sent again is the same.
            Event::Sending {
                descriptor,
                records,
                again: false,
                ..
            } => self.mirrors.records(table, descriptor, records),
            #[cfg(feature = "flight")]
            Event::SendingBatch { .. } if !self.said.swap(true, Ordering::Relaxed) => {
                tracing::warn!(
                    %table,
                    "the Protobuf mirror has nothing of rows that go by Arrow Flight; the Arrow mirror has \
                     what was handed in"
                );
            }
            _ => {}
        }
    }
}

/// Keeps rejected rows in files.
pub(crate) struct Kept(pub(crate) Arc<QuarantineDir>);

impl Quarantine for Kept {
    fn put(&self, table: &TableName, rows: &RecordBatch) -> Result<(), Box<dyn StdError>> {
        Ok(self.0.put(table, rows)?)
    }
}
