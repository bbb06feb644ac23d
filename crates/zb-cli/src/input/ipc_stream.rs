//! Arrow IPC streams, read without believing what they say of their size.
//!
//! The reader that arrow has for streams asks for the memory of a batch before it reads it. A length
//! that was damaged then asks for more than there is, which ends the process. Here a batch grows with
//! the bytes that come.

use std::io::Read;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{ArrowError, SchemaRef};

/// How much is read at once; a pipe has no more to give.
const PIECE: usize = 64 * 1024;

/// The batches of a stream.
pub(super) struct IpcStream<R> {
    from: R,
    decoder: StreamDecoder,
    /// What was read and not yet decoded.
    piece: Buffer,
    /// What was found while looking for the schema.
    first: Option<RecordBatch>,
}

impl<R: Read> IpcStream<R> {
    /// Reads the schema.
    pub(super) fn open(from: R) -> Result<(SchemaRef, Self), ArrowError> {
        let mut stream = Self {
            from,
            decoder: StreamDecoder::new(),
            piece: Buffer::default(),
            first: None,
        };
        stream.first = stream.decode()?;
        let schema = stream.decoder.schema();
        let schema = schema.ok_or_else(|| ArrowError::IpcError("it has no schema".to_owned()))?;
        Ok((schema, stream))
    }

    /// The next batch; none at the end. Stops at the schema, too, to tell it soon.
    fn decode(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let known = self.decoder.schema().is_some();
        loop {
            if let Some(batch) = self.decoder.decode(&mut self.piece)? {
                return Ok(Some(batch));
            }
            if !known && self.decoder.schema().is_some() {
                return Ok(None);
            }
            let mut piece = vec![0; PIECE];
            let read = self.from.read(&mut piece)?;
            if read == 0 {
                self.decoder.finish()?;
                return Ok(None);
            }
            piece.truncate(read);
            self.piece = Buffer::from_vec(piece);
        }
    }
}

impl<R: Read> Iterator for IpcStream<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.first.take() {
            Some(batch) => Some(Ok(batch)),
            None => self.decode().transpose(),
        }
    }
}
