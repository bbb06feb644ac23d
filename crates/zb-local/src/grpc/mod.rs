//! `databricks.zerobus.Zerobus/EphemeralStream`: streams of records.

mod batch;
mod form;
mod insert;
mod intake;
mod opening;
mod persistent;
mod reader;
mod refusing;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming, service::Routes};
use uuid::Uuid;
use zb_convert::Decoder;

use crate::{
    endpoint::Endpoint,
    faults::CloseSignal,
    lake::Table,
    limits::MAX_MESSAGE_BYTES,
    proto::{
        CloseStreamSignal, CreateIngestStreamResponse, EphemeralStreamRequest,
        EphemeralStreamResponse, IngestRecordResponse, PersistentStreamRequest,
        ephemeral_stream_response::Payload,
        zerobus_server::{Zerobus, ZerobusServer},
    },
    stream::{Answers, Client, Ending, Protocol, Reading, serve},
};

use form::Form;
use persistent::Persistent;
use reader::Reader;

pub(crate) use insert::insert;
pub(crate) use persistent::Resumable;

/// Serves Zerobus beside what is served already.
pub(crate) fn add_to(routes: Routes, endpoint: &Arc<Endpoint>) -> Routes {
    let service = Service(endpoint.clone());
    let server = ZerobusServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES);
    routes.add_service(server)
}

struct Service(Arc<Endpoint>);

#[tonic::async_trait]
impl Zerobus for Service {
    type EphemeralStreamStream = Answers<Records>;
    type PersistentStreamStream = Answers<Persistent>;

    async fn ephemeral_stream(
        &self,
        request: Request<Streaming<EphemeralStreamRequest>>,
    ) -> Result<Response<Answers<Records>>, Status> {
        Ok(serve::<Records>(&self.0, request))
    }

    async fn persistent_stream(
        &self,
        request: Request<Streaming<PersistentStreamRequest>>,
    ) -> Result<Response<Answers<Persistent>>, Status> {
        Ok(serve::<Persistent>(&self.0, request))
    }
}

/// One record after another, each with an offset or many with one.
struct Records {
    form: Arc<Form>,
    decoder: Arc<Decoder>,
}

impl Protocol for Records {
    type Request = EphemeralStreamRequest;
    type Answer = EphemeralStreamResponse;

    async fn open(
        endpoint: &Endpoint,
        client: &Client,
        first: Option<EphemeralStreamRequest>,
    ) -> Result<(Self, Arc<Table>), Status> {
        let (form, decoder, table) = opening::open(endpoint, &client.metadata, first).await?;
        let (form, decoder) = (Arc::new(form), Arc::new(decoder));
        Ok((Self { form, decoder }, table))
    }

    fn read(
        &self,
        inbound: Streaming<EphemeralStreamRequest>,
        reading: Reading,
    ) -> impl Future<Output = Ending> + Send + 'static {
        Reader::new(reading, self.decoder.clone(), self.form.clone()).read(inbound)
    }

    fn format(&self) -> &'static str {
        self.form.name()
    }

    fn opened(&self, id: &Uuid) -> EphemeralStreamResponse {
        answer(Payload::CreateStreamResponse(CreateIngestStreamResponse {
            stream_id: Some(id.to_string()),
        }))
    }

    fn acknowledged(&mut self, offset: Option<i64>) -> EphemeralStreamResponse {
        answer(Payload::IngestRecordResponse(IngestRecordResponse {
            durability_ack_up_to_offset: offset,
        }))
    }

    fn closing(&self, signal: CloseSignal) -> EphemeralStreamResponse {
        let duration = signal
            .said
            .map(|(seconds, nanos)| prost_types::Duration { seconds, nanos });
        answer(Payload::CloseStreamSignal(CloseStreamSignal { duration }))
    }
}

fn answer(payload: Payload) -> EphemeralStreamResponse {
    EphemeralStreamResponse {
        payload: Some(payload),
    }
}
