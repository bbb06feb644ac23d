//! The growing columns of a decoder: a slot a row, filled as fields come, taken back when the row
//! turns out bad.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, FieldRef};

use crate::{
    RowErrorKind as Kind,
    decimal_text::parse_decimal,
    delta::delta_type,
    field::scalar_wire_type,
    reading::{FieldPlan, Inner, MessagePlan},
    row_error::Fault,
    shape::Scalar,
    uuid,
    wire::{Raw, Reader, WireType},
};

/// One column.
#[derive(Debug)]
pub(crate) struct Slots {
    valid: Vec<bool>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal(Vec<i128>, u8, i8),
    Bytes {
        data: Vec<u8>,
        ends: Vec<usize>,
    },
    Struct(Vec<Slots>),
    List {
        items: Box<Slots>,
        ends: Vec<usize>,
    },
    Map {
        entries: Box<[Slots; 2]>,
        ends: Vec<usize>,
    },
}

impl Slots {
    pub(crate) fn new(plan: &FieldPlan) -> Self {
        let values = match &plan.inner {
            Inner::Message(message) => {
                Values::Struct(message.fields.iter().map(Self::new).collect())
            }
            Inner::List(item) => Values::List {
                items: Box::new(Self::new(item)),
                ends: Vec::new(),
            },
            Inner::Map(entry) => Values::Map {
                entries: Box::new([Self::new(&entry.0), Self::new(&entry.1)]),
                ends: Vec::new(),
            },
            Inner::Scalar(_) => match delta_type(&plan.column) {
                DataType::Boolean => Values::Boolean(Vec::new()),
                DataType::Int8 => Values::Int8(Vec::new()),
                DataType::Int16 => Values::Int16(Vec::new()),
                DataType::Int32 | DataType::Date32 => Values::Int32(Vec::new()),
                DataType::Int64 | DataType::Timestamp(..) => Values::Int64(Vec::new()),
                DataType::Float32 => Values::Float32(Vec::new()),
                DataType::Float64 => Values::Float64(Vec::new()),
                DataType::Decimal128(precision, scale) => {
                    Values::Decimal(Vec::new(), precision, scale)
                }
                _ => Values::Bytes {
                    data: Vec::new(),
                    ends: Vec::new(),
                },
            },
        };
        Self {
            valid: Vec::new(),
            values,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Adds a slot: null, or an empty list or map where the descriptor has the field at all.
    pub(crate) fn push_slot(&mut self, plan: &FieldPlan) {
        let mut valid = false;
        match (&mut self.values, &plan.inner) {
            (Values::Boolean(v), _) => v.push(false),
            (Values::Int8(v), _) => v.push(0),
            (Values::Int16(v), _) => v.push(0),
            (Values::Int32(v), _) => v.push(0),
            (Values::Int64(v), _) => v.push(0),
            (Values::Float32(v), _) => v.push(0.0),
            (Values::Float64(v), _) => v.push(0.0),
            (Values::Decimal(v, ..), _) => v.push(0),
            (Values::Bytes { data, ends }, _) => ends.push(data.len()),
            (Values::Struct(children), Inner::Message(message)) => {
                for (child, plan) in children.iter_mut().zip(&message.fields) {
                    child.push_slot(plan);
                }
            }
            (Values::List { items, ends }, _) => {
                valid = plan.present;
                ends.push(items.len());
            }
            (Values::Map { entries, ends }, _) => {
                valid = plan.present;
                ends.push(entries[0].len());
            }
            (Values::Struct(_), _) => {}
        }
        self.valid.push(valid);
    }

    /// Takes back every slot from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        let last_end = |ends: &mut Vec<usize>| {
            ends.truncate(len);
            ends.last().copied().unwrap_or(0)
        };
        match &mut self.values {
            Values::Boolean(v) => v.truncate(len),
            Values::Int8(v) => v.truncate(len),
            Values::Int16(v) => v.truncate(len),
            Values::Int32(v) => v.truncate(len),
            Values::Int64(v) => v.truncate(len),
            Values::Float32(v) => v.truncate(len),
            Values::Float64(v) => v.truncate(len),
            Values::Decimal(v, ..) => v.truncate(len),
            Values::Bytes { data, ends } => data.truncate(last_end(ends)),
            Values::Struct(children) => children.iter_mut().for_each(|c| c.truncate(len)),
            Values::List { items, ends } => items.truncate(last_end(ends)),
            Values::Map { entries, ends } => {
                let end = last_end(ends);
                entries.iter_mut().for_each(|c| c.truncate(end));
            }
        }
        self.valid.truncate(len);
    }

