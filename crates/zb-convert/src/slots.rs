//! The growing columns of a decoder: a slot a row, filled as fields come, taken back when the row
//! turns out bad.
//!
//! A column grows when it is touched and not before: in a list of wide structs with little in
//! them, most columns get all their nulls at once, at the end.

use std::sync::Arc;

use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder};
use arrow_schema::DataType;

use crate::{
    RowErrorKind as Kind,
    allowance::{Allowance, entry_bytes},
    decimal_text::parse_decimal,
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
    pub(crate) valid: NullBufferBuilder,
    pub(crate) values: Values,
}

#[derive(Debug)]
pub(crate) enum Values {
    Boolean(BooleanBufferBuilder),
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
    /// No column is longer than the struct; one that is shorter has nulls there.
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
            Inner::Message(message) => Values::Struct(Self::of_message(message)),
            Inner::List(item) => Values::List {
                items: Box::new(Self::new(item)),
                ends: Vec::new(),
            },
            Inner::Map(entry) => Values::Map {
                entries: Box::new([Self::new(&entry.0), Self::new(&entry.1)]),
                ends: Vec::new(),
            },
            Inner::Scalar(_) => match &plan.data_type {
                DataType::Boolean => Values::Boolean(BooleanBufferBuilder::new(0)),
                DataType::Int8 => Values::Int8(Vec::new()),
                DataType::Int16 => Values::Int16(Vec::new()),
                DataType::Int32 | DataType::Date32 => Values::Int32(Vec::new()),
                DataType::Int64 | DataType::Timestamp(..) => Values::Int64(Vec::new()),
                DataType::Float32 => Values::Float32(Vec::new()),
                DataType::Float64 => Values::Float64(Vec::new()),
                DataType::Decimal128(precision, scale) => {
                    Values::Decimal(Vec::new(), *precision, *scale)
                }
                _ => Values::Bytes {
                    data: Vec::new(),
                    ends: Vec::new(),
                },
            },
        };
        Self {
            valid: NullBufferBuilder::new(0),
            values,
        }
    }

    pub(crate) fn of_message(plan: &MessagePlan) -> Vec<Self> {
        plan.fields.iter().map(Self::new).collect()
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Adds slots that no message has filled, up to `len`: nulls, or empty lists and maps.
    #[inline]
    pub(crate) fn fill(&mut self, plan: &FieldPlan, len: usize) {
        if let Some(missing @ 1..) = len.checked_sub(self.len()) {
            self.grow(missing, plan.empty_if_unset);
        }
    }

    /// Adds slots with the default of the type in them.
    fn grow(&mut self, count: usize, valid: bool) {
        let len = self.len() + count;
        match &mut self.values {
            Values::Boolean(v) => v.append_n(count, false),
            Values::Int8(v) => v.resize(len, 0),
            Values::Int16(v) => v.resize(len, 0),
            Values::Int32(v) => v.resize(len, 0),
            Values::Int64(v) => v.resize(len, 0),
            Values::Float32(v) => v.resize(len, 0.0),
            Values::Float64(v) => v.resize(len, 0.0),
            Values::Decimal(v, ..) => v.resize(len, 0),
            Values::Bytes { data, ends } => ends.resize(len, data.len()),
            Values::Struct(_) => {}
            Values::List { items, ends } => ends.resize(len, items.len()),
            Values::Map { entries, ends } => ends.resize(len, entries[0].len()),
        }
        if valid {
            self.valid.append_n_non_nulls(count);
        } else {
            self.valid.append_n_nulls(count);
        }
    }

    /// Takes back every slot from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        if self.len() <= len {
            return;
        }
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

    /// Reads a field into slot `index`, which is the last one or one to come. A field that comes
    /// again replaces a scalar, merges into a message, and adds to a list or map.
    fn read(
        &mut self,
        plan: &FieldPlan,
        index: usize,
        raw: Raw<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), Fault> {
        if let Inner::Scalar(scalar) = plan.inner {
            if self.len() != index {
                // What an earlier field of the same message wrote is dropped: the last one wins.
                self.truncate(index);
                self.fill(plan, index);
            }
            self.values.push(plan, scalar, raw)?;
            self.valid.append_non_null();
            return Ok(());
        }
        if self.len() <= index {
            self.fill(plan, index);
            self.grow(1, true);
        }
        let path = &plan.path;
        match (&mut self.values, &plan.inner, raw) {
            (Values::Struct(children), Inner::Message(message), Raw::Bytes(bytes)) => {
                read_message(children, message, index, bytes, path, allowance)?;
            }
            (Values::List { items, ends }, Inner::List(item), raw) => {
                read_items(items, item, raw, path, allowance)?;
                if let Some(end) = ends.last_mut() {
                    *end = items.len();
                }
            }
            (Values::Map { entries, ends }, Inner::Map(plans), Raw::Bytes(bytes)) => {
                read_entry(entries, plans, bytes, path, allowance)?;
                if let Some(end) = ends.last_mut() {
                    *end = entries[0].len();
                }
            }
            _ => return Err(Fault::new(path, Kind::WireType)),
        }
        Ok(())
    }

    /// Looks for a required field that is missing in slot `index`, messages within included.
    fn check(&self, plan: &FieldPlan, index: usize) -> Result<(), Fault> {
        if index >= self.len() || !self.valid.is_valid(index) {
            return if plan.required {
                Err(Fault::new(&plan.path, Kind::MissingRequired))
            } else {
                Ok(())
            };
        }
        if !plan.is_checked() {
            return Ok(());
        }
        let range = |ends: &[usize]| {
            let start = index.checked_sub(1).map_or(0, |before| ends[before]);
            start..ends[index]
        };
        match (&self.values, &plan.inner) {
            (Values::Struct(children), Inner::Message(message)) => {
                check_message(children, message, index)
            }
            (Values::List { items, ends }, Inner::List(item)) if item.is_checked() => {
                range(ends).try_for_each(|i| items.check(item, i))
            }
            (Values::Map { entries, ends }, Inner::Map(plans)) if plans.1.is_checked() => {
                range(ends).try_for_each(|i| entries[1].check(&plans.1, i))
            }
            _ => Ok(()),
        }
    }
}

