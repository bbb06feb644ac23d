//! One field of the plan: how a value found in a batch is written to the wire.

use std::fmt;

use arrow_array::types::ArrowPrimitiveType;
use arrow_schema::TimeUnit;

use crate::{
    RowErrorKind as Kind, SubMicroseconds,
    coercion::Coercion,
    decimal_text::print_decimal,
    row_error::Fault,
    shape::{Column, Scalar, Shape},
    source::Source,
    uuid, variant,
    wire::{Tag, WireType, begin_delimited, end_delimited, put_varint},
};

const MILLIS_PER_DAY: i64 = 86_400_000;

/// A column, its tag and the plans of what is inside it.
#[derive(Debug, Clone)]
pub(crate) struct FieldPlan {
    pub(crate) column: Column,
    pub(crate) tag: Tag,
    pub(crate) inner: Inner,
    pub(crate) sub_microseconds: SubMicroseconds,
    /// Whether nulls in a list or a map are no error where the target has some: the bytes are then
    /// of no use to anyone.
    passes_over_null_items: bool,
}

/// A row that is being written, after those that are.
pub(crate) struct RowBuffer<'a> {
    pub(crate) bytes: &'a mut Vec<u8>,
    pub(crate) null_lists: &'a mut u64,
    /// How long `bytes` may become.
    pub(crate) limit: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Inner {
    Scalar,
    Message(Vec<FieldPlan>),
    /// The item, under the tag of the list itself.
    List(Box<FieldPlan>),
    /// Key and value, fields 1 and 2 of the entry.
    Map(Box<(FieldPlan, FieldPlan)>),
}

impl FieldPlan {
    /// Plans for the fields of one message.
    pub(crate) fn all(columns: Vec<Column>, sub_microseconds: SubMicroseconds) -> Vec<Self> {
        columns
            .into_iter()
            .map(|column| Self::new(column, sub_microseconds))
            .collect()
    }

    fn new(column: Column, sub_microseconds: SubMicroseconds) -> Self {
        let wire_type = match &column.shape {
            Shape::Scalar(scalar) => scalar_wire_type(*scalar),
            Shape::Message(_) | Shape::Map(..) | Shape::List(_) => WireType::Bytes,
        };
        let plan = |column: &Column| Self::new(column.clone(), sub_microseconds);
        let inner = match &column.shape {
            Shape::Scalar(_) => Inner::Scalar,
            Shape::Message(children) => {
                Inner::Message(Self::all(children.clone(), sub_microseconds))
            }
            Shape::List(item) => Inner::List(Box::new(plan(item))),
            Shape::Map(key, value) => Inner::Map(Box::new((plan(key), plan(value)))),
        };
        Self {
            tag: Tag::new(column.number, wire_type),
            column,
            inner,
            sub_microseconds,
            passes_over_null_items: false,
        }
    }

    /// See [`Encoder::checking`](crate::Encoder).
    #[cfg(feature = "flight")]
    pub(crate) fn pass_over_null_items(&mut self) {
        self.passes_over_null_items = true;
        match &mut self.inner {
            Inner::Scalar => {}
            Inner::Message(children) => children.iter_mut().for_each(Self::pass_over_null_items),
            Inner::List(item) => item.pass_over_null_items(),
            Inner::Map(entry) => {
                entry.0.pass_over_null_items();
                entry.1.pass_over_null_items();
            }
        }
    }

    /// Whether a null in it, the item of a list or the value of a map, is no error.
    fn may_be_null_item(&self) -> bool {
        self.passes_over_null_items && self.column.nullable
    }

