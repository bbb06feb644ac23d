//! From a record batch to one with the types that Arrow Flight takes for a table.

mod batch;
mod decimals;
mod layout;
mod lists;
mod measure;
mod scalars;
mod wire;

use std::{ops::Range, sync::Arc};

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use arrow_select::filter::{FilterBuilder, filter_record_batch};
use prost_types::DescriptorProto;

use crate::{
    ChunkLimit, Encoded, Encoder, Options, RowError, RowErrorKind, SchemaError, SchemaProblem,
    SchemaProblemKind, coercion::Known, fit::fit, row_error::Fault, table::Table,
};

pub use batch::FittedBatch;
use layout::Layout;

/// Brings the record batches of one schema to the Arrow types that the service takes for a table,
/// as they go over Arrow Flight.
///
/// What the columns of the table are called in Arrow Flight is
/// [`fitted_schema`](Self::fitted_schema): strings and binaries in their large layouts, decimals as
/// exact text, times in microseconds, dictionaries and runs unpacked, columns in the order of the
/// table, and null throughout where the batches have none. Columns that are so already are handed
/// on without a copy.
///
/// Columns are found, values checked and rows refused by the rules of
/// [`Encoder::for_table`](crate::Encoder::for_table), so that both ways to a table refuse the same
/// rows for the same reasons; but for three things. Nulls in lists and maps stay, where Protobuf
/// has none. Null lists stay null. Variants, which Flight takes in their binary form alone, are
/// refused, and so are bytes and lists of a fixed length of 0.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
/// use arrow_schema::{DataType, Field, Schema};
/// use zb_convert::{Fitter, Options};
///
/// let table = Schema::new(vec![
///     Field::new("name", DataType::Utf8, true),
///     Field::new("size", DataType::Int16, false),
///     Field::new("note", DataType::Utf8, true),
/// ]);
/// let batch = RecordBatch::try_from_iter([
///     ("size", Arc::new(Int64Array::from(vec![1, 70_000, 3])) as ArrayRef),
///     ("name", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
/// ])?;
///
/// let fitter = Fitter::for_table(&batch.schema(), &table, Options::default())?;
/// let fitted = fitter.fit(&batch)?;
/// assert_eq!(fitted.batch().num_rows(), 2);
/// assert_eq!(fitted.batch().schema().field(0).data_type(), &DataType::LargeUtf8);
/// assert_eq!(fitted.batch().schema().field(1).data_type(), &DataType::Int16);
/// assert_eq!(fitted.batch().column(2).null_count(), 2);
/// assert_eq!(
///     fitted.errors()[0].to_string(),
///     "row 1, column `size`: an integer out of range (found 70000)"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Fitter {
    schema: SchemaRef,
    fitted: SchemaRef,
    /// One for each field of `fitted`.
    columns: Vec<Option<Source>>,
    /// All columns, for what is common to all ways to a table: where they stand in a batch.
    all: Encoder,
    /// The columns with values that may not fit, or `None` where there are none.
    doubtful: Option<Encoder>,
    /// Those, and the columns with something in them that may not be null: for batches with nulls there.
    strict: Option<Encoder>,
    max_row_bytes: usize,
}

/// Where a column comes from.
#[derive(Debug, Clone)]
struct Source {
    /// Its place in the schema of the batches.
    position: usize,
    layout: Layout,
}

impl Fitter {
    /// For a table that is just as record batches of `schema` would make it.
    ///
    /// # Errors
    ///
    /// As [`Encoder::new`](crate::Encoder::new).
    pub fn new(schema: &Schema, options: Options) -> Result<Self, SchemaError> {
        Self::for_table(schema, schema, options)
    }

    /// For a table whose schema is given as Arrow types.
    ///
    /// # Errors
    ///
    /// As [`Encoder::for_table`](crate::Encoder::for_table), and for columns that are variants, or
    /// bytes or lists of a fixed length of 0.
    pub fn for_table(
        schema: &Schema,
        table: &Schema,
        options: Options,
    ) -> Result<Self, SchemaError> {
        wire::refuse(table.fields().iter().chain(schema.fields()))?;
        let Table {
            columns: targets,
            unsendable,
        } = Table::of(table)?;
        let known = Known::Table(&unsendable);
        let plan = fit(schema.fields(), &targets, known, options.extra_columns)?;
        let max_row_bytes = options.max_record_bytes;
        let options = options.max_record_bytes(UNBOUNDED);

        let mut fields = Vec::with_capacity(targets.len());
        let mut columns = Vec::with_capacity(targets.len());
        let (mut doubtful, mut strict) = (Vec::new(), Vec::new());
        for target in &targets {
            let wire = wire::field(target);
            let source = plan
                .columns
                .iter()
                .find(|column| column.number == target.number);
            columns.push(source.map(|source| {
                let layout = Layout::new(source, target, wire.data_type());
                if layout.is_doubtful() {
                    doubtful.push(source.clone());
                }
                if layout.is_doubtful() || layout.requires() {
                    strict.push(source.clone());
                }
                let position = source.position;
                Source { position, layout }
            }));
            fields.push(wire);
        }
        let checking = |columns: Vec<_>| {
            (!columns.is_empty()).then(|| Encoder::checking(schema, columns, options.clone()))
        };
        Ok(Self {
            schema: Arc::new(schema.clone()),
            fitted: Arc::new(Schema::new(fields)),
            columns,
            doubtful: checking(doubtful),
            strict: checking(strict),
            // No message is made of it.
            all: Encoder::of(schema, DescriptorProto::default(), plan, options.clone()),
            max_row_bytes,
        })
    }

