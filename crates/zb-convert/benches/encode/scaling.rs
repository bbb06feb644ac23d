//! What a row and a column cost as there are more of them.

use std::hint::black_box;

use arrow_array::RecordBatch;
use zb_convert::{ChunkLimit, Encoded, Encoder, Options};

use crate::{
    counting, data,
    measure::{Clock, Contender, Form, Measured},
    set::each_chunk,
};

pub(crate) const NAME: &str = "scaling";

const ROWS: usize = 1_000_000;
const CELLS: usize = 4_000_000;

/// How one shape of batches did.
pub(crate) struct Scaled {
    pub(crate) series: Series,
    pub(crate) batch_rows: usize,
    pub(crate) columns: usize,
    pub(crate) chunks: usize,
    pub(crate) measured: Measured,
    /// Of one call that encodes a whole batch into memory that is there.
    pub(crate) whole_batch_allocations: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Series {
    /// The same rows in larger and larger batches.
    Rows,
    /// As many cells in more and more columns.
    Columns,
}

impl Scaled {
    pub(crate) fn ns_per_cell(&self) -> f64 {
        self.measured.ns_per_row() / self.columns as f64
    }

    pub(crate) fn allocations_per_chunk(&self) -> f64 {
        self.measured.allocations as f64 / self.chunks as f64
    }
}

pub(crate) fn shapes() -> Vec<Shape> {
    let rows = data::flat_rows(ROWS);
    let by_rows = [1_000, 10_000, 100_000, 1_000_000].map(|size| {
        let batches = (0..ROWS).step_by(size).map(|at| rows.slice(at, size));
        let name = format!("flat in batches of {size} rows");
        Shape::new(Series::Rows, name, batches.collect())
    });
    let by_columns = [10, 50, 200, 1_000].map(|columns| {
        let batch = data::columns(columns, CELLS / columns);
        Shape::new(Series::Columns, format!("{columns} columns"), vec![batch])
    });
    by_rows.into_iter().chain(by_columns).collect()
}

/// Batches of one size, to be encoded one after another.
pub(crate) struct Shape {
    series: Series,
    name: String,
    batches: Vec<RecordBatch>,
    encoder: Encoder,
    bytes: usize,
    chunks: usize,
}

impl Shape {
    fn new(series: Series, name: String, batches: Vec<RecordBatch>) -> Self {
        let encoder = Encoder::new(&batches[0].schema(), Options::default()).unwrap();
        let (mut bytes, mut chunks, mut chunk) = (0, 0, Encoded::default());
        for batch in &batches {
            each_chunk(&encoder, batch, 0..batch.num_rows(), &mut chunk, |chunk| {
                bytes += chunk.bytes().len();
                chunks += 1;
            });
        }
        Self {
            series,
            name,
            batches,
            encoder,
            bytes,
            chunks,
        }
    }

    pub(crate) fn contender(&self) -> Contender<'_> {
        let mut chunk = Encoded::default();
        Contender {
            name: self.name.clone().into(),
            form: Form::Buffer,
            clock: Clock::Thread,
            rows: self.batches.iter().map(RecordBatch::num_rows).sum(),
            bytes: self.bytes,
            work: Box::new(move || {
                for batch in &self.batches {
                    let rows = 0..batch.num_rows();
                    each_chunk(&self.encoder, batch, rows, &mut chunk, |chunk| {
                        black_box(chunk.bytes());
                    });
                }
            }),
        }
    }

    pub(crate) fn scaled(&self, measured: Measured) -> Scaled {
        let batch = &self.batches[0];
        let mut out = Encoded::default();
        let mut whole = || {
            let next = self
                .encoder
                .encode_chunk(batch, 0, ChunkLimit::NONE, &mut out);
            assert_eq!(next.unwrap(), batch.num_rows());
        };
        whole();
        Scaled {
            series: self.series,
            batch_rows: batch.num_rows(),
            columns: batch.num_columns(),
            chunks: self.chunks,
            measured,
            whole_batch_allocations: counting::allocations(whole),
        }
    }
}
