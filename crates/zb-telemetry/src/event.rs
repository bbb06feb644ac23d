//! What a sender does, as plain data.

use std::time::Duration;

use zb_types::TableName;

/// Something that happened. It names a table where it is about one, and holds numbers and words of
/// small sets: no value of a row, no message, no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A batch was handed in.
    Submitted {
        /// Where it is to go.
        table: &'a TableName,
        /// How many rows it has.
        rows: u64,
        /// The memory its Arrow arrays take.
        bytes: u64,
    },
    /// The rows of one request were encoded.
    Encoded {
        /// Where they are to go.
        table: &'a TableName,
        /// How many could be encoded.
        rows: u64,
        /// What they take on the wire, framing included.
        bytes: u64,
        /// How long it took.
        elapsed: Duration,
    },
    /// A request has room in the budget: its rows are in flight, until they are
    /// [released](Event::Released).
    Admitted {
        /// Where it is to go.
        table: &'a TableName,
        /// How many rows it carries.
        rows: u64,
        /// Its size, framing included.
        bytes: u64,
        /// How long it waited for room.
        waited: Duration,
    },
    /// A request was handed to the transport. One that is sent again is told of again.
    Sent {
        /// Where it goes.
        table: &'a TableName,
        /// How many rows it carries.
        rows: u64,
        /// Its size, framing included.
        bytes: u64,
    },
    /// A request is durable.
    Acknowledged {
        /// Where it went.
        table: &'a TableName,
        /// How many rows it carried.
        rows: u64,
        /// Its size, framing included.
        bytes: u64,
        /// The time from handing it to the transport to its acknowledgement.
        latency: Duration,
    },
    /// Rows were refused, here or by the service.
    Rejected {
        /// Where they should have gone.
        table: &'a TableName,
        /// Why, as a word of a small set: it becomes an attribute.
        kind: &'a str,
        /// How many they are.
        rows: u64,
    },
    /// What was admitted is in flight no more, whatever became of it. All that was admitted is
    /// released exactly once.
    Released {
        /// Where it was to go.
        table: &'a TableName,
        /// How many rows left.
        rows: u64,
        /// How many bytes of the budget are free again.
        bytes: u64,
    },
    /// Durable rows that were in flight when a connection was lost. Told once for each row.
    PossiblyDuplicated {
        /// Where they went.
        table: &'a TableName,
        /// How many they are.
        rows: u64,
    },
    /// A connection is attempted.
    Connecting {
        /// To send where.
        table: &'a TableName,
        /// Which attempt it is since the last acknowledgement, from 1.
        attempt: u32,
        /// How long was waited before it.
        wait: Duration,
        /// Whether one was there before and is lost.
        again: bool,
    },
    /// What is in flight has to be sent again.
    Retried {
        /// Where it goes.
        table: &'a TableName,
        /// Why, as a word of a small set: it becomes an attribute.
        cause: &'a str,
    },
    /// Every row of a batch has its fate.
    Settled {
        /// Where the batch went.
        table: &'a TableName,
        /// What became of its rows.
        fates: Fates,
        /// The time since it was handed in.
        elapsed: Duration,
    },
    /// A sender gave up.
    Failed {
        /// Where it sent to.
        table: &'a TableName,
        /// Why, as a word of a small set: it becomes an attribute.
        kind: &'a str,
    },
    /// A token was asked for.
    TokenRequested {
        /// How long the answer took.
        elapsed: Duration,
        /// Why none was given, as a word of a small set; nothing if one was.
        error: Option<&'a str>,
    },
    /// A token was presented to the service.
    TokenUsed {
        /// How long ago it was issued.
        age: Duration,
    },
    /// A debug mirror left batches out.
    DebugDropped {
        /// Which mirror: `arrow` or `proto`.
        mirror: &'a str,
        /// How many batches.
        batches: u64,
    },
}

impl<'a> Event<'a> {
    /// The table that it is about, if it is about one.
    pub fn table(&self) -> Option<&'a TableName> {
        match *self {
            Self::Submitted { table, .. }
            | Self::Encoded { table, .. }
            | Self::Admitted { table, .. }
            | Self::Sent { table, .. }
            | Self::Acknowledged { table, .. }
            | Self::Rejected { table, .. }
            | Self::Released { table, .. }
            | Self::PossiblyDuplicated { table, .. }
            | Self::Connecting { table, .. }
            | Self::Retried { table, .. }
            | Self::Settled { table, .. }
            | Self::Failed { table, .. } => Some(table),
            Self::TokenRequested { .. } | Self::TokenUsed { .. } | Self::DebugDropped { .. } => {
                None
            }
        }
    }
}

/// What became of the rows of a batch. Each row counts in one field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a row has one of four fates, which is the promise of a receipt"
)]
pub struct Fates {
    /// Acknowledged by the service.
    pub durable: u64,
    /// Refused, here or by the service.
    pub rejected: u64,
    /// Given up before they were sent.
    pub not_sent: u64,
    /// Sent and never acknowledged: they may be stored.
    pub unknown: u64,
}

impl Fates {
    /// The worst of them, as `zb.batch.outcome` says it. A batch without rows is `durable`.
    pub fn outcome(&self) -> &'static str {
        if self.unknown > 0 {
            "unknown"
        } else if self.not_sent > 0 {
            "not_sent"
        } else if self.rejected > 0 {
            "rejected"
        } else {
            "durable"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fates;

    #[test]
    fn the_worst_fate_is_the_outcome() {
        let outcome = |durable, rejected, not_sent, unknown| {
            let fates = Fates {
                durable,
                rejected,
                not_sent,
                unknown,
            };
            fates.outcome()
        };
        assert_eq!(outcome(0, 0, 0, 0), "durable");
        assert_eq!(outcome(9, 0, 0, 0), "durable");
        assert_eq!(outcome(9, 1, 0, 0), "rejected");
        assert_eq!(outcome(9, 1, 1, 0), "not_sent");
        assert_eq!(outcome(9, 1, 1, 1), "unknown");
    }
}