    /// Reads a field into the last slot. A field that comes again replaces a scalar, merges into a
    /// message, and adds to a list or map.
    pub(crate) fn read(&mut self, plan: &FieldPlan, raw: Raw<'_>) -> Result<(), Fault> {
        let path = &plan.column.path;
        match (&mut self.values, &plan.inner) {
            (Values::Struct(children), Inner::Message(message)) => {
                let Raw::Bytes(bytes) = raw else {
                    return Err(Fault::new(path, Kind::WireType));
                };
                read_message(children, message, bytes, path)?;
            }
            (Values::List { items, ends }, Inner::List(item)) => {
                read_items(items, item, raw)?;
                if let Some(end) = ends.last_mut() {
                    *end = items.len();
                }
            }
            (Values::Map { entries, ends }, Inner::Map(plans)) => {
                let Raw::Bytes(bytes) = raw else {
                    return Err(Fault::new(path, Kind::WireType));
                };
                read_entry(entries, plans, bytes, path)?;
                if let Some(end) = ends.last_mut() {
                    *end = entries[0].len();
                }
            }
            (values, Inner::Scalar(scalar)) => values.set_last(plan, *scalar, raw)?,
            _ => {}
        }
        if let Some(valid) = self.valid.last_mut() {
            *valid = true;
        }
        Ok(())
    }

    /// Looks for a required field that is missing in slot `index`, messages within included.
    pub(crate) fn check_required(&self, plan: &FieldPlan, index: usize) -> Result<(), Fault> {
        let valid = self.valid.get(index).copied().unwrap_or(false);
        if plan.required && !valid {
            return Err(Fault::new(&plan.column.path, Kind::MissingRequired));
        }
        if !valid {
            return Ok(());
        }
        let range = |ends: &[usize]| {
            let start = index.checked_sub(1).map_or(0, |before| ends[before]);
            start..ends[index]
        };
        match (&self.values, &plan.inner) {
            (Values::Struct(children), Inner::Message(message)) => children
                .iter()
                .zip(&message.fields)
                .try_for_each(|(child, plan)| child.check_required(plan, index)),
            (Values::List { items, ends }, Inner::List(item))
                if matches!(item.inner, Inner::Message(_)) =>
            {
                range(ends).try_for_each(|i| items.check_required(item, i))
            }
            (Values::Map { entries, ends }, Inner::Map(plans))
                if matches!(plans.1.inner, Inner::Message(_)) =>
            {
                range(ends).try_for_each(|i| entries[1].check_required(&plans.1, i))
            }
            _ => Ok(()),
        }
    }

    /// The finished array, of the type that [`delta_type`] names.
    pub(crate) fn finish(self, plan: &FieldPlan) -> Result<ArrayRef, ArrowError> {
        let nulls = NullBuffer::from(self.valid);
        // Without children, the length of a struct is only in the nulls.
        let childless = matches!(&self.values, Values::Struct(children) if children.is_empty());
        let nulls = (childless || nulls.null_count() > 0).then_some(nulls);
        let data_type = delta_type(&plan.column);
        Ok(match (self.values, &plan.inner, &data_type) {
            (Values::Boolean(v), ..) => Arc::new(BooleanArray::new(BooleanBuffer::from(v), nulls)),
            (Values::Int8(v), ..) => Arc::new(Int8Array::try_new(v.into(), nulls)?),
            (Values::Int16(v), ..) => Arc::new(Int16Array::try_new(v.into(), nulls)?),
            (Values::Int32(v), _, DataType::Date32) => {
                Arc::new(Date32Array::try_new(v.into(), nulls)?)
            }
            (Values::Int32(v), ..) => Arc::new(Int32Array::try_new(v.into(), nulls)?),
            (Values::Int64(v), _, DataType::Timestamp(_, zone)) => Arc::new(
                TimestampMicrosecondArray::try_new(v.into(), nulls)?
                    .with_timezone_opt(zone.clone()),
            ),
            (Values::Int64(v), ..) => Arc::new(Int64Array::try_new(v.into(), nulls)?),
            (Values::Float32(v), ..) => Arc::new(Float32Array::try_new(v.into(), nulls)?),
            (Values::Float64(v), ..) => Arc::new(Float64Array::try_new(v.into(), nulls)?),
            (Values::Decimal(v, precision, scale), ..) => Arc::new(
                Decimal128Array::try_new(v.into(), nulls)?
                    .with_precision_and_scale(precision, scale)?,
            ),
            (Values::Bytes { data, ends }, _, DataType::Utf8) => {
                Arc::new(StringArray::try_new(offsets(&ends)?, data.into(), nulls)?)
            }
            (Values::Bytes { data, ends }, ..) => {
                Arc::new(BinaryArray::try_new(offsets(&ends)?, data.into(), nulls)?)
            }
            (Values::Struct(children), Inner::Message(message), DataType::Struct(fields)) => {
                let len = nulls.as_ref().map(NullBuffer::len);
                let arrays = children
                    .into_iter()
                    .zip(&message.fields)
                    .map(|(child, plan)| child.finish(plan))
                    .collect::<Result<Vec<_>, _>>()?;
                let len = arrays
                    .first()
                    .map(arrow_array::Array::len)
                    .or(len)
                    .unwrap_or(0);
                Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    arrays,
                    nulls,
                    len,
                )?)
            }
            (Values::List { items, ends }, Inner::List(item), DataType::List(field)) => {
                let items = items.finish(item)?;
                Arc::new(ListArray::try_new(
                    Arc::clone(field),
                    offsets(&ends)?,
                    items,
                    nulls,
                )?)
            }
            (Values::Map { entries, ends }, Inner::Map(plans), DataType::Map(field, _)) => {
                finish_map(*entries, &ends, plans, field, nulls)?
            }
            (_, _, other) => {
                return Err(ArrowError::NotYetImplemented(format!(
                    "decoding to {other}"
                )));
            }
        })
    }
}

