//! Acknowledgements to the rows.

use std::sync::atomic::Ordering;

use crate::{Event, RowRanges, request::Request, sdk::Waited};

use super::{Attempts, Delivery};

impl Delivery {
    /// Settles what was acknowledged before the stream was lost: whole requests, and the first rows of
    /// the next one where rows are acknowledged one by one.
    pub(super) async fn settle_acknowledged(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let open = stream.unacknowledged().await;
        self.settle_whole().await;
        let mut handed = self
            .in_flight
            .iter()
            .take_while(|request| request.offset.is_some());
        let (Some(open), Some(request)) = (open, handed.next()) else {
            return;
        };
        let behind: usize = handed.map(|request| request.open.count()).sum();
        let open_rows = request.open.clone();
        self.first_are_durable(&open_rows, open.saturating_sub(behind));
    }

    /// Settles those of the rows of the oldest request that were acknowledged one by one. They are all
    /// that is on the stream, which is lost.
    pub(super) async fn settle_first_of(&mut self, rows: &RowRanges) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        if let Some(open) = stream.unacknowledged().await {
            self.first_are_durable(&self.still_open(rows), open);
        }
    }

    /// Of some rows of the oldest request all are durable but the last `open`.
    fn first_are_durable(&mut self, rows: &RowRanges, open: usize) {
        let first = rows.acknowledged_but(open);
        if !first.is_empty() {
            self.part_is_durable(&first);
        }
    }

    /// As far as whole requests are acknowledged. A stream that is open may acknowledge more.
    async fn settle_whole(&mut self) {
        while let (Some(stream), Some(offset)) = (
            &self.stream,
            self.in_flight.front().and_then(|request| request.offset),
        ) {
            if !stream.is_closed() {
                return;
            }
            match stream.wait(offset).await {
                Ok(Waited::Acknowledged) => self.acknowledge_oldest(),
                _ => return,
            }
        }
    }

    /// The oldest request is durable.
    pub(super) fn acknowledge_oldest(&mut self) {
        let Some(mut request) = self.in_flight.pop_front() else {
            return;
        };
        let open = request.open.clone();
        self.acknowledge(&mut request, &open);
        self.settled(request);
    }

    /// Some rows of the oldest request are durable.
    pub(super) fn part_is_durable(&mut self, rows: &RowRanges) {
        if let Some(mut request) = self.in_flight.pop_front() {
            // Without those that could not be encoded any more.
            let rows = rows.within(&request.open);
            self.acknowledge(&mut request, &rows);
            self.in_flight.push_front(request);
        }
    }

    fn acknowledge(&mut self, request: &mut Request, rows: &RowRanges) {
        let bytes = request.acknowledge(rows, self.line.losses());
        self.line.progress();
        self.attempts = Attempts::default();
        self.shared.outcomes.well(1);
        self.line.pace.succeeded();
        let latency = request.sent.map(|(at, _)| at.elapsed());
        self.shared.observers.tell(&Event::Acknowledged {
            rows: rows.count(),
            bytes,
            latency: latency.unwrap_or_default(),
        });
    }

    /// Those of the rows of the oldest request that are not settled.
    pub(super) fn still_open(&self, rows: &RowRanges) -> RowRanges {
        let request = self.in_flight.front();
        request.map_or_else(RowRanges::new, |request| rows.within(&request.open))
    }

    /// A request has no open rows any more.
    pub(super) fn settled(&mut self, request: Request) {
        self.waiting.fetch_sub(request.bytes, Ordering::Relaxed);
        self.line.set_in_flight(self.in_flight.len());
        request.settle(&self.shared.ledger);
    }
}
