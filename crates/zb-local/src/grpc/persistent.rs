//! `databricks.zerobus.Zerobus/PersistentStream`: streams of records that can be resumed, each row
//! in the table once.
//!
//! The table itself remembers how far a stream has come: each commit of its rows has the last offset
//! of them, as a transaction of the Delta protocol. So the two cannot differ, whatever ends the server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use arrow_array::RecordBatch;
use tokio::sync::Semaphore;
use tonic::{Status, Streaming};
use uuid::Uuid;
use zb_convert::Decoder;
use zb_types::TableName;

use super::{form::Form, opening::open_as, reader::Reader};
use crate::{
    endpoint::Endpoint,
    faults::CloseSignal,
    lake::{Landing, Lane, Rows, Table},
    lock::lock,
    proto::{
        CloseStreamSignal, CreateIngestStreamRequest, CreateIngestStreamResponse,
        EphemeralStreamRequest, IngestRecordResponse, PersistentStreamRequest,
        PersistentStreamResponse, RecordType, ResumeIngestStreamRequest,
        ResumeIngestStreamResponse, ephemeral_stream_request, persistent_stream_request::Payload,
        persistent_stream_response::Payload as Answer, resume_ingest_stream_request::Identifier,
    },
    stream::{Client, Ending, Protocol, Reading, authorize},
};

/// What a stream has come to before its first record.
const NOTHING: i64 = -1;

/// One connection of a stream that outlives it.
pub(super) struct Persistent {
    id: Uuid,
    lane: Arc<Lane>,
    form: Arc<Form>,
    decoder: Arc<Decoder>,
    /// The last offset that is durable, where the stream was resumed.
    resumed: Option<i64>,
}

/// The lanes of the connections that persistent streams have: each stream has one at a time.
#[derive(Debug, Default)]
pub(crate) struct Resumable(Mutex<HashMap<Uuid, Weak<Lane>>>);

impl Resumable {
    /// Ends what a stream had until now, and gives it a lane anew.
    fn take_over(&self, id: Uuid) -> Arc<Lane> {
        let lane = Arc::new(Lane::remembered(name(id)));
        let mut lanes = lock(&self.0);
        lanes.retain(|_, lane| lane.strong_count() > 0);
        let before = lanes.insert(id, Arc::downgrade(&lane));
        if let Some(before) = before.and_then(|lane| lane.upgrade()) {
            before.fail(&"the stream was resumed over another connection".into());
        }
        lane
    }
}

/// Under which a table remembers a stream.
fn name(id: Uuid) -> String {
    format!("zerobus/{id}")
}

impl Persistent {
    async fn create(
        endpoint: &Endpoint,
        table: &TableName,
        request: CreateIngestStreamRequest,
    ) -> Result<(Self, Arc<Table>), Status> {
        let (form, decoder, table) = open_as(endpoint, table, request).await?;
        let id = Uuid::new_v4();
        remember(&table, id).await?;
        let created = Self {
            id,
            lane: endpoint.resumable.take_over(id),
            form: Arc::new(form),
            decoder: Arc::new(decoder),
            resumed: None,
        };
        Ok((created, table))
    }

    async fn resume(
        endpoint: &Endpoint,
        table: &TableName,
        request: ResumeIngestStreamRequest,
    ) -> Result<(Self, Arc<Table>), Status> {
        let Some(Identifier::StreamId(wanted)) = request.identifier else {
            return Err(Status::invalid_argument("resume_stream names no stream."));
        };
        let unknown = || Status::not_found(format!("Stream {wanted:?} cannot be found."));
        let id: Uuid = wanted.parse().map_err(|_| unknown())?;
        let create = CreateIngestStreamRequest {
            table_name: Some(table.to_string()),
            descriptor_proto: request.descriptor_proto,
            record_type: request.record_type,
            avro_schema_json: None,
        };
        let (form, decoder, table) = open_as(endpoint, table, create).await?;
        let last = || async {
            let last = endpoint.lake.offset_of(table.name(), &name(id)).await;
            let last = last.map_err(|error| Status::internal(error.to_string()))?;
            last.ok_or_else(unknown)
        };
        // Nothing is taken from anybody for a stream that is not one of this table.
        last().await?;
        let lane = endpoint.resumable.take_over(id);
        // What the connection before has queued is durable, or will never be.
        table.flush().await.map_err(|error| closed(&table, error))?;
        let last = last().await?;
        let resumed = Self {
            id,
            lane,
            form: Arc::new(form),
            decoder: Arc::new(decoder),
            resumed: Some(last),
        };
        Ok((resumed, table))
    }
}

