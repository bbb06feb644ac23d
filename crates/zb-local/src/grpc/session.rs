//! The life of one stream: what comes in is queued for its table, what is committed is
//! acknowledged, and the end is always said.

use std::{sync::Arc, time::Duration};

use futures::FutureExt as _;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tonic::{Status, Streaming, metadata::MetadataMap};
use uuid::Uuid;
use zb_convert::Decoder;

use super::{
    batch::{Part, Parts},
    intake::{Gathered, Intake},
    opening::{Opened, open},
};
use crate::{
    endpoint::Endpoint,
    lake::{Lane, Progress, Rows, Table},
    limits::MAX_WAITING_BYTES,
    proto::{
        CloseStreamSignal, CreateIngestStreamResponse, EphemeralStreamRequest,
        EphemeralStreamResponse, IngestRecordResponse, ephemeral_stream_response::Payload,
    },
};

type Inbound = Streaming<EphemeralStreamRequest>;
type Outbox = mpsc::Sender<Result<EphemeralStreamResponse, Status>>;

/// Why no more is read from a stream.
enum Ending {
    /// The client has said everything it wanted to say.
    HalfClosed,
    /// The client, or its connection, is gone.
    Gone,
    /// The stream ends with this status once everything before it is acknowledged.
    Status(Status),
}

/// Serves one stream from its first message to its end.
pub(super) async fn run(
    endpoint: Arc<Endpoint>,
    metadata: MetadataMap,
    mut inbound: Inbound,
    outbox: Outbox,
) {
    endpoint.counters.opens.add(1);
    // Before the stream exists for its client: a rotation in between is meant for it, too.
    let rotation = endpoint.rotation.subscribe();
    let opened = tokio::select! {
        opened = opening(&endpoint, &metadata, &mut inbound) => opened,
        () = endpoint.draining.cancelled() => Err(stopping()),
    };
    match opened {
        Ok(opened) => {
            let session = Session::new(endpoint, opened, outbox);
            session.serve(inbound, rotation).await;
        }
        Err(status) => {
            tracing::info!(code = ?status.code(), reason = status.message(), "stream refused");
            // The client may have gone in the meantime.
            let _ = outbox.send(Err(status)).await;
        }
    }
}

async fn opening(
    endpoint: &Endpoint,
    metadata: &MetadataMap,
    inbound: &mut Inbound,
) -> Result<Opened, Status> {
    let first = inbound.message().await?;
    open(endpoint, metadata, first).await
}

/// The half of a stream that answers.
struct Session {
    endpoint: Arc<Endpoint>,
    id: Uuid,
    table: Arc<Table>,
    decoder: Arc<Decoder>,
    lane: Arc<Lane>,
    progress: watch::Receiver<Progress>,
    acknowledged: Option<i64>,
    outbox: Outbox,
}

/// The half of a stream that reads.
struct Reader {
    endpoint: Arc<Endpoint>,
    table: Arc<Table>,
    decoder: Arc<Decoder>,
    lane: Arc<Lane>,
    intake: Intake,
}

impl Session {
    fn new(endpoint: Arc<Endpoint>, opened: Opened, outbox: Outbox) -> Self {
        let lane = Arc::new(Lane::default());
        Self {
            endpoint,
            id: Uuid::new_v4(),
            table: opened.table,
            decoder: Arc::new(opened.decoder),
            progress: lane.progress(),
            lane,
            acknowledged: None,
            outbox,
        }
    }

    async fn serve(mut self, inbound: Inbound, rotation: watch::Receiver<Duration>) {
        self.endpoint.counters.streams_opened.add(1);
        let created = CreateIngestStreamResponse {
            stream_id: Some(self.id.to_string()),
        };
        self.answer(Payload::CreateStreamResponse(created)).await;
        tracing::info!(stream = %self.id, table = %self.table.name(), "stream opened");

        let ending = self.converse(inbound, rotation).await;
        self.settle().await;
        match ending {
            Ending::HalfClosed => tracing::info!(stream = %self.id, "stream closed"),
            Ending::Gone => tracing::info!(stream = %self.id, "stream abandoned by the client"),
            Ending::Status(status) => {
                tracing::info!(
                    stream = %self.id,
                    code = ?status.code(),
                    reason = status.message(),
                    "stream ended"
                );
                // The client may have gone in the meantime.
                let _ = self.outbox.send(Err(status)).await;
            }
        }
    }

