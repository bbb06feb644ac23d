//! The chunks of one batch on all cores.

use arrow_array::RecordBatch;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::{ChunkLimit, Encoded, Encoder, SchemaError};

impl Encoder {
    /// Encodes a whole batch on the threads of rayon's pool, and gives its chunks in the order of
    /// the batch. Which rows and errors there are is as with [`encode`](Self::encode).
    ///
    /// Each `limit.rows` rows are a piece of work of their own and come to one chunk, or to more
    /// where `limit.framed_bytes` asks for it. A few thousand rows make good pieces; with
    /// [`ChunkLimit::NONE`] there is one piece, and nothing happens at the same time.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_par(
        &self,
        batch: &RecordBatch,
        limit: ChunkLimit,
    ) -> Result<Vec<Encoded>, SchemaError> {
        let sources = self.bind(batch)?;
        let (all, size) = (batch.num_rows(), limit.rows.max(1));
        let pieces: Vec<Vec<Encoded>> = (0..all.div_ceil(size))
            .into_par_iter()
            .map(|piece| {
                let mut rows = piece * size..all.min((piece + 1).saturating_mul(size));
                let mut chunks = Vec::with_capacity(1);
                while !rows.is_empty() {
                    let mut chunk = Encoded::default();
                    let (outcome, buffer) = chunk.begin();
                    rows.start = self.fill(&sources, rows.clone(), limit, outcome, buffer);
                    chunks.push(chunk);
                }
                chunks
            })
            .collect();
        Ok(pieces.into_iter().flatten().collect())
    }
}