/// Reads the fields of a message into the last slot of each column.
pub(crate) fn read_message(
    columns: &mut [Slots],
    plan: &MessagePlan,
    bytes: &[u8],
    path: &Arc<str>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    while let Some((number, raw)) = reader.field().map_err(|kind| Fault::new(path, kind))? {
        // Fields that nobody asked for are skipped, as Protobuf has it.
        if let Some(position) = plan.position(number) {
            columns[position].read(&plan.fields[position], raw)?;
        }
    }
    Ok(())
}

/// One item, or a packed run of them.
fn read_items(items: &mut Slots, plan: &FieldPlan, raw: Raw<'_>) -> Result<(), Fault> {
    let wire_type = match plan.inner {
        Inner::Scalar(scalar) => scalar_wire_type(scalar),
        _ => WireType::Bytes,
    };
    let Raw::Bytes(packed) = raw else {
        return read_item(items, plan, raw);
    };
    if wire_type == WireType::Bytes {
        return read_item(items, plan, raw);
    }
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        let raw = match wire_type {
            WireType::Fixed32 => reader.fixed32().map(Raw::Fixed32),
            WireType::Fixed64 => reader.fixed64().map(Raw::Fixed64),
            _ => reader.varint().map(Raw::Varint),
        }
        .map_err(|kind| Fault::new(&plan.column.path, kind))?;
        read_item(items, plan, raw)?;
    }
    Ok(())
}

fn read_item(items: &mut Slots, plan: &FieldPlan, raw: Raw<'_>) -> Result<(), Fault> {
    items.push_slot(plan);
    items.read(plan, raw)
}

/// An entry of a map. A key or a value that is missing is the default of its type, as Protobuf has
/// it for maps.
fn read_entry(
    entries: &mut [Slots; 2],
    plans: &(FieldPlan, FieldPlan),
    bytes: &[u8],
    path: &Arc<str>,
) -> Result<(), Fault> {
    let [keys, values] = entries;
    keys.push_slot(&plans.0);
    values.push_slot(&plans.1);
    let mut reader = Reader::new(bytes);
    while let Some((number, raw)) = reader.field().map_err(|kind| Fault::new(path, kind))? {
        match number {
            1 => keys.read(&plans.0, raw)?,
            2 => values.read(&plans.1, raw)?,
            _ => {}
        }
    }
    for slots in [keys, values] {
        if let Some(valid) = slots.valid.last_mut() {
            *valid = true;
        }
    }
    Ok(())
}

