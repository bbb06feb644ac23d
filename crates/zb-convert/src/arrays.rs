//! From the columns of a decoder to arrays.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};

use crate::{
    reading::{FieldPlan, Inner, MessagePlan},
    slots::{Slots, Values},
};

/// The finished arrays of the columns of a message, all of this length.
pub(crate) fn finish_message(
    columns: Vec<Slots>,
    plan: &MessagePlan,
    len: usize,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let columns = columns.into_iter().zip(&plan.fields);
    columns
        .map(|(column, plan)| finish(column, plan, len))
        .collect()
}

fn finish(mut slots: Slots, plan: &FieldPlan, len: usize) -> Result<ArrayRef, ArrowError> {
    slots.fill(plan, len);
    let nulls = slots.valid.build().filter(|nulls| nulls.null_count() > 0);
    Ok(match (slots.values, &plan.inner, &plan.data_type) {
        (Values::Boolean(v), ..) => Arc::new(BooleanArray::new(v.build(), nulls)),
        (Values::Int8(v), ..) => Arc::new(Int8Array::try_new(v.into(), nulls)?),
        (Values::Int16(v), ..) => Arc::new(Int16Array::try_new(v.into(), nulls)?),
        (Values::Int32(v), _, DataType::Date32) => Arc::new(Date32Array::try_new(v.into(), nulls)?),
        (Values::Int32(v), ..) => Arc::new(Int32Array::try_new(v.into(), nulls)?),
        (Values::Int64(v), _, DataType::Timestamp(_, zone)) => Arc::new(
            TimestampMicrosecondArray::try_new(v.into(), nulls)?.with_timezone_opt(zone.clone()),
        ),
        (Values::Int64(v), ..) => Arc::new(Int64Array::try_new(v.into(), nulls)?),
        (Values::Float32(v), ..) => Arc::new(Float32Array::try_new(v.into(), nulls)?),
        (Values::Float64(v), ..) => Arc::new(Float64Array::try_new(v.into(), nulls)?),
        (Values::Decimal(v, precision, scale), ..) => Arc::new(
            Decimal128Array::try_new(v.into(), nulls)?
                .with_precision_and_scale(precision, scale)?,
        ),
        (Values::Bytes { data, ends }, _, DataType::Utf8) => {
            Arc::new(StringArray::try_new(offsets(ends)?, data.into(), nulls)?)
        }
        (Values::Bytes { data, ends }, ..) => {
            Arc::new(BinaryArray::try_new(offsets(ends)?, data.into(), nulls)?)
        }
        (Values::Struct(children), Inner::Message(message), DataType::Struct(fields)) => {
            let arrays = finish_message(children, message, len)?;
            Arc::new(StructArray::try_new_with_length(
                fields.clone(),
                arrays,
                nulls,
                len,
            )?)
        }
        (Values::List { items, ends }, Inner::List(item), DataType::List(field)) => {
            let len = items.len();
            let items = finish(*items, item, len)?;
            let field = Arc::clone(field);
            Arc::new(ListArray::try_new(field, offsets(ends)?, items, nulls)?)
        }
        (Values::Map { entries, ends }, Inner::Map(plans), DataType::Map(field, _)) => {
            finish_map(*entries, ends, plans, field, nulls)?
        }
        (_, _, other) => {
            return Err(ArrowError::NotYetImplemented(format!(
                "decoding to {other}"
            )));
        }
    })
}

/// Offsets of 32 bits, as Delta's readers want them.
fn offsets(ends: Vec<usize>) -> Result<OffsetBuffer<i32>, ArrowError> {
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    for end in ends {
        offsets.push(i32::try_from(end).map_err(|_| {
            ArrowError::InvalidArgumentError("over 2 GiB in one column; decode fewer rows".into())
        })?);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

fn finish_map(
    entries: [Slots; 2],
    mut ends: Vec<usize>,
    plans: &(FieldPlan, FieldPlan),
    field: &FieldRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let DataType::Struct(parts) = field.data_type() else {
        return Err(ArrowError::SchemaError("a map has entries".into()));
    };
    let len = entries[0].len();
    let keep = last_of_each_key(&entries[0], &ends);
    let [keys, values] = entries;
    let mut columns = vec![finish(keys, &plans.0, len)?, finish(values, &plans.1, len)?];
    if let Some(keep) = keep {
        let mut kept = 0;
        let mut start = 0;
        for end in &mut ends {
            kept += keep.slice(start, *end - start).count_set_bits();
            start = std::mem::replace(end, kept);
        }
        let mask = BooleanArray::new(keep, None);
        for column in &mut columns {
            *column = arrow_select::filter::filter(column, &mask)?;
        }
    }
    let entries = StructArray::try_new(parts.clone(), columns, None)?;
    Ok(Arc::new(MapArray::try_new(
        Arc::clone(field),
        offsets(ends)?,
        entries,
        nulls,
        false,
    )?))
}

/// Which entries stay when a key stands more than once in a map: the last one. `None` when every
/// key stands once.
fn last_of_each_key(keys: &Slots, ends: &[usize]) -> Option<BooleanBuffer> {
    let mut keep: Option<BooleanBufferBuilder> = None;
    let mut order: Vec<usize> = Vec::new();
    let mut start = 0;
    for &end in ends {
        let map = std::mem::replace(&mut start, end)..end;
        if (map.start + 1..map.end).all(|i| key_at(keys, i - 1) < key_at(keys, i)) {
            continue; // in order already, and each but once
        }
        order.clear();
        order.extend(map);
        order.sort_unstable_by_key(|&i| (key_at(keys, i), i));
        for pair in order.windows(2) {
            if key_at(keys, pair[0]) == key_at(keys, pair[1]) {
                let keep = keep.get_or_insert_with(|| {
                    let mut all = BooleanBufferBuilder::new(keys.len());
                    all.append_n(keys.len(), true);
                    all
                });
                keep.set_bit(pair[0], false);
            }
        }
    }
    keep.map(BooleanBufferBuilder::build)
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Integer(i64),
    Decimal(i128),
    Bytes(&'a [u8]),
}

fn key_at(keys: &Slots, index: usize) -> Key<'_> {
    match &keys.values {
        Values::Boolean(v) => Key::Integer(v.get_bit(index).into()),
        Values::Int8(v) => Key::Integer(v[index].into()),
        Values::Int16(v) => Key::Integer(v[index].into()),
        Values::Int32(v) => Key::Integer(v[index].into()),
        Values::Int64(v) => Key::Integer(v[index]),
        Values::Decimal(v, ..) => Key::Decimal(v[index]),
        Values::Bytes { data, ends } => {
            let start = index.checked_sub(1).map_or(0, |before| ends[before]);
            Key::Bytes(&data[start..ends[index]])
        }
        // No key of a map has any of these types.
        Values::Float32(_)
        | Values::Float64(_)
        | Values::Struct(_)
        | Values::List { .. }
        | Values::Map { .. } => Key::Bytes(&[]),
    }
}
