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
    batch::decode,
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
};

/// What a client sends.
pub(super) type Inbound = Streaming<EphemeralStreamRequest>;

pub(super) struct Reader {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) client: Arc<Client>,
    pub(super) table: Arc<Table>,
    pub(super) decoder: Arc<Decoder>,
    pub(super) lane: Arc<Lane>,
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
        let before = gathered.rows.len();
        let offset = self.intake.take(message, gathered)?;
        let counters = &self.endpoint.counters;
        counters.requests.add(1);
        counters.offsets.saw(offset);
        counters.rows_received.add(gathered.rows.len() - before);

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
        let bytes = gathered.bytes;
        let inspection = Inspection::of(&gathered, table, faults);
        let mut decoded = decode(&self.decoder, gathered).await?;
        let mut fault = None;
        if let Some(inspection) = inspection {
            let (delay, found) = inspection.cut_short(&mut decoded, table, faults);
            wait(delay).await;
            fault = found;
        }
        if let Some(last_offset) = decoded.last_offset {
            let weight = bytes.max(decoded.batch.get_array_memory_size());
            let rows = Rows {
                _room: self.endpoint.room(weight).await?,
                batch: decoded.batch,
                lane: self.lane.clone(),
                last_offset,
                bytes,
                queued_at: Instant::now(),
            };
            self.table.commit(rows).await.map_err(|closed| {
                Status::unavailable(format!("Rows could not be committed to {table}: {closed}"))
            })?;
        }
        let fault = fault.and_then(|action| self.client.last(&self.endpoint, &action));
        match (fault, decoded.refusal) {
            (Some(last), _) => Err(Ending::Settled(last)),
            (None, Some(refusal)) => Err(refusal.into()),
            (None, None) => Ok(()),
        }
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