/// Has the table know a stream before its first record.
async fn remember(table: &Table, id: Uuid) -> Result<(), Status> {
    let lane = Arc::new(Lane::remembered(name(id)));
    let progress = lane.progress();
    let room = Arc::new(Semaphore::new(1));
    let room = room.acquire_owned().await;
    let nothing = Rows {
        batch: RecordBatch::new_empty(table.schema().clone()),
        lane,
        last_offset: Some(NOTHING),
        bytes: 0,
        queued_at: tokio::time::Instant::now(),
        _room: room.map_err(|error| Status::internal(error.to_string()))?,
    };
    let is_closed = |error| closed(table, error);
    table.commit(nothing).await.map_err(is_closed)?;
    table.flush().await.map_err(is_closed)?;
    match &progress.borrow().failure {
        None => Ok(()),
        Some(reason) => Err(closed(table, reason)),
    }
}

fn closed(table: &Table, reason: impl std::fmt::Display) -> Status {
    let table = table.name();
    Status::unavailable(format!("Nothing can be committed to {table}: {reason}"))
}

impl Protocol for Persistent {
    type Request = PersistentStreamRequest;
    type Answer = PersistentStreamResponse;

    async fn open(
        endpoint: &Endpoint,
        client: &Client,
        first: Option<PersistentStreamRequest>,
    ) -> Result<(Self, Arc<Table>), Status> {
        let table = authorize(endpoint, &client.metadata)?;
        if endpoint.lake.landing() == Landing::Memory {
            let nowhere = "Where rows are not kept, no stream can be resumed.";
            return Err(Status::unimplemented(nowhere));
        }
        let payload = first.and_then(|message| message.payload);
        let record_type = match &payload {
            Some(Payload::CreateStream(create)) => {
                let create = create.create_stream.as_ref();
                create.and_then(|create| create.record_type)
            }
            Some(Payload::ResumeStream(resume)) => resume.record_type,
            _ => None,
        };
        if record_type == Some(RecordType::Avro.into()) {
            let no_avro = "A persistent stream has records of PROTO or JSON.";
            return Err(Status::unimplemented(no_avro));
        }
        match payload {
            Some(Payload::CreateStream(create)) => {
                let request = create.create_stream.unwrap_or_default();
                Self::create(endpoint, &table, request).await
            }
            Some(Payload::ResumeStream(resume)) => Self::resume(endpoint, &table, resume).await,
            _ => Err(Status::invalid_argument(
                "The first message of a stream must be create_stream or resume_stream.",
            )),
        }
    }

    fn read(
        &self,
        inbound: Streaming<PersistentStreamRequest>,
        reading: Reading,
    ) -> impl Future<Output = Ending> + Send + 'static {
        Reader::new(reading, self.decoder.clone(), self.form.clone())
            .resumable(self.resumed.unwrap_or(NOTHING))
            .read(inbound)
    }

    fn identity(&self) -> Option<(Uuid, Arc<Lane>)> {
        Some((self.id, self.lane.clone()))
    }

    fn format(&self) -> &'static str {
        self.form.name()
    }

    fn opened(&self, id: &Uuid) -> PersistentStreamResponse {
        answer(match self.resumed {
            None => Answer::CreateStreamResponse(CreateIngestStreamResponse {
                stream_id: Some(id.to_string()),
            }),
            Some(last) => Answer::ResumeStreamResponse(ResumeIngestStreamResponse {
                last_committed_offset: (last > NOTHING).then_some(last),
            }),
        })
    }

    fn acknowledged(&mut self, offset: Option<i64>) -> PersistentStreamResponse {
        answer(Answer::IngestRecordResponse(IngestRecordResponse {
            durability_ack_up_to_offset: offset,
        }))
    }

    fn closing(&self, signal: CloseSignal) -> PersistentStreamResponse {
        let duration = signal
            .said
            .map(|(seconds, nanos)| prost_types::Duration { seconds, nanos });
        answer(Answer::CloseStreamSignal(CloseStreamSignal { duration }))
    }
}

fn answer(payload: Answer) -> PersistentStreamResponse {
    PersistentStreamResponse {
        payload: Some(payload),
    }
}

impl From<PersistentStreamRequest> for EphemeralStreamRequest {
    /// Where a stream is created twice, that is the same mistake on all of them.
    fn from(request: PersistentStreamRequest) -> Self {
        use ephemeral_stream_request::Payload as Same;
        let payload = request.payload.map(|payload| match payload {
            Payload::CreateStream(_) | Payload::ResumeStream(_) => {
                Same::CreateStream(CreateIngestStreamRequest::default())
            }
            Payload::IngestRecord(record) => Same::IngestRecord(record),
            Payload::IngestRecordBatch(batch) => Same::IngestRecordBatch(batch),
        });
        Self { payload }
    }
}
