//! The crate ptars, at the level below its C interface.

use std::{hint::black_box, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Int64Array, RecordBatch,
    cast::AsArray,
    make_array,
    types::{TimestampMicrosecondType, TimestampMillisecondType},
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use ptars_core::record_batch_to_array;

use super::{LeftOut, name};
use crate::{
    measure::{Contender, Form},
    set::Set,
};

/// It takes a record batch to an Arrow array of rows; from there, to a vector for each row.
///
/// It leaves out columns of types that it does not know, without a word. Instants are handed to
/// it as integers, made so before the clock starts. Dictionaries and decimals are made strings by
/// `arrow_cast`, as whoever uses it must do: in the time that is measured.
pub(super) fn all(set: &Set) -> Result<[Contender<'_>; 2], LeftOut> {
    let batch = instants_as_integers(&set.batch);
    let chunks: Vec<RecordBatch> = set
        .chunks
        .iter()
        .map(|chunk| batch.slice(chunk.start, chunk.len()))
        .collect();
    let encode = |chunk: &RecordBatch| {
        make_array(record_batch_to_array(
            &unknown_as_strings(chunk),
            &set.message,
        ))
    };
    let rows = chunks.iter().flat_map(|chunk| vecs(&encode(chunk)));
    if let Some(row) = set.first_other(set.batch.num_rows(), rows) {
        return Err(LeftOut {
            contender: "ptars",
            reason: format!("it gives other bytes, first in row {row}"),
        });
    }
    let again = chunks.clone();
    Ok([
        set.contender(name::PTARS, Form::Buffer, move || {
            for chunk in &chunks {
                black_box(encode(chunk));
            }
        }),
        set.contender(name::PTARS_VECS, Form::Vecs, move || {
            for chunk in &again {
                black_box(vecs(&encode(chunk)));
            }
        }),
    ])
}

fn vecs(rows: &ArrayRef) -> Vec<Vec<u8>> {
    let rows = rows.as_binary::<i32>();
    (0..rows.len())
        .map(|row| rows.value(row).to_vec())
        .collect()
}

fn instants_as_integers(batch: &RecordBatch) -> RecordBatch {
    changed(batch, |column| match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let array = column.as_primitive::<TimestampMicrosecondType>();
            Arc::new(array.reinterpret_cast::<arrow_array::types::Int64Type>())
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let array = column.as_primitive::<TimestampMillisecondType>();
            let microseconds: Int64Array = array.unary(|value| value * 1000);
            Arc::new(microseconds)
        }
        _ => column.clone(),
    })
}

fn unknown_as_strings(batch: &RecordBatch) -> RecordBatch {
    let unknown = |column: &ArrayRef| {
        matches!(
            column.data_type(),
            DataType::Dictionary(..) | DataType::Decimal128(..)
        )
    };
    if !batch.columns().iter().any(unknown) {
        return batch.clone();
    }
    changed(batch, |column| {
        if unknown(column) {
            cast(column, &DataType::Utf8).unwrap()
        } else {
            column.clone()
        }
    })
}

fn changed(batch: &RecordBatch, change: impl Fn(&ArrayRef) -> ArrayRef) -> RecordBatch {
    let columns: Vec<ArrayRef> = batch.columns().iter().map(change).collect();
    let fields: Vec<Field> = batch
        .schema()
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}