    /// Writes the field of one row, and nothing for a null that may be one.
    pub(crate) fn write(
        &self,
        source: &Source<'_>,
        row: usize,
        out: &mut RowBuffer<'_>,
    ) -> Result<(), Fault> {
        let Some((source, index)) = source.locate(row) else {
            if !self.column.nullable {
                return Err(self.fault(Kind::NullInRequired));
            }
            if matches!(self.inner, Inner::List(_) | Inner::Map(_)) {
                *out.null_lists += 1;
            }
            return Ok(());
        };
        match (&self.inner, source) {
            (Inner::List(item), Source::List(lists, values)) => {
                for index in lists.range(index) {
                    let (value, index) = match values.locate(index) {
                        Some(found) => found,
                        None if item.may_be_null_item() => continue,
                        None => return Err(item.fault(Kind::NullElement)),
                    };
                    item.write_value(value, index, out)?;
                    self.check_size(out)?;
                }
                Ok(())
            }
            (Inner::Map(entry), Source::Map(map, sources)) => {
                let (key_plan, value_plan) = &**entry;
                let (keys, values) = &**sources;
                let offsets = map.value_offsets();
                for entry in offsets[index] as usize..offsets[index + 1] as usize {
                    let key = keys
                        .locate(entry)
                        .ok_or_else(|| key_plan.fault(Kind::NullInRequired))?;
                    let value = match values.locate(entry) {
                        Some(found) => found,
                        None if value_plan.may_be_null_item() => {
                            key_plan.write_value(key.0, key.1, out)?;
                            continue;
                        }
                        None => return Err(value_plan.fault(Kind::NullMapValue)),
                    };
                    self.tag.put(out.bytes);
                    let start = begin_delimited(out.bytes);
                    key_plan.write_value(key.0, key.1, out)?;
                    value_plan.write_value(value.0, value.1, out)?;
                    end_delimited(out.bytes, start);
                    self.check_size(out)?;
                }
                Ok(())
            }
            _ => self.write_value(source, index, out),
        }
    }

    /// Writes a value that is there: a scalar or a message, with its tag.
    fn write_value(
        &self,
        source: &Source<'_>,
        index: usize,
        out: &mut RowBuffer<'_>,
    ) -> Result<(), Fault> {
        self.tag.put(out.bytes);
        match (&self.inner, source) {
            (Inner::Message(fields), Source::Struct(_, sources)) => {
                let start = begin_delimited(out.bytes);
                for (field, source) in fields.iter().zip(sources) {
                    field.write(source, index, out)?;
                }
                end_delimited(out.bytes, start);
                Ok(())
            }
            (_, Source::Variant(parts)) => {
                let start = begin_delimited(out.bytes);
                let (metadata, value) = parts.at(index).ok_or_else(|| self.fault(Kind::Variant))?;
                variant::write_json(metadata, value, out.bytes, out.limit)
                    .map_err(|kind| self.fault(kind))?;
                end_delimited(out.bytes, start);
                Ok(())
            }
            _ if self.column.coercion == Coercion::None => {
                self.write_scalar(source, index, out.bytes)
            }
            _ => self.write_coerced(source, index, out.bytes),
        }
    }

    /// Stops a row that has become too large while it is written: a few bytes of Arrow can stand
    /// for any number, when items share their values.
    fn check_size(&self, out: &RowBuffer<'_>) -> Result<(), Fault> {
        if out.bytes.len() > out.limit {
            return Err(self.fault(Kind::RecordTooLarge));
        }
        Ok(())
    }

