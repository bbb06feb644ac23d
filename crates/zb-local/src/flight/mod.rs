//! `arrow.flight.protocol.FlightService/DoPut`: streams of Arrow batches.
//!
//! The first message has the schema, every other one a part of a batch with an offset of its own.
//! A client that sends a large batch cuts it into several messages, so a batch may be durable in
//! part; what is acknowledged is counted in rows.

mod conversion;
mod frame;
mod progress;
mod reader;
mod refusal;
mod said;
mod schema;
mod weight;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming, service::Routes};
use uuid::Uuid;

use crate::{
    endpoint::Endpoint,
    faults::CloseSignal,
    lake::Table,
    limits::MAX_FRAME_BYTES,
    proto::flight::{
        FlightData, PutResult,
        flight_service_server::{FlightService, FlightServiceServer},
    },
    stream::{Answers, Client, Ending, Protocol, Reading, authorize, find_table, serve},
};

use frame::Frames;
use progress::Progress;
use reader::Reader;
use said::Acknowledged;

/// Room for what is around a message's body.
const FRAMING: usize = 1024 * 1024;

/// Serves Arrow Flight beside what is served already.
pub(crate) fn add_to(routes: Routes, endpoint: &Arc<Endpoint>) -> Routes {
    let service = Service(endpoint.clone());
    let most = MAX_FRAME_BYTES + FRAMING;
    routes.add_service(FlightServiceServer::new(service).max_decoding_message_size(most))
}

struct Service(Arc<Endpoint>);

#[tonic::async_trait]
impl FlightService for Service {
    type DoPutStream = Answers<Batches>;

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Answers<Batches>>, Status> {
        Ok(serve::<Batches>(&self.0, request))
    }
}

/// Batches of one schema.
struct Batches {
    frames: Arc<Frames>,
    progress: Arc<Progress>,
    /// What was acknowledged last.
    said: Acknowledged,
}

impl Protocol for Batches {
    type Request = FlightData;
    type Answer = PutResult;

    async fn open(
        endpoint: &Endpoint,
        client: &Client,
        first: Option<FlightData>,
    ) -> Result<(Self, Arc<Table>), Status> {
        let name = authorize(endpoint, &client.metadata)?;
        let sent = frame::schema(first).await?;
        let table = find_table(endpoint, &name, || Ok(sent.clone())).await?;
        let problems = schema::problems(&sent, table.schema());
        if !problems.is_empty() {
            return Err(refusal::refuse(&name, &problems));
        }
        let batches = Self {
            frames: Arc::new(Frames::new(sent, table.schema().clone())),
            progress: Arc::default(),
            said: Acknowledged::READY,
        };
        Ok((batches, table))
    }

    fn read(
        &self,
        inbound: Streaming<FlightData>,
        reading: Reading,
    ) -> impl Future<Output = Ending> + Send + 'static {
        Reader::new(reading, self.frames.clone(), self.progress.clone()).read(inbound)
    }

    fn format(&self) -> &'static str {
        "Arrow"
    }

    fn opened(&self, _: &Uuid) -> PutResult {
        Acknowledged::READY.message()
    }

    fn acknowledged(&mut self, offset: Option<i64>) -> PutResult {
        let Some(offset) = offset else {
            return PutResult::default();
        };
        self.said = self.progress.up_to(offset);
        self.said.message()
    }

    fn closing(&self, signal: CloseSignal) -> PutResult {
        self.said.closing(signal)
    }
}
