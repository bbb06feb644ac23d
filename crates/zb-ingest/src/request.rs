//! One request on its way: which rows it carries, and what is known of them.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::Span;

use crate::{
    Error, Event, Fate, Rejection, RowRanges, budget::Share, ledger::Ledger, spans,
    ticket::Tracking,
};

/// A request from being encoded until the last of its rows is settled.
#[derive(Debug)]
pub(crate) struct Request {
    /// Its place in the ledger.
    pub(crate) place: u64,
    pub(crate) tracking: Arc<Tracking>,
    /// The rows that are not settled.
    pub(crate) open: RowRanges,
    /// How many rows it was made of.
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    /// Its offset on the present stream; `None` before it was handed over, or once that stream is
    /// gone.
    pub(crate) offset: Option<i64>,
    /// When it was first handed over, and how many connections its lane had lost before.
    pub(crate) sent: Option<(Instant, u32)>,
    /// How often it, or a part of it, was handed over, counted from the first time.
    pub(crate) attempts: u32,
    /// While it waits for its acknowledgement.
    pub(crate) span: Span,
    /// Its part of the budget, given back when it is settled.
    pub(crate) share: Share,
}

impl Request {
    /// Some of the rows are durable; `losses` is how many connections the lane has lost so far. Gives
    /// back their part of the bytes: parts that make up all rows make up all bytes.
    pub(crate) fn acknowledge(&mut self, rows: &RowRanges, losses: u32) -> usize {
        let before = self.sent.map_or(losses, |(_, before)| before);
        self.tracking.durable(rows, losses.saturating_sub(before));
        let open_before = self.bytes_of(self.open.count());
        self.open.remove(rows);
        open_before.saturating_sub(self.bytes_of(self.open.count()))
    }

    fn bytes_of(&self, rows: usize) -> usize {
        let bytes = self.bytes as u128 * rows as u128 / self.rows.max(1) as u128;
        usize::try_from(bytes).unwrap_or(self.bytes)
    }

    /// Some of the rows were refused for good.
    pub(crate) fn reject(&mut self, rejections: Vec<Rejection>) {
        for rejection in &rejections {
            let row = rejection.row();
            self.open.remove(&std::iter::once(row..row + 1).collect());
        }
        self.tracking.rejected(rejections);
    }

    /// Nothing of it is open any more.
    pub(crate) fn settle(self, ledger: &Ledger) {
        drop((self.share, self.span));
        self.tracking.observers().tell(&Event::Released {
            rows: self.rows,
            bytes: self.bytes,
        });
        self.tracking.close_request();
        ledger.settle(self.place);
    }

    /// Gives up the rows that are open: unknown when they may have left, not sent otherwise.
    pub(crate) fn give_up(self, ledger: &Ledger, error: &Error) {
        let fate = match self.sent {
            Some(_) => Fate::Unknown,
            None => Fate::NotSent,
        };
        spans::fail(&self.span, error.kind().name());
        self.tracking.lost(&self.open, fate, error);
        ledger.put_aside(self.place, &self.tracking, &self.open, fate);
        self.settle(ledger);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_rows_is_a_few_bytes_for_each() {
        let kept = |open: &RowRanges| {
            let ranges = size_of_val(open.as_slice());
            size_of::<Request>() + ranges
        };
        let bytes_a_row = |open: &RowRanges, rows: usize| kept(open) as f64 / rows as f64;
        let whole: RowRanges = std::iter::once(0..32_768).collect();
        assert!(bytes_a_row(&whole, 32_768) < 0.01);
        let few: RowRanges = std::iter::once(0..40).collect();
        assert!(bytes_a_row(&few, 40) < 8.0, "{}", kept(&few));
        // One row in ten was rejected.
        let gaps: RowRanges = (0..1_000).map(|ten| ten * 10..ten * 10 + 9).collect();
        assert!(bytes_a_row(&gaps, 10_000) < 8.0);
    }
}
