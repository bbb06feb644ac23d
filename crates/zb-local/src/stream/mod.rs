//! What all streams have in common, whatever protocol they speak: who may open one, what is done
//! with its rows, when they are acknowledged, and how it ends.

mod acks;
mod client;
mod ending;
mod offsets;
mod opening;
mod protocol;
mod reading;
mod session;

pub(crate) use client::Client;
pub(crate) use ending::{Ending, Last};
pub(crate) use offsets::Offsets;
pub(crate) use opening::{authorize, find_table};
pub(crate) use protocol::{Protocol, TABLE_HEADER};
pub(crate) use reading::{Reading, queue, wait};

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::{endpoint::Endpoint, limits::OUTBOX};

/// What a call that is a stream is answered with.
pub(crate) type Answers<P> = ReceiverStream<Result<<P as Protocol>::Answer, Status>>;

/// Answers at once, before the first message: clients wait for the response headers before they send
/// it. Whatever is wrong with the stream comes as its first item.
pub(crate) fn serve<P: Protocol>(
    endpoint: &Arc<Endpoint>,
    request: Request<Streaming<P::Request>>,
) -> Response<Answers<P>> {
    let (client, inbound) = Client::of(request);
    let (outbox, responses) = mpsc::channel(OUTBOX);
    endpoint.spawn(session::run::<P>(endpoint.clone(), client, inbound, outbox));
    Response::new(ReceiverStream::new(responses))
}
