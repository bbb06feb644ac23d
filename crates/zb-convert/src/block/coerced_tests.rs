//! Random batches toward tables of other types: the blocks give what writing row by row gives.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType as T, Field, FieldRef, Fields, Schema};
use proptest::prelude::*;

use super::tests::{Random, batch, slow};
use crate::{Encoder, ExtraColumns, Options, delta_schema};

/// A type that a column of another one may go to, or the same.
fn other(r: &mut Random, from: &T) -> T {
    let whole = [
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::Float32,
        T::Float64,
    ];
    match from {
        T::Int8 | T::Int16 | T::Int32 | T::Int64 => match r.below(7) {
            6 => T::Decimal128(12, r.below(4) as i8),
            choice => whole[choice].clone(),
        },
        T::Float32 => [T::Float32, T::Float64][r.below(2)].clone(),
        T::Decimal128(..) => T::Decimal128(1 + r.below(38) as u8, 0),
        T::Binary => [T::Binary, T::Utf8][r.below(2)].clone(),
        T::Utf8 => [T::Utf8, T::Binary, T::Decimal128(9, 2)][r.below(3)].clone(),
        T::Struct(fields) => T::Struct(fields.iter().map(|f| field(r, f)).collect()),
        T::List(item) => T::List(field(r, item)),
        T::Map(entries, sorted) => match entries.data_type() {
            T::Struct(parts) => {
                let parts = Fields::from(vec![Arc::clone(&parts[0]), field(r, &parts[1])]);
                let entries = Field::new("key_value", T::Struct(parts), false);
                T::Map(Arc::new(entries), *sorted)
            }
            _ => from.clone(),
        },
        _ => from.clone(),
    }
}

fn field(r: &mut Random, field: &Field) -> FieldRef {
    Arc::new(field.clone().with_data_type(other(r, field.data_type())))
}

/// A table for the batch, in which some columns are of other types, are missing, or stand elsewhere.
fn table(r: &mut Random, batch: &RecordBatch) -> Schema {
    let natural = delta_schema(batch.schema_ref()).unwrap();
    let mut fields: Vec<FieldRef> = Vec::new();
    for column in natural.fields() {
        if r.below(8) > 0 {
            let place = r.below(fields.len() + 1);
            fields.insert(place, field(r, column));
        }
    }
    Schema::new(fields)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn blocks_toward_a_table_are_what_rows_are_one_by_one(seed in 1..u64::MAX) {
        let batch = batch(seed);
        let table = table(&mut Random(seed), &batch);
        let options = Options::default().extra_columns(ExtraColumns::Drop);
        // What cannot be fitted at all is for other tests.
        if let Ok(encoder) = Encoder::for_table(batch.schema_ref(), &table, options) {
            let (rows, errors, null_lists) = slow(&encoder, &batch);
            let whole = encoder.encode(&batch).unwrap();
            prop_assert_eq!(whole.errors(), &errors);
            prop_assert_eq!(whole.to_vecs(), rows);
            prop_assert_eq!(whole.null_lists(), null_lists);
        }
    }
}

#[test]
fn most_of_the_tables_can_be_written_to_and_some_rows_cannot() {
    let (mut plans, mut good, mut bad) = (0, 0, 0);
    for seed in 1..400_u64 {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let batch = batch(seed);
        let table = table(&mut Random(seed), &batch);
        let options = Options::default().extra_columns(ExtraColumns::Drop);
        if let Ok(encoder) = Encoder::for_table(batch.schema_ref(), &table, options) {
            let encoded = encoder.encode(&batch).unwrap();
            plans += 1;
            good += encoded.len();
            bad += encoded.errors().len();
        }
    }
    assert!(
        plans > 200 && good > 1_000 && bad > 1_000,
        "{plans} {good} {bad}"
    );
}
