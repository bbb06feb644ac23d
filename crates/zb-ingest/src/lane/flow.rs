//! Requests to the stream, and acknowledgements to the rows.

use std::sync::{Arc, atomic::Ordering};

use tokio::time::Instant;

use crate::{
    Code, Error, Event, RowRanges,
    records::Records,
    request::Request,
    sdk::{Stream, Waited},
    spans,
};

use super::{Attempts, Delivery, Queued, verdict::Lost};

/// What woke the lane.
enum Woken {
    Came(Queued),
    /// No more will come.
    Ended,
    Waited(Result<Waited, Error>),
    Silent,
}

impl Delivery {
    /// Hands over and settles until the stream is lost, or the queue has ended and nothing is in
    /// flight.
    pub(super) async fn flow(&mut self) -> Result<(), Lost> {
        if !self.in_flight.is_empty() {
            self.send_again().await?;
        }
        let mut ended = false;
        loop {
            if ended && self.in_flight.is_empty() {
                return Ok(());
            }
            match self.woken(ended).await {
                Woken::Came(queued) => self.hand_over(queued).await?,
                Woken::Ended => ended = true,
                Woken::Waited(Ok(Waited::NotYet)) => {}
                Woken::Waited(Ok(Waited::Acknowledged)) => self.acknowledge_oldest(),
                Woken::Waited(Err(error)) => return Err(Lost::open(error)),
                Woken::Silent => return Err(Lost::open(self.silent())),
            }
        }
    }