    /// The schema it was made for.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The schema of the batches that come out: every column of the table that can be sent, in its
    /// order.
    pub fn fitted_schema(&self) -> &SchemaRef {
        &self.fitted
    }

    /// Fits a whole batch.
    ///
    /// # Errors
    ///
    /// When the batch has other columns than the schema, or columns of other types, or a list in it
    /// has more items than the layout of a list can count. Rows that do not fit are no error here:
    /// they are in [`FittedBatch::errors`].
    pub fn fit(&self, batch: &RecordBatch) -> Result<FittedBatch, SchemaError> {
        self.all.bind(batch)?;
        self.fit_rows(batch, 0..batch.num_rows())
    }

    /// Fits rows from `start` on, as many as `limit` lets through: with `framed_bytes` for what the
    /// fitted rows take in memory. Returns the row to go on with.
    ///
    /// At least one row is looked at, so that going on always comes to an end. Rows out of a batch that
    /// is far larger than the chunk are copied, so that they do not hold all of it.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit).
    pub fn fit_chunk(
        &self,
        batch: &RecordBatch,
        start: usize,
        limit: ChunkLimit,
    ) -> Result<(usize, FittedBatch), SchemaError> {
        self.all.bind(batch)?;
        let left = batch.num_rows().saturating_sub(start);
        let most = left.min(limit.rows.max(1));
        let guess = measure::rows_within(batch, start, most, limit.framed_bytes);
        let mut rows = guess.clamp(usize::from(left > 0), most);
        loop {
            let mut fitted = self.fit_rows(batch, start..start + rows)?;
            let bytes = fitted.bytes();
            if rows > 1 && bytes > limit.framed_bytes {
                let fitting = measure::share(rows, limit.framed_bytes, bytes);
                rows = fitting.clamp(1, rows - 1);
                continue;
            }
            if bytes > self.max_row_bytes && fitted.batch().num_rows() == 1 {
                let row = fitted.row_ranges().first().map_or(start, |rows| rows.start);
                let fault = Fault::new(&self.all.empty_path, RowErrorKind::RecordTooLarge);
                fitted.refuse_all(RowError::new(row, fault), &self.fitted);
            }
            let fitted = fitted.compact().map_err(|error| unlaid("", &error))?;
            return Ok((start + rows, fitted));
        }
    }

    /// Of a batch whose columns were looked at.
    fn fit_rows(
        &self,
        batch: &RecordBatch,
        rows: Range<usize>,
    ) -> Result<FittedBatch, SchemaError> {
        let slice = batch.slice(rows.start, rows.len());
        let checked = match self.check(&slice) {
            Some(encoder) => encoder.encode(&slice)?,
            None => Encoded::default(),
        };
        let errors = checked.errors();
        let (kept, ranges) = if errors.is_empty() {
            (slice, vec![rows.clone()])
        } else {
            let kept = keep(&slice, errors).map_err(|error| unlaid("", &error))?;
            let ranges = checked.row_ranges().iter();
            (
                kept,
                ranges
                    .map(|r| r.start + rows.start..r.end + rows.start)
                    .collect(),
            )
        };
        let errors = errors.iter().cloned().map(|mut error| {
            error.row += rows.start;
            error
        });
        let errors = errors.collect();
        let arrays = self.columns.iter().zip(self.fitted.fields());
        let arrays = arrays.map(|(source, field)| {
            let column = source
                .as_ref()
                .and_then(|source| Some((source, self.all.position(&kept, source.position)?)));
            match column {
                Some((source, at)) => source
                    .layout
                    .apply(kept.column(at), None)
                    .map_err(|error| unlaid(field.name(), &error)),
                None => Ok(new_null_array(field.data_type(), kept.num_rows())),
            }
        });
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(kept.num_rows()));
        let fitted = RecordBatch::try_new_with_options(Arc::clone(&self.fitted), arrays, &options)
            .map_err(|error| unlaid("", &error))?;
        Ok(FittedBatch::new(fitted, ranges, errors))
    }

    /// What finds the rows of a batch that do not fit; `None` where all do.
    fn check(&self, batch: &RecordBatch) -> Option<&Encoder> {
        let may_lack = |source: &Source| {
            let at = self.all.position(batch, source.position);
            at.is_some_and(|at| source.layout.may_lack(batch.column(at)))
        };
        if self.columns.iter().flatten().any(may_lack) {
            self.strict.as_ref()
        } else {
            self.doubtful.as_ref()
        }
    }
}

/// A limit that no row comes to.
const UNBOUNDED: usize = usize::MAX / 4;

/// The rows that are not among the refused ones.
fn keep(batch: &RecordBatch, errors: &[RowError]) -> Result<RecordBatch, ArrowError> {
    let mut kept = vec![true; batch.num_rows()];
    for error in errors {
        if let Some(kept) = kept.get_mut(error.row) {
            *kept = false;
        }
    }
    let kept = BooleanArray::from(kept);
    if batch.num_columns() == 0 {
        let rows = FilterBuilder::new(&kept).build().count();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return RecordBatch::try_new_with_options(batch.schema(), Vec::new(), &options);
    }
    filter_record_batch(batch, &kept)
}

/// Values that were found to fit, and that cannot be laid out all the same.
fn unlaid(column: &str, error: &ArrowError) -> SchemaError {
    let detail = error.to_string();
    let kind = SchemaProblemKind::Layout { detail };
    SchemaError::new(vec![SchemaProblem::new(column, kind)])
}
