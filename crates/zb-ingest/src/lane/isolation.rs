//! Finding the rows that the service refuses. It ends the stream and does not say which they are,
//! so the rows in flight are sent again in ever smaller parts, each alone on the line.
//!
//! An acknowledgement that cannot be ends a stream just as a refused record does: the SDK makes the
//! same error of both. So one stream is not believed. A refusal that is false costs some parts more
//! while rows are halved; before rows are refused for good, they are asked about again.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{Error, Rejection, RowRanges, Status, sdk::Waited};

use super::{Delivery, verdict::Lost};

/// How many streams, each with nothing else on it, must refuse rows before they are refused for good.
const WITNESSES: usize = 2;

/// What the service said to some rows.
enum Answer {
    Durable,
    Refused(Refusal),
}

struct Refusal {
    status: Status,
    /// Whether nothing else was on the stream before: what it said can be about nothing else.
    alone: bool,
}

impl Delivery {
    /// Sends the requests in flight one by one, oldest first, up to the first that is refused, and
    /// finds the rows in it that are. The order of the rows is kept.
    ///
    /// For `k` rows refused of `n` in a request that takes at most `1 + 2k (2 + log2 n)` parts, and
    /// two more for each refusal that is false. No more parts are halved than the bound on probes,
    /// and what is left then is refused together. A part that is not halved is refused at most
    /// `1 + WITNESSES` times: with a service that refuses everything there is an end, too.
    pub(super) async fn isolate(&mut self, status: Status) -> Result<(), Error> {
        tracing::warn!(table = %self.shared.table, %status, "looking for the rows that are refused");
        let mut probes = self.shared.options.max_probes;
        let mut found = false;
        while !found && let Some(request) = self.in_flight.front() {
            let mut parts = vec![request.open.clone()];
            while let Some(rows) = parts.pop() {
                let answer = self.probe(&rows).await?;
                // Without those that were acknowledged before the others were refused.
                let rows = self.still_open(&rows);
                match answer {
                    _ if rows.is_empty() => {}
                    Answer::Durable => self.part_is_durable(&rows),
                    Answer::Refused(_) if rows.count() > 1 && probes > 0 => {
                        found = true;
                        probes -= 1;
                        let (first, second) = rows.halves();
                        parts.extend([second, first]);
                    }
                    Answer::Refused(refusal) => {
                        found = true;
                        let answer = self.ask_again(&rows, refusal).await?;
                        let rows = self.still_open(&rows);
                        match answer {
                            _ if rows.is_empty() => {}
                            Answer::Durable => self.part_is_durable(&rows),
                            Answer::Refused(refusal) => self.refuse(&rows, refusal.status),
                        }
                    }
                }
            }
            if let Some(request) = self.in_flight.pop_front() {
                self.settled(request);
            }
        }
        Ok(())
    }

    /// Sends rows that were refused until enough streams have refused them that had nothing else on
    /// them, or one takes them.
    async fn ask_again(&mut self, rows: &RowRanges, refusal: Refusal) -> Result<Answer, Error> {
        let mut last = refusal;
        let mut witnesses = usize::from(last.alone);
        while witnesses < WITNESSES {
            match self.probe(rows).await? {
                Answer::Durable => return Ok(Answer::Durable),
                Answer::Refused(refusal) => last = refusal,
            }
            witnesses += usize::from(last.alone);
        }
        Ok(Answer::Refused(last))
    }

    /// Sends rows of the oldest request, nothing else being on its way, until there is an answer. The
    /// stream of a refusal is gone, so that it can say nothing to the next rows.
    async fn probe(&mut self, rows: &RowRanges) -> Result<Answer, Error> {
        loop {
            let alone = self.stream.is_none();
            let rows = self.still_open(rows);
            let lost = match self.try_probe(&rows).await {
                Ok(()) => return Ok(Answer::Durable),
                Err(lost) => lost,
            };
            if let Some(status) = self.take_verdict(lost)? {
                return Ok(Answer::Refused(Refusal { status, alone }));
            }
        }
    }

    async fn try_probe(&mut self, rows: &RowRanges) -> Result<(), Lost> {
        // Opened first: it says what the rows are encoded by.
        self.stream().await?;
        let Some(payload) = self.encode(0, rows).await? else {
            return Ok(());
        };
        let sent = Instant::now();
        let offset = self.ingest(0, payload).await?;
        let line = Arc::clone(&self.line);
        let patience = self.shared.options.ack_timeout;
        loop {
            let stream = self.stream().await?;
            let waited = tokio::select! {
                biased;
                waited = stream.wait(offset) => waited,
                () = line.silence(sent, patience) => Err(self.silent()),
            };
            match waited {
                Ok(Waited::Acknowledged) => return Ok(()),
                Ok(Waited::NotYet) => {}
                Err(error) => {
                    self.settle_first_of(rows).await;
                    return Err(Lost::open(error));
                }
            }
        }
    }

    fn refuse(&mut self, rows: &RowRanges, status: Status) {
        let Some(request) = self.in_flight.front_mut() else {
            return;
        };
        let rows = rows.within(&request.open);
        let among = rows.count();
        let status = Arc::new(status);
        let rejections: Vec<_> = rows
            .rows()
            .map(|row| Rejection::service(row, Arc::clone(&status), among))
            .collect();
        request.reject(rejections);
    }
}