/// Reads the fields of a message into slot `index` of each column. The columns were made for this
/// plan, so its positions are theirs.
pub(crate) fn read_message(
    columns: &mut [Slots],
    plan: &MessagePlan,
    index: usize,
    bytes: &[u8],
    path: &Arc<str>,
    allowance: &mut Allowance,
) -> Result<(), Fault> {
    let mut reader = Reader::new(bytes);
    while let Some((number, raw)) = reader.field().map_err(|kind| Fault::new(path, kind))? {
        // Fields that nobody asked for are skipped, as Protobuf has it.
        if let Some(position) = plan.position(number) {
            columns[position].read(&plan.fields[position], index, raw, allowance)?;
        }
    }
    Ok(())
}

/// Looks for a required field that is missing in slot `index` of the columns.
pub(crate) fn check_message(
    columns: &[Slots],
    plan: &MessagePlan,
    index: usize,
) -> Result<(), Fault> {
    plan.checked
        .iter()
        .try_for_each(|&position| columns[position].check(&plan.fields[position], index))
}

/// One item, or a packed run of them.
fn read_items(
    items: &mut Slots,
    plan: &FieldPlan,
    raw: Raw<'_>,
    list: &Arc<str>,
    allowance: &mut Allowance,
) -> Result<(), Fault> {
    let mut read_item = |raw| {
        allowance.take(plan.slot_bytes, list)?;
        items.read(plan, items.len(), raw, allowance)
    };
    let wire_type = match plan.inner {
        Inner::Scalar(scalar) => scalar_wire_type(scalar),
        _ => WireType::Bytes,
    };
    let packed = match raw {
        Raw::Bytes(packed) if wire_type != WireType::Bytes => packed,
        raw => return read_item(raw),
    };
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        let raw = match wire_type {
            WireType::Fixed32 => reader.fixed32().map(Raw::Fixed32),
            WireType::Fixed64 => reader.fixed64().map(Raw::Fixed64),
            _ => reader.varint().map(Raw::Varint),
        }
        .map_err(|kind| Fault::new(&plan.path, kind))?;
        read_item(raw)?;
    }
    Ok(())
}

/// An entry of a map. A key or a value that is missing is the default of its type, as Protobuf has
/// it for maps.
fn read_entry(
    entries: &mut [Slots; 2],
    plans: &(FieldPlan, FieldPlan),
    bytes: &[u8],
    path: &Arc<str>,
    allowance: &mut Allowance,
) -> Result<(), Fault> {
    allowance.take(entry_bytes(&plans.0, &plans.1), path)?;
    let [keys, values] = entries;
    let index = keys.len();
    let mut reader = Reader::new(bytes);
    while let Some((number, raw)) = reader.field().map_err(|kind| Fault::new(path, kind))? {
        match number {
            1 => keys.read(&plans.0, index, raw, allowance)?,
            2 => values.read(&plans.1, index, raw, allowance)?,
            _ => {}
        }
    }
    for slots in [keys, values] {
        if slots.len() == index {
            slots.grow(1, true);
        }
    }
    Ok(())
}

impl Values {
    fn push(&mut self, plan: &FieldPlan, scalar: Scalar, raw: Raw<'_>) -> Result<(), Fault> {
        let path = &plan.path;
        let range = |value: i32| Fault::found(path, Kind::IntegerRange, value);
        match (self, raw) {
            (Self::Boolean(v), Raw::Varint(raw)) => v.append(raw != 0),
            (Self::Int8(v), Raw::Varint(raw)) => {
                v.push(i8::try_from(raw as i32).map_err(|_| range(raw as i32))?);
            }
            (Self::Int16(v), Raw::Varint(raw)) => {
                v.push(i16::try_from(raw as i32).map_err(|_| range(raw as i32))?);
            }
            (Self::Int32(v), Raw::Varint(raw)) => v.push(raw as i32),
            (Self::Int64(v), Raw::Varint(raw)) => v.push(raw as i64),
            (Self::Float32(v), Raw::Fixed32(raw)) => v.push(f32::from_bits(raw)),
            (Self::Float64(v), Raw::Fixed64(raw)) => v.push(f64::from_bits(raw)),
            (Self::Decimal(v, precision, scale), Raw::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Fault::new(path, Kind::Utf8))?;
                let value = parse_decimal(text, *precision, *scale).ok_or_else(|| {
                    Fault::found(path, Kind::DecimalText, format_args!("{text:?}"))
                })?;
                v.push(value);
            }
            (Self::Bytes { data, ends }, Raw::Bytes(bytes)) => {
                if scalar == Scalar::String {
                    let text =
                        std::str::from_utf8(bytes).map_err(|_| Fault::new(path, Kind::Utf8))?;
                    if plan.is_uuid && uuid::parse(text).is_none() {
                        return Err(Fault::found(path, Kind::UuidText, format_args!("{text:?}")));
                    }
                }
                data.extend_from_slice(bytes);
                ends.push(data.len());
            }
            _ => return Err(Fault::new(path, Kind::WireType)),
        }
        Ok(())
    }
}