    pub(crate) fn write_scalar(
        &self,
        source: &Source<'_>,
        index: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let signed = |value: i64, out: &mut Vec<u8>| put_varint(value as u64, out);
        match source {
            Source::Boolean(a) => out.push(u8::from(a.value(index))),
            Source::Int8(a) => signed(a.value(index).into(), out),
            Source::Int16(a) => signed(a.value(index).into(), out),
            Source::Int32(a) => signed(a.value(index).into(), out),
            Source::Int64(a) => signed(a.value(index), out),
            Source::UInt8(a) => put_varint(a.value(index).into(), out),
            Source::UInt16(a) => put_varint(a.value(index).into(), out),
            Source::UInt32(a) => put_varint(a.value(index).into(), out),
            Source::UInt64(a) => {
                let value = a.value(index);
                let value =
                    i64::try_from(value).map_err(|_| self.found(Kind::IntegerRange, value))?;
                signed(value, out);
            }
            Source::Float16(a) => {
                out.extend_from_slice(&a.value(index).to_f32().to_le_bytes());
            }
            Source::Float32(a) => out.extend_from_slice(&a.value(index).to_le_bytes()),
            Source::Float64(a) => out.extend_from_slice(&a.value(index).to_le_bytes()),
            Source::Date32(a) => signed(a.value(index).into(), out),
            Source::Date64(a) => signed(self.days(a.value(index))?, out),
            Source::Time(_, values, unit) => {
                signed(self.microseconds(values[index], *unit)?, out);
            }
            Source::Time32(_, values, unit) => {
                signed(self.microseconds(values[index].into(), *unit)?, out);
            }
            Source::Decimal32(a, p, s) => self.decimal(a, index, *p, *s, out)?,
            Source::Decimal64(a, p, s) => self.decimal(a, index, *p, *s, out)?,
            Source::Decimal128(a, p, s) => self.decimal(a, index, *p, *s, out)?,
            Source::Decimal256(a, p, s) => self.decimal(a, index, *p, *s, out)?,
            Source::Utf8(a) => put_bytes(a.value(index).as_bytes(), out),
            Source::LargeUtf8(a) => put_bytes(a.value(index).as_bytes(), out),
            Source::Utf8View(a) => put_bytes(a.value(index).as_bytes(), out),
            Source::Binary(a) => put_bytes(a.value(index), out),
            Source::LargeBinary(a) => put_bytes(a.value(index), out),
            Source::BinaryView(a) => put_bytes(a.value(index), out),
            Source::FixedSizeBinary(a) => put_bytes(a.value(index), out),
            Source::Uuid(a) => put_bytes(&uuid::text(a.value(index)), out),
            // Not scalars: `locate` has followed these, `write` has taken those.
            Source::Absent
            | Source::Dictionary(..)
            | Source::Runs(..)
            | Source::Struct(..)
            | Source::Variant(_)
            | Source::List(..)
            | Source::Map(..) => debug_assert!(false, "not a scalar: {}", self.column.path),
        }
        Ok(())
    }

    fn days(&self, millis: i64) -> Result<i64, Fault> {
        if millis % MILLIS_PER_DAY != 0 {
            return Err(self.found(Kind::PartialDay, format_args!("{millis} ms")));
        }
        let days = millis / MILLIS_PER_DAY;
        match i32::try_from(days) {
            Ok(days) => Ok(days.into()),
            Err(_) => Err(self.found(Kind::TimeRange, format_args!("{days} days"))),
        }
    }

    fn microseconds(&self, value: i64, unit: TimeUnit) -> Result<i64, Fault> {
        let scaled = |factor| {
            value.checked_mul(factor).ok_or_else(|| {
                self.found(
                    Kind::TimeRange,
                    format_args!("{value} {}", unit_symbol(unit)),
                )
            })
        };
        match unit {
            TimeUnit::Second => scaled(1_000_000),
            TimeUnit::Millisecond => scaled(1_000),
            TimeUnit::Microsecond => Ok(value),
            TimeUnit::Nanosecond => {
                if self.sub_microseconds == SubMicroseconds::Reject && value % 1_000 != 0 {
                    return Err(self.found(Kind::SubMicrosecond, format_args!("{value} ns")));
                }
                Ok(value.div_euclid(1_000))
            }
        }
    }

    fn decimal<T>(
        &self,
        array: &arrow_array::PrimitiveArray<T>,
        index: usize,
        precision: u8,
        scale: i8,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault>
    where
        T: ArrowPrimitiveType<Native: fmt::Display>,
    {
        let value = array.value(index);
        let text = print_decimal(value, precision, scale)
            .ok_or_else(|| self.found(Kind::DecimalRange, value))?;
        put_bytes(text.as_bytes(), out);
        Ok(())
    }

    fn fault(&self, kind: Kind) -> Fault {
        Fault::new(&self.column.path, kind)
    }

    pub(crate) fn found(&self, kind: Kind, found: impl fmt::Display) -> Fault {
        Fault::found(&self.column.path, kind, found)
    }
}

pub(crate) fn scalar_wire_type(scalar: Scalar) -> WireType {
    match scalar {
        Scalar::Bool | Scalar::Int32 | Scalar::Int64 => WireType::Varint,
        Scalar::Float => WireType::Fixed32,
        Scalar::Double => WireType::Fixed64,
        Scalar::String | Scalar::Bytes => WireType::Bytes,
    }
}

pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn unit_symbol(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}