impl Values {
    fn set_last(&mut self, plan: &FieldPlan, scalar: Scalar, raw: Raw<'_>) -> Result<(), Fault> {
        fn put<T>(values: &mut [T], value: T) {
            if let Some(last) = values.last_mut() {
                *last = value;
            }
        }
        let path = &plan.column.path;
        let range = |value: i32| Fault::found(path, Kind::IntegerRange, value);
        match (self, raw) {
            (Self::Boolean(v), Raw::Varint(raw)) => put(v, raw != 0),
            (Self::Int8(v), Raw::Varint(raw)) => {
                put(v, i8::try_from(raw as i32).map_err(|_| range(raw as i32))?);
            }
            (Self::Int16(v), Raw::Varint(raw)) => {
                put(v, i16::try_from(raw as i32).map_err(|_| range(raw as i32))?);
            }
            (Self::Int32(v), Raw::Varint(raw)) => put(v, raw as i32),
            (Self::Int64(v), Raw::Varint(raw)) => put(v, raw as i64),
            (Self::Float32(v), Raw::Fixed32(raw)) => put(v, f32::from_bits(raw)),
            (Self::Float64(v), Raw::Fixed64(raw)) => put(v, f64::from_bits(raw)),
            (Self::Decimal(v, precision, scale), Raw::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Fault::new(path, Kind::Utf8))?;
                let value = parse_decimal(text, *precision, *scale).ok_or_else(|| {
                    Fault::found(path, Kind::DecimalText, format_args!("{text:?}"))
                })?;
                put(v, value);
            }
            (Self::Bytes { data, ends }, Raw::Bytes(bytes)) => {
                if scalar == Scalar::String {
                    let text =
                        std::str::from_utf8(bytes).map_err(|_| Fault::new(path, Kind::Utf8))?;
                    if plan.column.is_uuid() && uuid::parse(text).is_none() {
                        return Err(Fault::found(path, Kind::UuidText, format_args!("{text:?}")));
                    }
                }
                // What an earlier field of the same row wrote is dropped: the last one wins.
                let start = ends.len().checked_sub(2).map_or(0, |before| ends[before]);
                data.truncate(start);
                data.extend_from_slice(bytes);
                put(ends, data.len());
            }
            _ => return Err(Fault::new(path, Kind::WireType)),
        }
        Ok(())
    }
}

/// Offsets of 32 bits, as Delta's readers want them.
fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>, ArrowError> {
    let offsets = std::iter::once(Ok(0))
        .chain(ends.iter().map(|&end| i32::try_from(end)))
        .collect::<Result<Vec<i32>, _>>()
        .map_err(|_| {
            ArrowError::InvalidArgumentError("over 2 GiB in one column; decode fewer rows".into())
        })?;
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

fn finish_map(
    entries: [Slots; 2],
    ends: &[usize],
    plans: &(FieldPlan, FieldPlan),
    field: &FieldRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    let DataType::Struct(parts) = field.data_type() else {
        return Err(ArrowError::SchemaError("a map has entries".into()));
    };
    let keep = last_of_each_key(&entries[0], ends);
    let [keys, values] = entries;
    let mut columns = vec![keys.finish(&plans.0)?, values.finish(&plans.1)?];
    let mut ends = ends.to_vec();
    if let Some(keep) = keep {
        let mask = BooleanArray::from(keep);
        for column in &mut columns {
            *column = arrow_select::filter::filter(column, &mask)?;
        }
        let mut kept = 0;
        let mut from = 0;
        for end in &mut ends {
            kept += (from..*end).filter(|&i| mask.value(i)).count();
            from = std::mem::replace(end, kept);
        }
    }
    let entries = StructArray::try_new(parts.clone(), columns, None)?;
    Ok(Arc::new(MapArray::try_new(
        Arc::clone(field),
        offsets(&ends)?,
        entries,
        nulls,
        false,
    )?))
}

/// Which entries stay when a key stands more than once in a map: the last one. `None` when every
/// key stands once.
fn last_of_each_key(keys: &Slots, ends: &[usize]) -> Option<Vec<bool>> {
    let mut keep: Option<Vec<bool>> = None;
    let mut start = 0;
    for &end in ends {
        if end - start > 1 {
            let mut seen = HashSet::with_capacity(end - start);
            for index in (start..end).rev() {
                if !seen.insert(keys.key_at(index)) {
                    keep.get_or_insert_with(|| vec![true; keys.len()])[index] = false;
                }
            }
        }
        start = end;
    }
    keep
}

#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Integer(i64),
    Decimal(i128),
    Bytes(&'a [u8]),
}

impl Slots {
    fn key_at(&self, index: usize) -> Key<'_> {
        match &self.values {
            Values::Boolean(v) => Key::Integer(v[index].into()),
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
}
