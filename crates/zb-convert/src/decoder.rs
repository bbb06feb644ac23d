//! From rows of Protobuf to a record batch.

use std::{mem::size_of, sync::Arc};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use prost_types::DescriptorProto;

use crate::{
    RowError, SchemaError,
    allowance::{Allowance, FACTOR, FLOOR},
    arrays::finish_message,
    delta_schema,
    reading::{MessagePlan, Scope},
    row_error::Fault,
    shape,
    slots::{Slots, check_message, read_message},
};

/// Turns rows of Protobuf into record batches of one schema.
///
/// Reads whatever Protobuf allows: fields in any order, lists packed or not, fields nobody asked
/// for; of a scalar that comes twice the last one counts.
///
/// # Memory
///
/// A few bytes can unfold to much: an empty message in a list is a slot in each column of a
/// struct. The items of the lists and the entries of the maps of one row, with all columns in
/// them, may take [`UNFOLD_FLOOR`](Self::UNFOLD_FLOOR) bytes and
/// [`UNFOLD_FACTOR`](Self::UNFOLD_FACTOR) more for each byte of the row; a row beyond that is
/// refused with [`RowErrorKind::Unfolds`](crate::RowErrorKind::Unfolds). What a row takes in the
/// columns of the table itself, [`row_bytes`](Self::row_bytes), comes on top, and so do its text
/// and its bytes, which are never more than the row.
///
/// Slots are counted with what a value takes (8 bytes for the end of a text, a list or a map),
/// and one byte for its validity; entries of maps with 8 bytes more. The memory that is in use at a
/// time stays within three times the count, as vectors grow by doubling, and 600 bytes for each
/// column, nested ones included.
///
/// That bounds a row. The number of rows is the caller's to bound:
/// [`decode_chunk`](Self::decode_chunk) does.
#[derive(Debug, Clone)]
pub struct Decoder {
    schema: SchemaRef,
    root: MessagePlan,
    empty_path: Arc<str>,
}

/// What became of a sequence of rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Decoded {
    /// The rows that could be read, in their order.
    pub batch: RecordBatch,
    /// The rows that could not, in their order, counted within the sequence.
    pub errors: Vec<RowError>,
}

impl Decoded {
    /// How many rows were taken, those that could not be read included.
    pub fn rows(&self) -> usize {
        self.batch.num_rows() + self.errors.len()
    }
}

/// Where a chunk ends; see [`Decoder::decode_chunk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct DecodeLimit {
    /// The most rows that are taken.
    pub rows: usize,
    /// Once the rows come to so many bytes when decoded, no more are taken. They are counted as
    /// the [`Decoder`] says, so what is in use at a time may be three times that.
    pub decoded_bytes: usize,
}

impl DecodeLimit {
    /// No limit: all rows there are.
    pub const NONE: Self = Self {
        rows: usize::MAX,
        decoded_bytes: usize::MAX,
    };
}

impl Decoder {
    /// What the items and entries of a row may take whatever its length, in bytes.
    pub const UNFOLD_FLOOR: usize = FLOOR;

    /// What they may take beyond that for each byte of the row.
    pub const UNFOLD_FACTOR: usize = FACTOR;

