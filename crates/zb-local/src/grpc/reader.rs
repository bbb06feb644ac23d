//! The half of a stream that reads: requests are checked, decoded and queued for their table.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tonic::{Status, Streaming};
use zb_convert::Decoder;

use super::{
    batch::{Part, Parts},
    client::Client,
    ending::Ending,
    intake::{Gathered, Intake},
    refusing::Inspection,
    session::stopping,
};
use crate::{
    endpoint::Endpoint,
    faults::{Action, CloseSignal, Event, Verdict},
    lake::{Lane, Rows, Table},
    limits::MAX_WAITING_BYTES,
    proto::EphemeralStreamRequest,
    watch::Watched,
};

/// What a client sends.
pub(super) type Inbound = Streaming<EphemeralStreamRequest>;

pub(super) struct Reader {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) client: Arc<Client>,
    pub(super) table: Arc<Table>,
    pub(super) decoder: Arc<Decoder>,
    pub(super) lane: Arc<Lane>,
    pub(super) watched: Watched,
    pub(super) intake: Intake,
    /// Where close signals go that a script of faults has ordered.
    pub(super) signals: mpsc::UnboundedSender<CloseSignal>,
    pub(super) held: Option<Held>,
}

/// A request at which something happens. What came before it is queued first.
pub(super) struct Held {
    request: Gathered,
    verdict: Verdict,
}

impl Reader {
    pub(super) async fn read(mut self, mut inbound: Inbound) -> Ending {
        loop {
            let (gathered, end) = match self.held.take() {
                Some(held) => self.release(held).await,
                None => self.gather(&mut inbound).await,
            };
            if let Err(ending) = self.queue(gathered).await {
                return ending;
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Waits for a request, and takes along those that are here already.
    async fn gather(&mut self, inbound: &mut Inbound) -> (Gathered, Option<Ending>) {
        let mut gathered = Gathered::default();
        let mut next = Some(inbound.message().await);
        while let Some(message) = next {
            let end = match message {
                Ok(Some(message)) => self.take(message, &mut gathered).err(),
                Ok(None) => return (gathered, Some(Ending::HalfClosed)),
                // A message over the limit, or bytes that are no message, are the client's fault
                // and it is told so; a broken connection has nobody to tell.
                Err(status) if status.code() == tonic::Code::Cancelled => {
                    return (gathered, Some(Ending::Gone));
                }
                Err(status) => Some(status),
            };
            if let Some(status) = end {
                return (gathered, Some(status.into()));
            }
            next = if gathered.has_room() && self.held.is_none() {
                inbound.message().now_or_never()
            } else {
                None
            };
        }
        (gathered, None)
    }

    /// Takes a message to the others, or holds it where a fault has something to do with it.
    fn take(
        &mut self,
        message: EphemeralStreamRequest,
        gathered: &mut Gathered,
    ) -> Result<(), Status> {
        let before = (gathered.rows.len(), gathered.bytes);
        let offset = self.intake.take(message, gathered)?;
        let counters = &self.endpoint.counters;
        counters.requests.add(1);
        counters.offsets.saw(offset);
        let rows = gathered.rows.len() - before.0;
        counters.rows_received.add(rows);
        self.watched.received(rows, gathered.bytes - before.1);

        if self.endpoint.faults.exist() {
            let event = Event::request(self.table.name(), offset);
            let verdict = self.endpoint.faults.judge(&event);
            self.held = (!verdict.is_nothing()).then(|| Held {
                request: gathered.split_newest(),
                verdict,
            });
        }
        Ok(())
    }

    /// Does what is to be done at a request, and lets it go on unless it is the end.
    async fn release(&mut self, held: Held) -> (Gathered, Option<Ending>) {
        let Held { request, verdict } = held;
        wait(verdict.delay).await;
        match self.endpoint.faults.unless_freezing(verdict.action) {
            None => (request, None),
            Some(Action::CloseSignal(signal)) => {
                // The session that reads them outlives this.
                let _ = self.signals.send(signal);
                (request, None)
            }
            Some(action) => match self.client.last(&self.endpoint, &action) {
                Some(last) => (Gathered::default(), Some(Ending::Settled(last))),
                None => {
                    self.client.disturb(&action);
                    (request, None)
                }
            },
        }
    }

    /// Decodes the rows and queues them as soon as there is room. Nothing is read meanwhile, so
    /// flow control makes the client wait.
    async fn queue(&self, gathered: Gathered) -> Result<(), Ending> {
        if gathered.is_empty() {
            return Ok(());
        }
        let (table, faults) = (self.table.name(), &self.endpoint.faults);
        let inspection = Inspection::of(&gathered, table, faults);
        let mut parts = Parts::check(self.decoder.clone(), gathered).await?;
        let mut fault = None;
        if let Some(inspection) = inspection {
            // A script looks at all records before any of them goes on.
            let mut all = Vec::new();
            while let Some(part) = parts.next().await? {
                all.push(part);
            }
            let (delay, found) = inspection.cut_short(&mut all, table, faults);
            wait(delay).await;
            for part in all {
                self.commit(part).await?;
            }
            fault = found;
        }
        while let Some(part) = parts.next().await? {
            self.commit(part).await?;
        }
        let last = fault
            .as_ref()
            .and_then(|action| self.client.last(&self.endpoint, action));
        match (last, parts.refusal) {
            (Some(last), _) => Err(Ending::Settled(last)),
            // The bad request comes after that of the record, or is the same.
            (None, Some(refusal)) if fault.is_none() => Err(refusal.into()),
            (None, _) => Ok(()),
        }
    }

    async fn commit(&self, part: Part) -> Result<(), Status> {
        let weight = part.bytes.max(part.batch.get_array_memory_size());
        let rows = Rows {
            _room: self.endpoint.room(weight).await?,
            batch: part.batch,
            lane: self.lane.clone(),
            last_offset: part.last_offset,
            bytes: part.bytes,
            queued_at: Instant::now(),
        };
        self.table.commit(rows).await.map_err(|closed| {
            let table = self.table.name();
            Status::unavailable(format!("Rows could not be committed to {table}: {closed}"))
        })
    }
}

impl Endpoint {
    /// Room for rows that weigh this much, as soon as there is some.
    async fn room(&self, bytes: usize) -> Result<tokio::sync::OwnedSemaphorePermit, Status> {
        let kib = bytes.clamp(1024, MAX_WAITING_BYTES) / 1024;
        self.room
            .clone()
            .acquire_many_owned(kib as u32)
            .await
            .map_err(|_| stopping())
    }
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}
