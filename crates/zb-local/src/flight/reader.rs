//! The half of a stream of batches that reads: messages are checked, decoded and queued.

use std::sync::Arc;

use tonic::Streaming;

use super::{
    frame,
    frame::{Decoded, Frames},
    progress::Progress,
    said,
};
use crate::{
    proto::flight::FlightData,
    stream::{Ending, Offsets, Reading, wait},
};

pub(super) struct Reader {
    reading: Reading,
    frames: Arc<Frames>,
    progress: Arc<Progress>,
    offsets: Offsets,
}

impl Reader {
    pub(super) fn new(reading: Reading, frames: Arc<Frames>, progress: Arc<Progress>) -> Self {
        Self {
            reading,
            frames,
            progress,
            offsets: Offsets::default(),
        }
    }

    pub(super) async fn read(mut self, mut inbound: Streaming<FlightData>) -> Ending {
        loop {
            let frame = match inbound.message().await {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ending::HalfClosed,
                // A message over the limit, or bytes that are no message, are the client's fault
                // and it is told so; a broken connection has nobody to tell.
                Err(status) if status.code() == tonic::Code::Cancelled => return Ending::Gone,
                Err(status) => return status.into(),
            };
            if let Err(ending) = self.take(frame).await {
                return ending;
            }
        }
    }

    async fn take(&mut self, frame: FlightData) -> Result<(), Ending> {
        let offset = self.offsets.check(said::offset(&frame.app_metadata))?;
        let rows = frame::rows(&frame)?;
        self.offsets.pass();
        let bytes = frame.data_header.len() + frame.data_body.len();
        if let Some(verdict) = self.reading.arrived(offset, rows, bytes) {
            self.reading.meet(verdict).await?;
        }

        let inspect = self
            .reading
            .faults()
            .look_at_records(self.reading.table().name());
        let mut decoded = self.frames.clone().decode(frame, offset, inspect).await?;
        if inspect && let Some((row, ending)) = self.inspect(&decoded).await {
            // Rows are durable one by one: those before it stay.
            decoded.keep(row);
            self.progress.part(row);
            self.commit(decoded, offset, bytes).await?;
            return Err(ending);
        }
        self.progress.whole(rows);
        self.commit(decoded, offset, bytes).await
    }

    /// The first row that a script of faults has something against, and how it ends the stream.
    async fn inspect(&self, decoded: &Decoded) -> Option<(usize, Ending)> {
        let table = self.reading.table().name();
        let faults = self.reading.faults();
        let (delay, found) = faults.judge_records(table, decoded.batch(), &decoded.weights);
        wait(delay).await;
        let (row, action) = found?;
        let last = self.reading.last(&action)?;
        Some((row, Ending::Settled(last)))
    }

    /// Queues the rows of a message; its offset goes with the last of them.
    async fn commit(&self, decoded: Decoded, offset: i64, bytes: usize) -> Result<(), Ending> {
        let mut parts = decoded.parts().peekable();
        let mut bytes = bytes;
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none().then_some(offset);
            self.reading.commit(part?, last, bytes).await?;
            // It has come over the wire once.
            bytes = 0;
        }
        Ok(())
    }
}
