//! Requests to the stream: the first time as they come, and again as another stream takes them.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{Event, RowRanges, records::Payload, spans};

use super::{Delivery, Queued, verdict::Lost};

impl Delivery {
    pub(super) async fn hand_over(&mut self, queued: Queued) -> Result<(), Lost> {
        let Queued {
            request,
            plan,
            payload,
        } = queued;
        let fits = self.stream.is_some() && Arc::ptr_eq(&plan, &self.plan);
        self.in_flight.push_back(request);
        self.line.set_in_flight(self.in_flight.len());
        if fits {
            return self.ingest_whole(self.in_flight.len() - 1, payload).await;
        }
        // It waits among the others, not sent, while the stream is opened, and is encoded as that one
        // takes it.
        self.send_again().await
    }

    /// Hands over everything in flight that is not on the present stream.
    pub(super) async fn send_again(&mut self) -> Result<(), Lost> {
        self.stream().await?;
        let mut at = 0;
        while let Some(request) = self.in_flight.get(at) {
            if request.offset.is_none() {
                let open = request.open.clone();
                let Some(payload) = self.encode(at, &open).await? else {
                    // The table takes none of its rows any more.
                    if let Some(request) = self.in_flight.remove(at) {
                        self.settled(request);
                    }
                    continue;
                };
                self.ingest_whole(at, payload).await?;
            }
            at += 1;
        }
        self.line.alive();
        Ok(())
    }

    /// Some rows of a request, encoded anew as the present stream takes them; `None` when that is
    /// none of them. They were encoded before, so that none is refused now unless the table has changed.
    pub(super) async fn encode(
        &mut self,
        at: usize,
        rows: &RowRanges,
    ) -> Result<Option<Payload>, Lost> {
        let Some(request) = self.in_flight.get_mut(at) else {
            return Ok(None);
        };
        let batch = request.tracking.stamped();
        let encoded = self.shared.encode_rows(&self.plan, batch, rows).await;
        let (payload, rejections) = encoded.map_err(Lost::open)?;
        request.reject(rejections);
        Ok(Some(payload).filter(|payload| !payload.records.is_empty()))
    }

    /// Hands over all open rows of a request: it is settled by the offset.
    async fn ingest_whole(&mut self, at: usize, payload: Payload) -> Result<(), Lost> {
        let offset = self.ingest(at, payload).await?;
        if let Some(request) = self.in_flight.get_mut(at) {
            request.offset = Some(offset);
        }
        Ok(())
    }

    /// Hands rows of a request to the stream, which takes all of them or none.
    pub(super) async fn ingest(&mut self, at: usize, payload: Payload) -> Result<i64, Lost> {
        let Payload { records, bytes } = payload;
        let (rows, losses, cause) = (records.len(), self.line.losses(), self.lost);
        let mut again = false;
        if let Some(request) = self.in_flight.get_mut(at) {
            again = request.sent.is_some();
            if again {
                request.attempts += 1;
                let (send, attempt) = (request.tracking.span(), request.attempts);
                request.span = spans::retry(&send, &request.span, cause, attempt, rows, bytes);
            }
            request.sent.get_or_insert((Instant::now(), losses));
        }
        self.shared.sending(&self.plan, &records, again);
        let ingested = match self.stream().await {
            Ok(stream) => stream.ingest(records).await.map_err(Lost::open),
            Err(lost) => Err(lost),
        };
        if ingested.is_ok() {
            let sent = Event::Sent { rows, bytes, again };
            self.shared.observers.tell(&sent);
        } else if !again && let Some(request) = self.in_flight.get_mut(at) {
            request.sent = None;
        }
        ingested
    }
}
