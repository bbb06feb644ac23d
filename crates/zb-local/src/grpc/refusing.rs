//! Records that a script of faults has something against.

use std::time::Duration;

use bytes::Bytes;
use zb_types::TableName;

use super::{
    batch::Part,
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

    /// Takes the request of the first such record, and what comes after it, out of `parts`, and says
    /// what is to happen after the rest, and how long all of this takes.
    pub(super) fn cut_short(
        self,
        parts: &mut Vec<Part>,
        table: &TableName,
        faults: &Faults,
    ) -> (Duration, Option<Action>) {
        let (mut delay, mut start) = (Duration::ZERO, 0);
        for at in 0..parts.len() {
            let rows = &parts[at].batch;
            let end = start + rows.num_rows();
            let sizes = self.sizes.get(start..end).unwrap_or_default();
            let (longer, found) = faults.judge_records(table, rows, sizes);
            delay += longer;
            if let Some((row, action)) = found {
                self.keep_before(start + row, parts);
                return (delay, Some(action));
            }
            start = end;
        }
        (delay, None)
    }

    /// Keeps the requests before that of a row.
    fn keep_before(&self, row: usize, parts: &mut Vec<Part>) {
        let good = self.requests.partition_point(|request| request.end <= row);
        let last = good.checked_sub(1).and_then(|last| self.requests.get(last));
        let mut left = last.map_or(0, |request| request.end);
        for part in &mut *parts {
            let rows = left.min(part.batch.num_rows());
            part.batch = part.batch.slice(0, rows);
            left -= rows;
            if left == 0 {
                part.last_offset = last.map(|request| request.offset);
            }
        }
        parts.retain(|part| part.batch.num_rows() > 0);
    }
}
