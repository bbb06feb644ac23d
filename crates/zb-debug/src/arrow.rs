//! Arrow IPC streams.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, cast::AsArray as _};
use arrow_buffer::Buffer;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use arrow_select::dictionary::garbage_collect_any_dictionary;

use crate::{
    error::Error,
    format::{Format, Load, Room},
    kind::Kind,
    size,
};

/// What a stream ends with: a continuation marker, and no length.
pub(crate) const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

impl Load for RecordBatch {
    fn rows(&self) -> usize {
        self.num_rows()
    }
}

/// One Arrow IPC stream.
pub(crate) struct Arrow {
    schema: SchemaRef,
    /// Writes to memory, where whole messages wait.
    writer: StreamWriter<Vec<u8>>,
}

impl Arrow {
    fn add_slice(&mut self, batch: &RecordBatch, from: usize, rows: usize) -> Result<(), Error> {
        let compact = compact(batch, from, rows);
        let written = compact.and_then(|batch| self.writer.write(&batch));
        written.map_err(|source| Error::Encode { source })
    }

    fn cut_back(&mut self, len: usize) {
        self.writer.get_mut().truncate(len);
    }
}

impl Format for Arrow {
    const KIND: Kind = Kind::Arrow;
    type Shape = SchemaRef;
    type Load = RecordBatch;

    fn is_same(one: &SchemaRef, other: &SchemaRef) -> bool {
        Arc::ptr_eq(one, other) || one == other
    }

    fn begin(schema: &SchemaRef) -> Result<Self, Error> {
        let writer = StreamWriter::try_new(Vec::new(), schema);
        Ok(Self {
            schema: Arc::clone(schema),
            writer: writer.map_err(|source| Error::Encode { source })?,
        })
    }

    fn descriptor(&self) -> Option<Vec<u8>> {
        None
    }

    fn waiting(&mut self) -> &mut Vec<u8> {
        self.writer.get_mut()
    }

    fn add(
        &mut self,
        batch: &RecordBatch,
        from: usize,
        room: Room,
    ) -> Result<Option<usize>, Error> {
        let left = batch.num_rows().saturating_sub(from);
        let mut rows = left.min(usize::try_from(room.rows).unwrap_or(usize::MAX));
        let bytes = usize::try_from(room.bytes)
            .unwrap_or(usize::MAX)
            .saturating_sub(END.len());
        let size = size::of(&batch.slice(from, rows));
        if size > bytes {
            if !room.is_empty {
                return Ok(None);
            }
            // By the average of all rows: what is left may be little beside what it shares.
            rows = rows.min(in_proportion(batch.num_rows(), bytes, size::of(batch)));
        }
        let mut last = usize::MAX;
        loop {
            let before = self.waiting().len();
            if let Err(error) = self.add_slice(batch, from, rows) {
                self.cut_back(before);
                return Err(error);
            }
            let grown = self.waiting().len() - before;
            // Half the rows, and hardly less: it is what they share that is too large, a dictionary
            // deep inside. One row a file would write it again and again.
            let is_shared = grown > last / 4 * 3;
            if grown <= bytes || (room.is_empty && (rows <= 1 || is_shared)) {
                return Ok(Some(rows));
            }
            if !room.is_empty {
                self.cut_back(before);
                return Ok(None);
            }
            // The writer has noted the dictionaries of what is taken back: another one has not.
            *self = Self::begin(&self.schema)?;
            rows /= 2;
            last = grown;
        }
    }

    fn end(&mut self) {
        self.waiting().extend(END);
    }
}

fn in_proportion(rows: usize, room: usize, size: usize) -> usize {
    let rows = rows as u128 * room as u128 / size.max(1) as u128;
    usize::try_from(rows).unwrap_or(usize::MAX).max(1)
}

/// A part of a batch, without what its strings and dictionaries hold for the rows outside it.
fn compact(batch: &RecordBatch, from: usize, rows: usize) -> Result<RecordBatch, ArrowError> {
    let is_part = rows < batch.num_rows();
    let part = batch.slice(from, rows);
    let compacted = part.columns().iter().map(|column| {
        Ok::<Option<ArrayRef>, ArrowError>(match column.data_type() {
            DataType::Utf8View => {
                let views = column.as_string_view();
                let used = views.total_buffer_bytes_used();
                is_mostly_unused(views.data_buffers(), used).then(|| Arc::new(views.gc()) as _)
            }
            DataType::BinaryView => {
                let views = column.as_binary_view();
                let used = views.total_buffer_bytes_used();
                is_mostly_unused(views.data_buffers(), used).then(|| Arc::new(views.gc()) as _)
            }
            DataType::Dictionary(..) if is_part => {
                let dictionary = column.as_any_dictionary();
                let is_large = dictionary.values().len() > rows;
                is_large
                    .then(|| garbage_collect_any_dictionary(dictionary))
                    .transpose()?
            }
            _ => None,
        })
    });
    let columns = compacted
        .zip(part.columns())
        .map(|(compact, column)| Ok(compact?.unwrap_or_else(|| Arc::clone(column))));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, ArrowError>>()?;
    if columns.is_empty() {
        return Ok(part);
    }
    RecordBatch::try_new(part.schema(), columns)
}

/// Whether the buffers have more than twice what of them is used.
fn is_mostly_unused(buffers: &[Buffer], used: usize) -> bool {
    let all: usize = buffers.iter().map(Buffer::len).sum();
    all > 2 * used
}
