//! Random schemas and batches: every type of the table, in every layout that Arrow has for it, with
//! everything in them that a row can be left out for.

mod nested;
mod scalars;
mod types;

use std::{fmt, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::NullBuffer;
use arrow_schema::{Field, Schema, SchemaRef};
use proptest::prelude::*;

pub(crate) use types::every_leaf;

/// A batch, and the schema that an encoder is made for. They differ in what may be null: the batch
/// allows it everywhere, as batches out of pipelines do.
pub(crate) struct Case {
    pub(crate) planned: SchemaRef,
    pub(crate) batch: RecordBatch,
    pub(crate) truncate: bool,
    seed: u64,
}

impl fmt::Debug for Case {
    /// The batch is its seed; what helps is the schema.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rows, truncate: {}, seed: {}",
            self.batch.num_rows(),
            self.truncate,
            self.seed
        )?;
        for field in self.planned.fields() {
            let null = if field.is_nullable() { "" } else { " NOT NULL" };
            writeln!(f, "  {}: {}{null}", field.name(), field.data_type())?;
        }
        Ok(())
    }
}

/// Whether there may be rows in a batch that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Good,
    Mixed,
}

/// Batches of up to six columns, none included, and structs and lists in them to a depth of three.
///
/// Shrinks to fewer columns, simpler types and fewer rows.
pub(crate) fn cases(rows: Rows) -> impl Strategy<Value = Case> {
    let columns = prop::collection::vec(types::field(3), 0..=6);
    // About the size of a block of the encoder, and a few blocks.
    let len = prop::sample::select(vec![0_usize, 1, 3, 20, 63, 64, 65, 130]);
    let parts = (columns, len, 0_usize..70, any::<bool>(), any::<u64>());
    parts.prop_map(move |(columns, len, skip, truncate, seed)| {
        let fields = columns.into_iter().enumerate();
        let fields = fields.map(|(i, field)| field.with_name(format!("c{i}")));
        let planned = Schema::new(fields.collect::<Vec<_>>());
        case(planned, len, skip, truncate, rows, seed)
    })
}

/// The batch of `len` rows that a seed stands for; its arrays begin at an offset of `skip`.
pub(crate) fn case(
    planned: Schema,
    len: usize,
    skip: usize,
    truncate: bool,
    rows: Rows,
    seed: u64,
) -> Case {
    let mut random = Random::new(seed, truncate, rows);
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = planned
        .fields()
        .iter()
        .map(|field| {
            let column = random.array(field, len + skip);
            let found = Field::new(field.name(), column.data_type().clone(), true);
            (found.with_metadata(field.metadata().clone()), column)
        })
        .unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(len + skip));
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new_with_options(schema, columns, &options).unwrap();
    Case {
        planned: Arc::new(planned),
        batch: batch.slice(skip, len),
        truncate,
        seed,
    }
}

/// Xorshift: what is made of a seed is the same everywhere.
struct Random {
    state: u64,
    /// Times finer than a microsecond are no fault.
    truncate: bool,
    /// One value in so many is one that cannot be sent; 0 for none.
    fault_every: usize,
    /// Whether there may be nulls at all.
    nulls: bool,
}

impl Random {
    fn new(seed: u64, truncate: bool, rows: Rows) -> Self {
        let mut random = Self {
            // Xorshift stays at zero for ever.
            state: seed.max(1),
            truncate,
            fault_every: 0,
            nulls: true,
        };
        random.next();
        if rows == Rows::Mixed {
            random.fault_every = [20, 200, 2000][random.below(3)];
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn fault(&mut self) -> bool {
        self.fault_every != 0 && self.one_in(self.fault_every)
    }

    /// Of any magnitude, so that varints are of any length; both ends now and then.
    fn integer(&mut self) -> i64 {
        match self.below(16) {
            0 => i64::MIN,
            1 => i64::MAX,
            _ => {
                let shift = self.below(64);
                let value = (self.next() >> shift) as i64;
                if self.one_in(3) {
                    value.wrapping_neg()
                } else {
                    value
                }
            }
        }
    }

    /// Nulls for `len` values: where they are not allowed, a few that make faults.
    fn nulls(&mut self, len: usize, allowed: bool) -> Option<NullBuffer> {
        let percent = [0, 5, 50][self.below(3)];
        let null = |random: &mut Self| {
            random.nulls && (allowed && random.below(100) < percent || random.fault())
        };
        let nulls: NullBuffer = (0..len).map(|_| !null(self)).collect();
        // Without a null there may be a buffer or none.
        (nulls.null_count() > 0 || self.one_in(2)).then_some(nulls)
    }
}
