//! Watching a sender: progress bars, metrics, mirrors.

use std::{fmt, sync::Arc, time::Duration};

use arrow_array::RecordBatch;
use prost_types::DescriptorProto;
use zb_types::TableName;

use crate::{Error, Rejection};

/// Is told what senders do.
///
/// Called on the senders' own tasks: do little, and never block.
pub trait Observer: Send + Sync {
    /// Something happened on the way to `table`.
    fn observe(&self, table: &TableName, event: &Event<'_>);
}

/// What happened, in the order of a batch's way.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A batch was taken in. It may still turn out to have the wrong columns.
    #[non_exhaustive]
    HandedIn {
        /// As it was handed in.
        batch: &'a RecordBatch,
    },
    /// Rows of a batch became records, enough for one request.
    #[non_exhaustive]
    Encoded {
        /// How many records they are.
        rows: usize,
        /// Their size, framing included.
        bytes: usize,
        /// How long it took.
        elapsed: Duration,
    },
    /// A request has found room among the bytes in flight, until it is [released](Self::Released).
    #[non_exhaustive]
    Admitted {
        /// How many rows it carries.
        rows: usize,
        /// Its size, framing included.
        bytes: usize,
        /// How long it waited for room, and because too much went wrong.
        waited: Duration,
    },
    /// Records are about to be handed to the transport; in a dry run, would be.
    #[non_exhaustive]
    Sending {
        /// What they are records of.
        descriptor: &'a Arc<DescriptorProto>,
        /// The records of one request.
        records: &'a [Vec<u8>],
        /// Whether they were handed over before.
        again: bool,
    },
    /// Rows are about to be handed to Arrow Flight; in a dry run, would be.
    #[cfg(feature = "flight")]
    #[non_exhaustive]
    SendingBatch {
        /// The rows of one request, as the table takes them.
        batch: &'a RecordBatch,
        /// Whether they were handed over before.
        again: bool,
    },
    /// A request was handed to the transport, or a part of one, in the search for rows that are refused.
    #[non_exhaustive]
    Sent {
        /// How many rows it carries.
        rows: usize,
        /// Its size, framing included.
        bytes: usize,
        /// Whether it was handed over before, to a stream that was lost since.
        again: bool,
    },
    /// Rows of a request are durable: all of them, as a rule.
    #[non_exhaustive]
    Acknowledged {
        /// How many rows.
        rows: usize,
        /// Their part of the request's size, framing included.
        bytes: usize,
        /// The time from first handing the request over to this acknowledgement.
        latency: Duration,
    },
    /// A request is in flight no more, whatever became of it. Each that was admitted is released once.
    #[non_exhaustive]
    Released {
        /// How many rows it carried.
        rows: usize,
        /// Its size, framing included.
        bytes: usize,
    },
    /// Rows of a batch were refused, before they were sent or by the service.
    #[non_exhaustive]
    Rejected {
        /// The rows, of one request of one batch.
        rejections: &'a [Rejection],
    },
    /// A connection is opened; every one but the first after one was lost.
    #[non_exhaustive]
    Connecting {
        /// Which attempt it is since the last acknowledgement, from 1.
        attempt: u32,
        /// How long was waited before it.
        wait: Duration,
        /// Whether there was a connection before, which is lost.
        again: bool,
        /// How many requests were in flight when the last connection was lost.
        in_flight: usize,
    },
    /// A stream was lost, or did not come about, and the sender must do something about it. What the
    /// SDK mends by itself is seen as [`Connecting`](Self::Connecting) alone.
    #[non_exhaustive]
    Lost {
        /// Why.
        error: &'a Error,
        /// Whether what was in flight is sent again; if not, the sender gives up.
        retried: bool,
        /// How many requests were in flight.
        in_flight: usize,
    },
    /// The fate of every row of a batch is known.
    #[non_exhaustive]
    Settled {
        /// How many rows it has, and what became of them.
        fates: Fates,
        /// The time since it was handed in.
        elapsed: Duration,
    },
}

/// What became of the rows of a batch, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fates {
    /// Rows that are stored.
    pub durable: usize,
    /// Rows that were refused.
    pub rejected: usize,
    /// Rows that never left.
    pub not_sent: usize,
    /// Rows that were sent and not acknowledged.
    pub unknown: usize,
    /// Of the durable ones, those that may be stored twice.
    pub possibly_duplicated: usize,
}

/// Everyone who watches the senders of a table.
#[derive(Clone)]
pub(crate) struct Observers {
    table: TableName,
    all: Arc<[Arc<dyn Observer>]>,
}

impl Observers {
    pub(crate) fn new(table: TableName, all: &[Arc<dyn Observer>]) -> Self {
        Self {
            table,
            all: all.into(),
        }
    }

    pub(crate) fn tell(&self, event: &Event<'_>) {
        for observer in &*self.all {
            observer.observe(&self.table, event);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.all.len())
    }
}