    async fn woken(&mut self, ended: bool) -> Woken {
        let patience = self.shared.options.ack_timeout;
        let Self {
            line,
            queue,
            stream,
            in_flight,
            ..
        } = self;
        let oldest = in_flight.front().and_then(|request| request.offset);
        let sent = in_flight.front().and_then(|request| request.sent);
        let acknowledged = async {
            match (stream.as_ref(), oldest) {
                (Some(stream), Some(offset)) => stream.wait(offset).await,
                _ => std::future::pending().await,
            }
        };
        let silence = async {
            match sent {
                Some((sent, _)) => line.silence(sent, patience).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Acknowledgements first: they make room.
            biased;
            waited = acknowledged => Woken::Waited(waited),
            queued = queue.recv(), if !ended => match queued {
                Some(queued) => Woken::Came(queued),
                None => Woken::Ended,
            },
            () = silence => Woken::Silent,
        }
    }

    /// The service has been silent for too long, counted for the oldest request in flight.
    pub(super) fn silent(&self) -> Error {
        let waited = self.shared.options.ack_timeout;
        self.shared.unavailable(
            &self.line,
            Code::DEADLINE_EXCEEDED,
            format!("no acknowledgement within {waited:?}"),
        )
    }

    /// Opens a stream if there is none. One attempt; whoever asks again is paced by the hook.
    pub(super) async fn stream(&mut self) -> Result<&Stream, Lost> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let opening = true;
                let lost = |error| Lost { error, opening };
                self.plan = self.shared.plans.renew().await.map_err(lost)?;
                let opened = self.shared.open(&self.line, &self.plan).await;
                let stream = opened.map_err(lost)?;
                self.line.alive();
                stream
            }
        };
        Ok(self.stream.insert(stream))
    }

    async fn hand_over(&mut self, queued: Queued) -> Result<(), Lost> {
        let Queued {
            mut request,
            plan,
            records,
        } = queued;
        let rows = records.len();
        let bytes = request.bytes;
        if self.stream.is_none() || !Arc::ptr_eq(&plan, &self.plan) {
            // It waits among the others, not sent, while the stream is opened, and is encoded as that
            // one takes it.
            self.in_flight.push_back(request);
            self.line.set_in_flight(self.in_flight.len());
            return self.send_again().await;
        }
        request.sent = Some((Instant::now(), self.line.losses()));
        self.in_flight.push_back(request);
        self.line.set_in_flight(self.in_flight.len());
        let again = false;
        let ingested = self.ingest(records, again).await;
        self.note_ingested(self.in_flight.len() - 1, again, &ingested);
        ingested?;
        self.shared
            .observers
            .tell(&Event::Sent { rows, bytes, again });
        Ok(())
    }

    /// What is known of a request after it was handed over, or was not: the SDK takes it whole or not
    /// at all.
    fn note_ingested(&mut self, at: usize, again: bool, ingested: &Result<i64, Lost>) {
        let Some(request) = self.in_flight.get_mut(at) else {
            return;
        };
        match ingested {
            Ok(offset) => request.offset = Some(*offset),
            Err(_) if !again => request.sent = None,
            Err(_) => {}
        }
    }

    /// Hands over everything in flight that is not on the present stream.
    async fn send_again(&mut self) -> Result<(), Lost> {
        self.stream().await?;
        let mut at = 0;
        while let Some(request) = self.in_flight.get(at) {
            if request.offset.is_none() {
                let (bytes, again) = (request.bytes, request.sent.is_some());
                let records = self.encode(at, &request.open.clone()).await?;
                if records.is_empty() {
                    // The table takes none of its rows any more.
                    if let Some(request) = self.in_flight.remove(at) {
                        self.settled(request);
                    }
                    continue;
                }
                let rows = records.len();
                let losses = self.line.losses();
                let (cause, attempt) = (self.lost, self.line.pace.spent().0);
                if let Some(request) = self.in_flight.get_mut(at) {
                    if again {
                        let send = request.tracking.span();
                        request.span = spans::retry(&send, &request.span, cause, attempt);
                    }
                    request.sent.get_or_insert((Instant::now(), losses));
                }
                let ingested = self.ingest(records, again).await;
                self.note_ingested(at, again, &ingested);
                ingested?;
                self.shared
                    .observers
                    .tell(&Event::Sent { rows, bytes, again });
            }
            at += 1;
        }
        self.line.alive();
        Ok(())
    }

    /// Some rows of a request, encoded anew as the present stream takes them. They were encoded
    /// before, so that none is refused now unless the table has changed.
    pub(super) async fn encode(&mut self, at: usize, rows: &RowRanges) -> Result<Records, Lost> {
        let Some(request) = self.in_flight.get_mut(at) else {
            return Ok(Records::Protobuf(Vec::new()));
        };
        let batch = request.tracking.stamped();
        let encoded = self.shared.encode_rows(&self.plan, batch, rows).await;
        let (records, rejections) = encoded.map_err(Lost::open)?;
        if !rejections.is_empty() {
            self.shared.observers.tell(&Event::Rejected {
                rejections: &rejections,
            });
            request.reject(rejections);
        }
        Ok(records)
    }

    /// Hands records to the stream; `again` says that they were handed to one before.
    pub(super) async fn ingest(&mut self, records: Records, again: bool) -> Result<i64, Lost> {
        self.shared.sending(&self.plan, &records, again);
        let ingested = self.stream().await?.ingest(records).await;
        ingested.map_err(Lost::open)
    }

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
        let first = request.open.acknowledged_but(open.saturating_sub(behind));
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

    fn acknowledge_oldest(&mut self) {
        let Some(mut request) = self.in_flight.pop_front() else {
            return;
        };
        let open = request.open.clone();
        request.acknowledge(&open, self.line.losses());
        self.acknowledged(&request, open.count());
        self.settled(request);
    }

    /// Rows are durable: what follows from that beside the rows.
    pub(super) fn acknowledged(&mut self, request: &Request, rows: usize) {
        self.line.progress();
        self.attempts = Attempts::default();
        self.shared.outcomes.well(1);
        let latency = request.sent.map(|(at, _)| at.elapsed());
        self.line.pace.succeeded();
        self.shared.observers.tell(&Event::Acknowledged {
            rows,
            bytes: request.bytes,
            latency: latency.unwrap_or_default(),
        });
    }

    /// A request has no open rows any more.
    pub(super) fn settled(&mut self, request: Request) {
        self.waiting.fetch_sub(request.bytes, Ordering::Relaxed);
        self.line.set_in_flight(self.in_flight.len());
        request.settle(&self.shared.ledger);
    }
}
