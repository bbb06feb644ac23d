//! `databricks.zerobus.Zerobus/EphemeralStream`: from the first header to the last acknowledgement.

mod acks;
mod batch;
mod client;
mod ending;
mod intake;
mod opening;
mod reader;
mod refusing;
mod session;

use std::sync::Arc;

use axum::Router;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, service::Routes};

use crate::{
    endpoint::Endpoint,
    limits::MAX_MESSAGE_BYTES,
    proto::{
        EphemeralStreamRequest, EphemeralStreamResponse,
        zerobus_server::{Zerobus, ZerobusServer},
    },
    wire::Connection,
};

use client::Client;

/// Answers that may wait for a client that does not read them.
const OUTBOX: usize = 64;

/// The gRPC service as a router.
pub(crate) fn routes(endpoint: &Arc<Endpoint>) -> Router {
    let service = Service(endpoint.clone());
    let server = ZerobusServer::new(service).max_decoding_message_size(MAX_MESSAGE_BYTES);
    Routes::new(server).into_axum_router()
}

struct Service(Arc<Endpoint>);

#[tonic::async_trait]
impl Zerobus for Service {
    type EphemeralStreamStream = ReceiverStream<Result<EphemeralStreamResponse, Status>>;

    /// Returns at once, before the first message: clients wait for the response headers before
    /// they send it. Whatever is wrong with the stream comes as its first item.
    async fn ephemeral_stream(
        &self,
        request: Request<Streaming<EphemeralStreamRequest>>,
    ) -> Result<Response<Self::EphemeralStreamStream>, Status> {
        let (metadata, extensions, inbound) = request.into_parts();
        let client = Client {
            metadata,
            connection: extensions.get::<Connection>().cloned().unwrap_or_default(),
        };
        let (outbox, responses) = mpsc::channel(OUTBOX);
        let endpoint = self.0.clone();
        let cut = endpoint.cut.clone();
        let session = session::run(endpoint.clone(), client, inbound, outbox);
        endpoint
            .tasks
            .spawn(async move { cut.run_until_cancelled(session).await });
        Ok(Response::new(ReceiverStream::new(responses)))
    }
}
