//! Finding the rows that the service refuses. It ends the stream and does not say which they are,
//! so the rows in flight are sent again in ever smaller parts, each alone on the line.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::{Error, Event, Rejection, RowRanges, Status, sdk::Waited};

use super::{Delivery, verdict::Lost};

/// What the service said to some rows.
enum Answer {
    Durable,
    Refused(Status),
}

impl Delivery {
    /// Sends the requests in flight one by one, oldest first, up to the first that is refused, and
    /// finds the rows in it that are. The order of the rows is kept.
    ///
    /// For `k` rows refused of `n` in a request that takes at most `1 + 2k (1 + log2 n)` parts; no
    /// more parts are refused than the bound on probes, and what is left then is refused together.
    pub(super) async fn isolate(&mut self, status: Status) -> Result<(), Error> {
        tracing::warn!(table = %self.shared.table, %status, "looking for the rows that are refused");
        let mut probes = self.shared.options.max_probes;
        let mut found = false;
        while !found && let Some(request) = self.in_flight.front() {
            let mut parts = vec![request.open.clone()];
            while let Some(rows) = parts.pop() {
                match self.probe(&rows).await? {
                    Answer::Durable => self.part_is_durable(&rows),
                    Answer::Refused(status) => {
                        found = true;
                        if rows.count() == 1 || probes == 0 {
                            self.refuse(&rows, status);
                        } else {
                            probes -= 1;
                            let (first, second) = rows.halves();
                            parts.extend([second, first]);
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

    /// Sends rows of the oldest request, nothing else being on its way, until there is an answer.
    async fn probe(&mut self, rows: &RowRanges) -> Result<Answer, Error> {
        loop {
            let lost = match self.try_probe(rows).await {
                Ok(()) => return Ok(Answer::Durable),
                Err(lost) => lost,
            };
            if let Some(status) = self.take_verdict(lost)? {
                return Ok(Answer::Refused(status));
            }
        }
    }

    async fn try_probe(&mut self, rows: &RowRanges) -> Result<(), Lost> {
        let Some(request) = self.in_flight.front() else {
            return Ok(());
        };
        let records = self.encode(request, rows).await?;
        let offset = self.ingest(records, true).await?;
        let sent = Instant::now();
        loop {
            let silent_at = self.patience_ends(sent);
            let stream = self.stream().await?;
            let waited = match silent_at {
                Some(at) => tokio::select! {
                    biased;
                    waited = stream.wait(offset) => waited,
                    () = sleep_until(at) => Err(self.silent()),
                },
                None => stream.wait(offset).await,
            };
            match waited {
                Ok(Waited::Acknowledged) => return Ok(()),
                Ok(Waited::NotYet) => {}
                Err(error) => return Err(Lost::open(error)),
            }
        }
    }

    fn part_is_durable(&mut self, rows: &RowRanges) {
        let losses = self.line.losses();
        if let Some(mut request) = self.in_flight.pop_front() {
            request.acknowledge(rows, losses);
            self.acknowledged(&request, rows.count());
            self.in_flight.push_front(request);
        }
    }

    fn refuse(&mut self, rows: &RowRanges, status: Status) {
        let among = rows.count();
        let status = Arc::new(status);
        let rejections: Vec<_> = rows
            .rows()
            .map(|row| Rejection::service(row, Arc::clone(&status), among))
            .collect();
        self.shared.observers.tell(&Event::Rejected {
            rejections: &rejections,
        });
        if let Some(request) = self.in_flight.front_mut() {
            request.reject(rejections);
        }
    }
}
