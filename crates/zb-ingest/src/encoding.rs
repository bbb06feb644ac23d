//! Rows become records, away from the async threads.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arrow_array::RecordBatch;
use zb_convert::{ChunkLimit, EncodedVecs};

use crate::{
    Error, Event, Rejection, RowRanges,
    plan::Plan,
    receipt::take_rows,
    records::{Chunk, Payload},
    shared::Shared,
    spans,
    ticket::Tracking,
};

impl Shared {
    /// Encodes the next chunk away from the async threads; gives back where to go on.
    pub(crate) async fn encode(
        &self,
        plan: &Arc<Plan>,
        tracking: &Tracking,
        start: usize,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Chunk), Error> {
        let span = spans::convert(&tracking.span());
        let batch = tracking.stamped();
        let (next, chunk, elapsed) = self.convert(plan, batch, start, self.limit, buffer).await?;
        let (rows, bytes) = (chunk.payload.records.len(), chunk.payload.bytes);
        spans::converted(&span, rows, bytes);
        self.observers.tell(&Event::Encoded {
            rows,
            bytes,
            elapsed,
        });
        Ok((next, chunk))
    }

    async fn convert(
        &self,
        plan: &Arc<Plan>,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        buffer: &mut EncodedVecs,
    ) -> Result<(usize, Chunk, Duration), Error> {
        let plan = Arc::clone(plan);
        let batch = batch.clone();
        let mut taken = std::mem::take(buffer);
        let work = move || {
            let started = Instant::now();
            let encoded = plan.encode(&batch, start, limit, &mut taken);
            (encoded, taken, started.elapsed())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok((encoded, given_back, elapsed)) => {
                *buffer = given_back;
                let (next, chunk) = encoded.map_err(Error::Schema)?;
                Ok((next, chunk, elapsed))
            }
            Err(error) => Err(self.internal(format!("encoding was cut off: {error}"))),
        }
    }

    /// Encodes rows that were encoded before. Under another plan some may be none that the table
    /// takes any more.
    pub(crate) async fn encode_rows(
        &self,
        plan: &Arc<Plan>,
        batch: &RecordBatch,
        rows: &RowRanges,
    ) -> Result<(Payload, Vec<Rejection>), Error> {
        let taken = take_rows(batch, rows).map_err(|error| self.internal(error.to_string()))?;
        let mut buffer = self.again.lock().await;
        let (_, chunk, _) = self
            .convert(plan, &taken, 0, ChunkLimit::NONE, &mut buffer)
            .await?;
        let errors = chunk.errors.into_iter();
        let rejections: Vec<_> = errors
            .map(|error| Rejection::conversion_among(error, rows))
            .collect();
        let payload = chunk.payload;
        if payload.records.len() + rejections.len() != taken.num_rows() {
            return Err(self.internal("rows were lost in encoding".to_owned()));
        }
        Ok((payload, rejections))
    }
}
