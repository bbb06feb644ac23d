//! What was counted, as it is handed out.

use std::{collections::BTreeMap, time::Duration};

/// What [`Stats`](crate::Stats) counted up to a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Batches handed in.
    pub submitted_batches: u64,
    /// Rows handed in.
    pub submitted_rows: u64,
    /// Memory of the Arrow batches handed in.
    pub submitted_bytes: u64,
    /// Rows encoded.
    pub encoded_rows: u64,
    /// Bytes they take on the wire, framing included.
    pub encoded_bytes: u64,
    /// Encoding the rows of a request.
    pub encode: Times,
    /// Waiting for room in the budget.
    pub queue: Times,
    /// Rows whose fate is open.
    pub inflight_rows: u64,
    /// Bytes whose fate is open.
    pub inflight_bytes: u64,
    /// Requests handed to the transport, each as often as it was.
    pub sent_requests: u64,
    /// Rows handed to the transport, each as often as it was.
    pub sent_rows: u64,
    /// Bytes handed to the transport, each as often as they were.
    pub sent_bytes: u64,
    /// From handing a request over to its acknowledgement.
    pub ack: Times,
    /// Rows acknowledged.
    pub durable_rows: u64,
    /// Bytes acknowledged.
    pub durable_bytes: u64,
    /// Rows refused, by kind.
    pub rejected_rows: BTreeMap<String, u64>,
    /// Rows given up before they were sent.
    pub not_sent_rows: u64,
    /// Rows sent and never acknowledged.
    pub unknown_rows: u64,
    /// Rows that may be stored twice.
    pub possibly_duplicated_rows: u64,
    /// From handing a batch in until every row has its fate.
    pub settled: Times,
    /// Connections attempted.
    pub connections: u64,
    /// Those attempted after one was lost.
    pub reconnects: u64,
    /// How often something had to be sent again, by cause.
    pub retries: BTreeMap<String, u64>,
    /// Senders that gave up, by kind.
    pub failures: BTreeMap<String, u64>,
    /// Tokens asked for.
    pub token_requests: Times,
    /// Tokens not given, by kind.
    pub token_failures: BTreeMap<String, u64>,
    /// Age of the token that was last presented.
    pub token_age: Option<Duration>,
    /// Batches that debug mirrors left out.
    pub debug_dropped_batches: u64,
}

/// How often something was done, and how long it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// How often.
    pub count: u64,
    /// How long altogether.
    pub total: Duration,
    /// How long at most.
    pub max: Duration,
}

impl Times {
    /// How long on average; nothing if it was never done.
    pub fn mean(&self) -> Option<Duration> {
        let nanos = nanos(self.total).checked_div(self.count)?;
        Some(Duration::from_nanos(nanos))
    }
}

/// Nanoseconds of half a millennium, and no more.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
