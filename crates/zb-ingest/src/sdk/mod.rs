//! The official SDK, and all that is known of it: no type of it leaves this module.

mod context;
mod headers;
mod open;

use std::{sync::Arc, time::Duration};

#[cfg(feature = "flight")]
use arrow_array::RecordBatch;
#[cfg(feature = "flight")]
use databricks_zerobus_ingest_sdk::ZerobusArrowStream;
use databricks_zerobus_ingest_sdk::{ProtoBytes, ZerobusError, ZerobusResult, ZerobusStream};

use crate::{Error, records::Records};
use context::Context;

/// How many requests the SDK may hold: its queues are made for that many at once. The budget lets
/// no more through, since nothing calls back a hand-over that waits for room in there.
pub(crate) const MAX_IN_FLIGHT_REQUESTS: u32 = 4_096;

/// A stream to one table.
pub(crate) struct Stream {
    inner: Inner,
    context: Arc<Context>,
}

enum Inner {
    Protobuf(Box<ZerobusStream>),
    #[cfg(feature = "flight")]
    Flight(Box<ZerobusArrowStream>),
}

/// How a wait for an acknowledgement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    Acknowledged,
    NotYet,
}

impl Stream {
    /// Hands over one request and returns its offset. Nothing has been sent when this returns.
    pub(crate) async fn ingest(&self, records: Records) -> Result<i64, Error> {
        let ingested = match (&self.inner, records) {
            (Inner::Protobuf(stream), Records::Protobuf(records)) => {
                let records = records.into_iter().map(ProtoBytes);
                match stream.ingest_records_offset(records).await {
                    Ok(None) => Err(ZerobusError::InvalidArgument(
                        "a request without records".to_owned(),
                    )),
                    Ok(Some(offset)) => Ok(offset),
                    Err(error) => Err(error),
                }
            }
            #[cfg(feature = "flight")]
            (Inner::Flight(stream), Records::Flight(batch)) => stream.ingest_batch(batch).await,
            #[cfg(feature = "flight")]
            _ => Err(ZerobusError::InvalidStateError(
                "a request for another kind of stream".to_owned(),
            )),
        };
        match ingested {
            Ok(offset) => Ok(offset),
            // The SDK says only that the stream is closed; a wait for what will never come, which
            // then is none, says why. A flush would not, with nothing in flight.
            Err(error) if self.is_closed() => {
                let cause = self.wait_for(i64::MAX).await.err().unwrap_or(error);
                Err(self.context.error(cause))
            }
            Err(error) => Err(self.context.error(error)),
        }
    }

    pub(crate) async fn wait(&self, offset: i64) -> Result<Waited, Error> {
        match self.wait_for(offset).await {
            Ok(()) => Ok(Waited::Acknowledged),
            Err(_) if !self.is_closed() => Ok(Waited::NotYet),
            Err(error) => Err(self.context.error(error)),
        }
    }

    async fn wait_for(&self, offset: i64) -> ZerobusResult<()> {
        match &self.inner {
            Inner::Protobuf(stream) => stream.wait_for_offset(offset).await,
            #[cfg(feature = "flight")]
            Inner::Flight(stream) => stream.wait_for_offset(offset).await,
        }
    }

    /// Whether it takes and acknowledges no more.
    pub(crate) fn is_closed(&self) -> bool {
        match &self.inner {
            Inner::Protobuf(stream) => stream.is_closed(),
            #[cfg(feature = "flight")]
            Inner::Flight(stream) => stream.is_closed(),
        }
    }

    /// How many of the rows handed over were not acknowledged, the last ones, where rows are
    /// acknowledged one by one. Cuts the stream off if it is not closed.
    pub(crate) async fn unacknowledged(&mut self) -> Option<usize> {
        match &mut self.inner {
            Inner::Protobuf(_) => None,
            #[cfg(feature = "flight")]
            Inner::Flight(stream) => {
                if !stream.is_closed() {
                    // It waits for no longer than a wait for an acknowledgement may take.
                    let _ = stream.close().await;
                }
                let batches = stream.get_unacked_batches().await.ok()?;
                Some(batches.iter().map(RecordBatch::num_rows).sum())
            }
        }
    }

    /// Ends the stream in good order. Every request must be settled.
    pub(crate) async fn close(self) {
        let closed = match self.inner {
            Inner::Protobuf(mut stream) => stream.close().await,
            #[cfg(feature = "flight")]
            Inner::Flight(mut stream) => stream.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(table = %self.context.table, %error, "the stream closed with an error");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
