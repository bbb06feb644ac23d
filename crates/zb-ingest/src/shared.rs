//! What a sender and its lanes share.

use std::sync::Arc;

use arrow_array::RecordBatch;
use tokio::sync::Mutex;
use zb_convert::{ChunkLimit, EncodedVecs, Encoder};
use zb_types::TableName;

use crate::{
    Code, Error, Observer, RowRanges, SenderOptions, Status, TokenSource, budget::Budget,
    lane::Line, ledger::Ledger, receipt::take_rows, sdk::Stream, slow_down::Outcomes,
};

pub(crate) struct Shared {
    pub(crate) table: TableName,
    pub(crate) encoder: Arc<Encoder>,
    pub(crate) limit: ChunkLimit,
    pub(crate) ledger: Ledger,
    pub(crate) budget: Budget,
    pub(crate) outcomes: Arc<Outcomes>,
    pub(crate) options: SenderOptions,
    pub(crate) tokens: Arc<dyn TokenSource>,
    /// Rows that are sent again are encoded into it, one request at a time.
    pub(crate) again: Mutex<EncodedVecs>,
}

impl Shared {
    pub(crate) fn observer(&self) -> &dyn Observer {
        &*self.options.observer
    }

    /// One attempt to open a stream.
    pub(crate) async fn open(&self, line: &Arc<Line>) -> Result<Stream, Error> {
        let descriptor = self.encoder.descriptor().clone();
        let tokens = Arc::clone(&self.tokens);
        let line = Arc::clone(line);
        Stream::open(&self.table, descriptor, tokens, &self.options, line).await
    }

    /// Encodes the next chunk away from the async threads; gives back where to go on.
    pub(crate) async fn encode(
        &self,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        mut chunk: EncodedVecs,
    ) -> Result<(usize, EncodedVecs), Error> {
        let encoder = Arc::clone(&self.encoder);
        let batch = batch.clone();
        let work = move || {
            let next = encoder.encode_vecs(&batch, start, limit, &mut chunk)?;
            Ok((next, chunk))
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(Error::Schema),
            Err(error) => Err(self.internal(format!("encoding was cut off: {error}"))),
        }
    }

    /// Encodes rows that were encoded before.
    pub(crate) async fn encode_rows(
        &self,
        batch: &RecordBatch,
        rows: &RowRanges,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let rows = take_rows(batch, rows).map_err(|error| self.internal(error.to_string()))?;
        let mut buffer = self.again.lock().await;
        let chunk = std::mem::take(&mut *buffer);
        let (_, mut chunk) = self.encode(&rows, 0, ChunkLimit::NONE, chunk).await?;
        if chunk.len() != rows.num_rows() {
            let problem = "rows that could be encoded before cannot be now";
            return Err(self.internal(problem.to_owned()));
        }
        let records = chunk.take_rows();
        *buffer = chunk;
        Ok(records)
    }

    /// The sender delivers no more; gives back the first cause.
    pub(crate) fn fail(&self, error: &Error) -> Error {
        self.budget.close();
        self.ledger.fail(error)
    }

    pub(crate) fn closed(&self) -> Error {
        Error::Closed {
            table: self.table.clone(),
        }
    }

    pub(crate) fn unavailable(&self, line: &Line, code: Code, message: String) -> Error {
        let (attempts, elapsed) = line.pace.spent();
        Error::Unavailable {
            table: self.table.clone(),
            endpoint: self.options.endpoint.clone(),
            attempts,
            elapsed,
            status: Status::new(code.number(), message),
        }
    }

    fn internal(&self, problem: String) -> Error {
        Error::Internal {
            table: self.table.clone(),
            problem,
        }
    }
}
