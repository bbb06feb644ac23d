//! Watching a sender: progress bars, metrics, mirrors.

use std::time::Duration;

use crate::Rejection;

/// Is told what a sender does.
///
/// Called on the sender's own tasks: do little, and never block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn observe(&self, event: &Event<'_>);
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Rows of a batch were refused before they were sent.
    Rejected {
        /// The rows, of one chunk of one batch.
        rejections: &'a [Rejection],
    },
    /// A request was handed to the transport.
    Sent {
        /// How many rows it carries.
        rows: usize,
        /// Its size, framing included.
        bytes: usize,
    },
    /// A request is durable.
    Acknowledged {
        /// How many rows it carried.
        rows: usize,
        /// Its size, framing included.
        bytes: usize,
        /// The time from handing it over to its acknowledgement.
        latency: Duration,
    },
    /// A connection is opened; every one but the first after one was lost.
    Connecting {
        /// Which attempt it is since the last acknowledgement, from 1.
        attempt: u32,
        /// How long was waited before it.
        wait: Duration,
        /// How many requests were in flight when the last connection was lost.
        in_flight: usize,
    },
}

/// Watches nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn observe(&self, _: &Event<'_>) {}
}
