//! What a protocol is to the streams that speak it.

use std::sync::Arc;

use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{Client, Ending, Reading};
use crate::{
    endpoint::Endpoint,
    faults::CloseSignal,
    lake::{Lane, Table},
};

/// The header that names the table, before any message does.
pub(crate) const TABLE_HEADER: &str = "x-databricks-zerobus-table-name";

/// The one half of a stream that is not the same everywhere: how it is opened, how its rows are
/// read, and how what there is to say is said.
pub(crate) trait Protocol: Sized + Send + Sync + 'static {
    /// What a client sends.
    type Request: Send + 'static;
    /// What it is answered.
    type Answer: Send + 'static;

    /// Checks everything that can be wrong with a new stream, in the order in which it arrives.
    fn open(
        endpoint: &Endpoint,
        client: &Client,
        first: Option<Self::Request>,
    ) -> impl Future<Output = Result<(Self, Arc<Table>), Status>> + Send;

    /// Checks, decodes and queues what comes in, until there is a reason to read no more.
    fn read(
        &self,
        inbound: Streaming<Self::Request>,
        reading: Reading,
    ) -> impl Future<Output = Ending> + Send + 'static;

    /// The name and the lane of a stream that is more than its connection.
    fn identity(&self) -> Option<(Uuid, Arc<Lane>)> {
        None
    }

    /// What its rows are written in, for people.
    fn format(&self) -> &'static str;

    /// That the stream is open.
    fn opened(&self, id: &Uuid) -> Self::Answer;

    /// That everything up to and with this offset is durable; or an acknowledgement that forgets to
    /// say which.
    fn acknowledged(&mut self, offset: Option<i64>) -> Self::Answer;

    /// That the client should open another stream.
    fn closing(&self, signal: CloseSignal) -> Self::Answer;
}
