//! Records that a script of faults has something against.

use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use zb_types::TableName;

use super::{
    batch::Decoded,
    intake::{Gathered, Request},
};
use crate::faults::{Action, Faults};

/// What has to be known of requests to find the one of a record, after they were decoded.
pub(super) struct Inspection {
    requests: Vec<Request>,
    sizes: Vec<usize>,
}

impl Inspection {
    /// Nothing, as a rule: nobody looks at records.
    pub(super) fn of(gathered: &Gathered, table: &TableName, faults: &Faults) -> Option<Self> {
        faults.look_at_records(table).then(|| Self {
            requests: gathered.requests.clone(),
            sizes: gathered.rows.iter().map(Bytes::len).collect(),
        })
    }

    /// Takes the request of the first such record, and what comes after it, out of `decoded`, and
    /// says what is to happen after the rest, and how long all of this takes.
    pub(super) fn cut_short(
        self,
        decoded: &mut Decoded,
        table: &TableName,
        faults: &Faults,
    ) -> (Duration, Option<Action>) {
        let rows: &RecordBatch = &decoded.batch;
        let (delay, found) = faults.judge_records(table, rows, &self.sizes);
        let Some((row, action)) = found else {
            return (delay, None);
        };
        let good = self.requests.partition_point(|request| request.end <= row);
        let last = good.checked_sub(1).and_then(|last| self.requests.get(last));
        decoded.batch = rows.slice(0, last.map_or(0, |request| request.end));
        decoded.last_offset = last.map(|request| request.offset);
        decoded.refusal = None;
        (delay, Some(action))
    }
}