    /// Holds a descriptor against the schema of a table, and plans to read its rows.
    ///
    /// They must agree as the service wants it: every field of the descriptor is a column of the
    /// table, of the type that [`Encoder`](crate::Encoder) gives such a column; a column that is
    /// not nullable has a field, and that field is not optional. A nullable column may be missing
    /// and is null then. The batches have the types of [`delta_schema`].
    ///
    /// # Errors
    ///
    /// When they do not agree, or when the schema is none that a table can have. The error lists
    /// every column concerned.
    pub fn new(descriptor: &DescriptorProto, schema: &Schema) -> Result<Self, SchemaError> {
        let columns = shape::columns(schema)?;
        let mut problems = Vec::new();
        let root = MessagePlan::new(&Scope::root(descriptor), &columns, "", &mut problems);
        if !problems.is_empty() {
            return Err(SchemaError::new(problems));
        }
        Ok(Self {
            schema: Arc::new(delta_schema(schema)?),
            root,
            empty_path: "".into(),
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// What every row takes whatever is in it, in bytes: a slot in each column, and in each column
    /// of its structs.
    pub fn row_bytes(&self) -> usize {
        self.root.slot_bytes
    }

    /// Reads rows. Those that cannot be read are left out and listed.
    ///
    /// All of them are in memory at once. Where they come from somebody who may mean harm, an
    /// empty row of a wide table is much for nothing: use [`decode_chunk`](Self::decode_chunk).
    ///
    /// # Errors
    ///
    /// When a column comes to more than 2 GiB: read fewer rows at a time.
    pub fn decode<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Decoded, ArrowError> {
        let mut chunk = Chunk::new(self);
        rows.into_iter().for_each(|row| chunk.add(row));
        chunk.finish()
    }

    /// Reads rows until `limit` is reached, and leaves the rest in the iterator. `None` when there
    /// are no more.
    ///
    /// A chunk takes at least one row, so that going on always comes to an end; it goes beyond the
    /// limit of bytes by what its last row takes. Errors count their rows within the chunk.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow_array::{Int32Array, RecordBatch};
    /// use zb_convert::{DecodeLimit, Decoder, Encoder, Options};
    ///
    /// # let column = Arc::new(Int32Array::from_iter_values(0..10_000)) as _;
    /// # let batch = RecordBatch::try_from_iter([("id", column)])?;
    /// let encoder = Encoder::new(&batch.schema(), Options::default())?;
    /// let encoded = encoder.encode(&batch)?;
    ///
    /// let decoder = Decoder::new(encoder.descriptor(), &batch.schema())?;
    /// let limit = DecodeLimit { decoded_bytes: 16 << 10, ..DecodeLimit::NONE };
    /// let mut rows = encoded.rows();
    /// let mut first = 0;
    /// while let Some(chunk) = decoder.decode_chunk(&mut rows, limit)? {
    ///     // store `chunk.batch`; `chunk.errors` count from `first`
    ///     first += chunk.rows();
    /// }
    /// assert_eq!(first, 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), where the limit is that far.
    pub fn decode_chunk<'a>(
        &self,
        rows: &mut impl Iterator<Item = &'a [u8]>,
        limit: DecodeLimit,
    ) -> Result<Option<Decoded>, ArrowError> {
        let Some(first) = rows.next() else {
            return Ok(None);
        };
        let mut chunk = Chunk::new(self);
        chunk.add(first);
        while chunk.rows() < limit.rows
            && chunk.bytes < limit.decoded_bytes
            && let Some(row) = rows.next()
        {
            chunk.add(row);
        }
        chunk.finish().map(Some)
    }
}

/// Rows on their way to a batch.
struct Chunk<'a> {
    decoder: &'a Decoder,
    columns: Vec<Slots>,
    accepted: usize,
    errors: Vec<RowError>,
    /// What the rows take, those included that were taken back: their room stays.
    bytes: usize,
}

impl<'a> Chunk<'a> {
    fn new(decoder: &'a Decoder) -> Self {
        Self {
            decoder,
            columns: Slots::of_message(&decoder.root),
            accepted: 0,
            errors: Vec::new(),
            bytes: 0,
        }
    }

    fn rows(&self) -> usize {
        self.accepted + self.errors.len()
    }

    fn add(&mut self, row: &[u8]) {
        let mut allowance = Allowance::new(row.len());
        let taken = match self.read(row, &mut allowance) {
            Ok(()) => {
                self.accepted += 1;
                self.decoder.root.slot_bytes
            }
            Err(fault) => {
                for column in &mut self.columns {
                    column.truncate(self.accepted);
                }
                let error = RowError::new(self.rows(), fault);
                let found = error.found.as_ref().map_or(0, |found| found.len());
                self.errors.push(error);
                size_of::<RowError>() + found
            }
        };
        let taken = taken.saturating_add(allowance.taken() + row.len());
        self.bytes = self.bytes.saturating_add(taken);
    }

    fn read(&mut self, row: &[u8], allowance: &mut Allowance) -> Result<(), Fault> {
        let (root, path) = (&self.decoder.root, &self.decoder.empty_path);
        read_message(&mut self.columns, root, self.accepted, row, path, allowance)?;
        check_message(&self.columns, root, self.accepted)
    }

    fn finish(self) -> Result<Decoded, ArrowError> {
        let arrays = finish_message(self.columns, &self.decoder.root, self.accepted)?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.accepted));
        let schema = Arc::clone(&self.decoder.schema);
        Ok(Decoded {
            batch: RecordBatch::try_new_with_options(schema, arrays, &options)?,
            errors: self.errors,
        })
    }
}
