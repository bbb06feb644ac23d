//! From a record batch to rows of Protobuf.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use prost_types::DescriptorProto;

use crate::{
    Encoded, EncodedVecs, ExtraColumns, Options, SchemaError, SchemaProblem, SchemaProblemKind,
    coercion::Known,
    descriptor,
    field::FieldPlan,
    fit::{Fitted, fit},
    shape::{self, is_identifier},
    source::Source,
    table::Table,
    target,
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
    /// Columns of the schema that are of no use and must be null throughout.
    null: Vec<usize>,
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
        check_name(&options)?;
        let columns = shape::columns(schema)?;
        let descriptor = descriptor::message(&options.message_name, &columns);
        let null = Vec::new();
        Ok(Self::of(
            schema,
            descriptor,
            Fitted { columns, null },
            options,
        ))
    }

    /// Plans the conversion of record batches of `schema` to rows of the message `descriptor`, for
    /// instance one that was made from the table.
    ///
    /// Columns are found by name: the same one, or else the one that differs in case alone. What
    /// differs otherwise is brought to the descriptor's type where nothing can be lost:
    ///
    /// | from | to | |
    /// |---|---|---|
    /// | any integer | int32, int64 | row error where the value does not fit |
    /// | any integer, Float16, Float32 | float, double | row error where the value would change |
    /// | any string, any binary | string, bytes | row error where a string would not be UTF-8 |
    /// | dates | int32 | days |
    /// | instants, times of day, durations | int64 | microseconds, whatever the unit |
    /// | decimals | string | exact |
    /// | structs, lists, maps | messages, repeated fields, maps | what is in them likewise |
    ///
    /// A field of the descriptor that is optional may be missing from the schema; one that is
    /// required may not, and a null in its column is a row error. The name of the message is the
    /// descriptor's, whatever the options say.
    ///
    /// ```
    /// use arrow_schema::{DataType, Field, Schema};
    /// use zb_convert::{Encoder, Options};
    ///
    /// let table = Schema::new(vec![
    ///     Field::new("id", DataType::Int64, false),
    ///     Field::new("note", DataType::Utf8, true),
    /// ]);
    /// let descriptor = Encoder::new(&table, Options::default())?.descriptor().clone();
    ///
    /// let schema = Schema::new(vec![Field::new("id", DataType::UInt16, false)]);
    /// let encoder = Encoder::for_descriptor(&schema, descriptor, Options::default())?;
    /// assert_eq!(encoder.descriptor().field.len(), 2);
    /// # Ok::<(), zb_convert::SchemaError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a column does not fit, a required one is missing, one is not in the descriptor (see
    /// [`Options::extra_columns`]), or the descriptor is none that a table can have. The error
    /// lists every one of these.
    pub fn for_descriptor(
        schema: &Schema,
        descriptor: DescriptorProto,
        options: Options,
    ) -> Result<Self, SchemaError> {
        let target = target::columns(&descriptor)?;
        let extra = options.extra_columns;
        let fitted = fit(schema.fields(), &target, Known::Wire, extra)?;
        Ok(Self::of(schema, descriptor, fitted, options))
    }

    /// Plans the conversion of record batches of `schema` to rows of a table, whose schema is
    /// given as Arrow types.
    ///
    /// As [`for_descriptor`](Self::for_descriptor), and more can be done and refused since more is
    /// known of the columns: integers are held to the bounds of BYTE and SHORT; a column
    /// DECIMAL(p, s) takes decimals of any scale, integers and texts, with a row error for a value
    /// that it does not hold exactly; dates go to DATE alone, and instants with a zone to
    /// TIMESTAMP, without one to `TIMESTAMP_NTZ`. The descriptor is that of the whole table, its
    /// fields numbered by their order or by [`FIELD_NUMBER`](crate::FIELD_NUMBER), without the
    /// columns that [`TABLE_TYPE`](crate::TABLE_TYPE) marks as such that nobody can send.
    ///
    /// # Errors
    ///
    /// As [`for_descriptor`](Self::for_descriptor), and when the schema is none that a table can
    /// have.
    pub fn for_table(
        schema: &Schema,
        table: &Schema,
        options: Options,
    ) -> Result<Self, SchemaError> {
        check_name(&options)?;
        let Table {
            columns,
            unsendable,
        } = Table::of(table)?;
        let descriptor = descriptor::message(&options.message_name, &columns);
        let known = Known::Table(&unsendable);
        let fitted = fit(schema.fields(), &columns, known, options.extra_columns)?;
        Ok(Self::of(schema, descriptor, fitted, options))
    }

    pub(crate) fn of(
        schema: &Schema,
        descriptor: DescriptorProto,
        plan: Fitted,
        options: Options,
    ) -> Self {
        Self {
            schema: Arc::new(schema.clone()),
            descriptor,
            fields: FieldPlan::all(plan.columns, options.sub_microseconds),
            null: plan.null,
            empty_path: "".into(),
            options,
        }
    }

    /// For some columns of a plan, to find the rows that they have something against. Nulls in lists
    /// and maps are passed over where the target has some.
    #[cfg(feature = "flight")]
    pub(crate) fn checking(
        schema: &Schema,
        columns: Vec<shape::Column>,
        mut options: Options,
    ) -> Self {
        options.extra_columns = ExtraColumns::Drop;
        let (null, descriptor) = (Vec::new(), DescriptorProto::default());
        let mut encoder = Self::of(schema, descriptor, Fitted { columns, null }, options);
        encoder
            .fields
            .iter_mut()
            .for_each(FieldPlan::pass_over_null_items);
        encoder
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
        let mut problems = Vec::new();
        let sources = self
            .fields
            .iter()
            .map(|plan| {
                let field = self.schema.field(plan.column.position);
                match self.position(batch, plan.column.position) {
                    Some(position) => Source::bind(
                        &plan.column,
                        field.data_type(),
                        batch.column(position).as_ref(),
                        &mut problems,
                    ),
                    None if plan.column.nullable => Source::Absent,
                    None => {
                        let missing = SchemaProblemKind::MissingColumn;
                        problems.push(SchemaProblem::new(field.name(), missing));
                        Source::Absent
                    }
                }
            })
            .collect();
        self.check_others(batch, &mut problems);
        if problems.is_empty() {
            Ok(sources)
        } else {
            Err(SchemaError::new(problems))
        }
    }

    /// Where a column of the schema stands in the batch.
    pub(crate) fn position(&self, batch: &RecordBatch, position: usize) -> Option<usize> {
        let found = batch.schema_ref();
        let name = self.schema.field(position).name();
        match found.fields().get(position) {
            Some(same) if Arc::ptr_eq(found, &self.schema) || same.name() == name => Some(position),
            _ => found.index_of(name).ok(),
        }
    }

    /// The columns that no plan asks for.
    fn check_others(&self, batch: &RecordBatch, problems: &mut Vec<SchemaProblem>) {
        for &position in &self.null {
            let Some(at) = self.position(batch, position) else {
                continue;
            };
            let column = batch.column(at);
            if column.logical_null_count() < column.len() {
                let found = column.data_type().clone();
                let name = self.schema.field(position).name();
                problems.push(SchemaProblem::new(
                    name,
                    SchemaProblemKind::NotNull { found },
                ));
            }
        }
        let found = batch.schema_ref();
        if Arc::ptr_eq(found, &self.schema) {
            return;
        }
        let mut seen = HashSet::new();
        for (at, field) in found.fields().iter().enumerate() {
            let known = || {
                let same = self.schema.fields().get(at);
                same.is_some_and(|same| same.name() == field.name())
                    || self.schema.index_of(field.name()).is_ok()
            };
            let kind = if !seen.insert(field.name()) {
                SchemaProblemKind::DuplicateName
            } else if self.options.extra_columns == ExtraColumns::Refuse && !known() {
                SchemaProblemKind::UnknownColumn
            } else {
                continue;
            };
            problems.push(SchemaProblem::new(field.name(), kind));
        }
    }
}

fn check_name(options: &Options) -> Result<(), SchemaError> {
    if is_identifier(&options.message_name) {
        return Ok(());
    }
    let name = options.message_name.clone();
    let problem = SchemaProblem::new("", SchemaProblemKind::Name { name });
    Err(SchemaError::new(vec![problem]))
}
