//! An observer that remembers.

use std::sync::{Arc, Mutex};

use zb_ingest::{Event, Observer, Rejection};
use zb_types::TableName;

/// What was seen of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Rejected { rows: Vec<usize> },
    Sent { rows: usize, bytes: usize },
    Acknowledged { rows: usize, bytes: usize },
    Connecting { attempt: u32, in_flight: usize },
}

#[derive(Default)]
pub(crate) struct Witness {
    seen: Mutex<Vec<Seen>>,
}

impl Witness {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Everything so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Rows and bytes of each request that was sent.
    pub(crate) fn sent(&self) -> Vec<(usize, usize)> {
        let seen = self.seen();
        let sent = seen.iter().filter_map(|event| match event {
            Seen::Sent { rows, bytes } => Some((*rows, *bytes)),
            _ => None,
        });
        sent.collect()
    }

    /// The number of each attempt to connect.
    pub(crate) fn attempts(&self) -> Vec<u32> {
        let seen = self.seen();
        let attempts = seen.iter().filter_map(|event| match event {
            Seen::Connecting { attempt, .. } => Some(*attempt),
            _ => None,
        });
        attempts.collect()
    }
}

impl Observer for Witness {
    fn observe(&self, _: &TableName, event: &Event<'_>) {
        let seen = match *event {
            Event::Rejected { rejections, .. } => Seen::Rejected {
                rows: rejections.iter().map(Rejection::row).collect(),
            },
            Event::Sent { rows, bytes, .. } => Seen::Sent { rows, bytes },
            Event::Acknowledged { rows, bytes, .. } => Seen::Acknowledged { rows, bytes },
            Event::Connecting {
                attempt, in_flight, ..
            } => Seen::Connecting { attempt, in_flight },
            _ => return,
        };
        self.seen.lock().unwrap().push(seen);
    }
}