    /// Reads and acknowledges side by side until there is a reason to read no more.
    async fn converse(
        &mut self,
        inbound: Inbound,
        mut rotation: watch::Receiver<Duration>,
    ) -> Ending {
        let reading = self.reader().read(inbound);
        tokio::pin!(reading);
        let lifetime = self.endpoint.lifetime;
        let mut grow_old = lifetime.map(|lifetime| Instant::now() + lifetime.until_signal);
        let mut ends_at = None;
        let draining = self.endpoint.draining.clone();
        let outbox = self.outbox.clone();
        loop {
            let grace = tokio::select! {
                ending = &mut reading => return ending,
                changed = self.progress.changed() => {
                    if changed.is_err() {
                        return Ending::Gone;
                    }
                    self.acknowledge().await;
                    if let Some(status) = self.failure() {
                        return Ending::Status(status);
                    }
                    continue;
                }
                () = draining.cancelled() => return Ending::Status(stopping()),
                () = outbox.closed() => return Ending::Gone,
                () = moment(ends_at) => return Ending::Status(self.outlived()),
                () = moment(grow_old) => lifetime.map_or(Duration::ZERO, |lifetime| lifetime.grace),
                Ok(()) = rotation.changed() => *rotation.borrow_and_update(),
            };
            // Told once: what a second signal would mean is not defined.
            grow_old = None;
            if ends_at.is_none() {
                ends_at = Some(Instant::now() + grace);
                self.signal_close(grace).await;
            }
        }
    }

    /// Has what was queued committed at once, and acknowledges it.
    async fn settle(&mut self) {
        if !self.progress.borrow().settled() && self.table.flush().await.is_err() {
            tracing::warn!(stream = %self.id, "not all that was received could be committed");
        }
        self.acknowledge().await;
    }

    async fn acknowledge(&mut self) {
        let committed = self.progress.borrow_and_update().committed;
        if committed > self.acknowledged {
            self.acknowledged = committed;
            let response = IngestRecordResponse {
                durability_ack_up_to_offset: committed,
            };
            self.answer(Payload::IngestRecordResponse(response)).await;
        }
    }

    async fn signal_close(&self, grace: Duration) {
        tracing::info!(stream = %self.id, ?grace, "stream is told to close");
        let duration = prost_types::Duration::try_from(grace).ok();
        self.answer(Payload::CloseStreamSignal(CloseStreamSignal { duration }))
            .await;
    }

    async fn answer(&self, payload: Payload) {
        let payload = Some(payload);
        // A client that has gone is noticed where the stream is read.
        let _ = self
            .outbox
            .send(Ok(EphemeralStreamResponse { payload }))
            .await;
    }

    fn failure(&self) -> Option<Status> {
        let progress = self.progress.borrow();
        let reason = progress.failure.as_ref()?;
        let table = self.table.name();
        Some(Status::unavailable(format!(
            "Rows could not be committed to {table}: {reason}"
        )))
    }

    fn outlived(&self) -> Status {
        // The service's own words: there are clients that look for the code.
        Status::unavailable(format!(
            "Stream timeout reached. Closing the stream (ID: {}). Error Code: 6002, \
             Error State: 0.",
            self.id
        ))
    }

    fn reader(&self) -> Reader {
        Reader {
            endpoint: self.endpoint.clone(),
            table: self.table.clone(),
            decoder: self.decoder.clone(),
            lane: self.lane.clone(),
            intake: Intake::default(),
        }
    }
}

impl Reader {
    async fn read(mut self, mut inbound: Inbound) -> Ending {
        loop {
            let (gathered, end) = self.gather(&mut inbound).await;
            if let Err(status) = self.queue(gathered).await {
                return Ending::Status(status);
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
                Ok(Some(message)) => self.intake.take(message, &mut gathered).err(),
                Ok(None) => return (gathered, Some(Ending::HalfClosed)),
                // A message over the limit, or bytes that are no message, are the client's fault
                // and it is told so; a broken connection has nobody to tell.
                Err(status) if status.code() == tonic::Code::Cancelled => {
                    return (gathered, Some(Ending::Gone));
                }
                Err(status) => Some(status),
            };
            if let Some(status) = end {
                return (gathered, Some(Ending::Status(status)));
            }
            next = if gathered.has_room() {
                inbound.message().now_or_never()
            } else {
                None
            };
        }
        (gathered, None)
    }

    /// Decodes the rows, a part at a time, and queues them as soon as there is room. Nothing is
    /// read meanwhile, so flow control makes the client wait.
    async fn queue(&self, gathered: Gathered) -> Result<(), Status> {
        if gathered.is_empty() {
            return Ok(());
        }
        self.endpoint.counters.requests.add(gathered.requests.len());
        let mut parts = Parts::check(self.decoder.clone(), gathered).await?;
        while let Some(part) = parts.next().await? {
            self.commit(part).await?;
        }
        parts.refusal.map_or(Ok(()), Err)
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

fn stopping() -> Status {
    Status::unavailable("The server is being stopped.")
}

/// Never, where there is no such moment.
async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
