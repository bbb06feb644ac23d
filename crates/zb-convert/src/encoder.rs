//! From a record batch to rows of Protobuf.

use std::{collections::HashSet, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use prost_types::DescriptorProto;

use crate::{
    Encoded, EncodedVecs, Options, SchemaError, SchemaProblem, SchemaProblemKind, descriptor,
    field::FieldPlan,
    shape::{self, is_identifier},
    source::Source,
};

/// Turns the record batches of one schema into rows of Protobuf.
///
/// Made once for a schema and used for every batch of it; `&self` throughout, so threads may
/// share it.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Int32Array, RecordBatch};
/// use zb_convert::{Encoder, Options};
///
/// let batch = RecordBatch::try_from_iter([("id", Arc::new(Int32Array::from(vec![1, 2])) as _)])?;
/// let encoder = Encoder::new(&batch.schema(), Options::default())?;
/// let encoded = encoder.encode(&batch)?;
/// assert_eq!(encoded.bytes(), [0x08, 1, 0x08, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Encoder {
    schema: SchemaRef,
    descriptor: DescriptorProto,
    pub(crate) fields: Vec<FieldPlan>,
    pub(crate) empty_path: Arc<str>,
    pub(crate) options: Options,
}

/// Where a chunk ends; see [`Encoder::encode_chunk`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct ChunkLimit {
    /// The most rows of the batch that are looked at.
    pub rows: usize,
    /// The most bytes of encoded rows, each counted with its tag and length as in
    /// [`Encoded::framed_len`].
    pub framed_bytes: usize,
}

impl ChunkLimit {
    /// No limit: the whole batch.
    pub const NONE: Self = Self {
        rows: usize::MAX,
        framed_bytes: usize::MAX,
    };
}

impl Encoder {
    /// Plans the conversion of record batches of `schema`.
    ///
    /// # Errors
    ///
    /// When a column has a type or a name that cannot be sent. The error lists every such column
    /// with its path and what to do.
    pub fn new(schema: &Schema, options: Options) -> Result<Self, SchemaError> {
        if !is_identifier(&options.message_name) {
            let name = options.message_name;
            let problem = SchemaProblem::new("", SchemaProblemKind::Name { name });
            return Err(SchemaError::new(vec![problem]));
        }
        let columns = shape::columns(schema)?;
        Ok(Self {
            schema: Arc::new(schema.clone()),
            descriptor: descriptor::message(&options.message_name, &columns),
            fields: FieldPlan::all(columns, options.sub_microseconds),
            empty_path: "".into(),
            options,
        })
    }

    /// The schema the encoder was made for.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The message that the rows are.
    pub fn descriptor(&self) -> &DescriptorProto {
        &self.descriptor
    }

    /// Encodes a whole batch.
    ///
    /// For large batches [`encode_chunk`](Self::encode_chunk) with a buffer that is used again is
    /// faster, since it does not touch new memory.
    ///
    /// # Errors
    ///
    /// When the batch has other columns than the encoder's schema, or columns of other types.
    /// Their order does not matter, and a nullable column may be left out. Rows that cannot be
    /// encoded are no error here: they are in [`Encoded::errors`].
    pub fn encode(&self, batch: &RecordBatch) -> Result<Encoded, SchemaError> {
        let mut out = Encoded::default();
        self.encode_chunk(batch, 0, ChunkLimit::NONE, &mut out)?;
        Ok(out)
    }

    /// Encodes rows from `start` on until `limit` is reached, into `out`, whose former content is
    /// dropped and whose memory is used again. Returns the row to go on with, which is the number
    /// of rows of the batch when all are done.
    ///
    /// A chunk holds at least one row, so that going on always comes to an end. As long as
    /// `limit.framed_bytes` is not less than a record may be, the chunk stays within it.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow_array::{Int32Array, RecordBatch};
    /// use zb_convert::{ChunkLimit, Encoded, Encoder, Options};
    ///
    /// # let column = Arc::new(Int32Array::from_iter_values(0..10_000)) as _;
    /// # let batch = RecordBatch::try_from_iter([("id", column)])?;
    /// let encoder = Encoder::new(&batch.schema(), Options::default())?;
    /// let limit = ChunkLimit { rows: 4096, framed_bytes: 1 << 20 };
    /// let mut chunk = Encoded::default();
    /// let mut next = 0;
    /// while next < batch.num_rows() {
    ///     next = encoder.encode_chunk(&batch, next, limit, &mut chunk)?;
    ///     // send `chunk`
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_chunk(
        &self,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        out: &mut Encoded,
    ) -> Result<usize, SchemaError> {
        let sources = self.bind(batch)?;
        let (outcome, buffer) = out.begin();
        Ok(self.fill(&sources, start..batch.num_rows(), limit, outcome, buffer))
    }

    /// As [`encode_chunk`](Self::encode_chunk), with each row in a vector of its own, as the SDK
    /// takes them.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use arrow_array::{Int32Array, RecordBatch};
    /// use zb_convert::{ChunkLimit, EncodedVecs, Encoder, Options};
    ///
    /// # let column = Arc::new(Int32Array::from_iter_values(0..3)) as _;
    /// # let batch = RecordBatch::try_from_iter([("id", column)])?;
    /// let encoder = Encoder::new(&batch.schema(), Options::default())?;
    /// let mut chunk = EncodedVecs::default();
    /// encoder.encode_vecs(&batch, 0, ChunkLimit::NONE, &mut chunk)?;
    /// assert_eq!(chunk.take_rows(), [[0x08, 0], [0x08, 1], [0x08, 2]]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_vecs(
        &self,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
        out: &mut EncodedVecs,
    ) -> Result<usize, SchemaError> {
        let sources = self.bind(batch)?;
        let (outcome, vectors) = out.begin();
        Ok(self.fill(&sources, start..batch.num_rows(), limit, outcome, vectors))
    }

    /// Finds each column of the plan in the batch, by name.
    pub(crate) fn bind<'a>(&self, batch: &'a RecordBatch) -> Result<Vec<Source<'a>>, SchemaError> {
        let found = batch.schema_ref();
        let in_place = Arc::ptr_eq(found, &self.schema);
        let mut problems = Vec::new();
        let sources = self
            .fields
            .iter()
            .zip(self.schema.fields())
            .enumerate()
            .map(|(position, (plan, field))| {
                let position = match found.fields().get(position) {
                    Some(same) if in_place || same.name() == field.name() => Some(position),
                    _ => found.index_of(field.name()).ok(),
                };
                match position {
                    Some(position) => Source::bind(
                        &plan.column,
                        field.data_type(),
                        batch.column(position).as_ref(),
                        &mut problems,
                    ),
                    None if field.is_nullable() => Source::Absent,
                    None => {
                        problems.push(SchemaProblem::new(
                            field.name(),
                            SchemaProblemKind::MissingColumn,
                        ));
                        Source::Absent
                    }
                }
            })
            .collect();
        if !in_place {
            let mut seen = HashSet::new();
            for field in found.fields() {
                if !seen.insert(field.name()) {
                    problems.push(SchemaProblem::new(
                        field.name(),
                        SchemaProblemKind::DuplicateName,
                    ));
                } else if self.schema.index_of(field.name()).is_err() {
                    problems.push(SchemaProblem::new(
                        field.name(),
                        SchemaProblemKind::UnknownColumn,
                    ));
                }
            }
        }
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(SchemaError::new(problems))
        }
    }
}
