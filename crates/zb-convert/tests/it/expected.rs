//! What a row must be, value by value, from the accessors of Arrow and the type table alone: no
//! code of the crate, nothing done for a whole column, nothing clever.

use arrow_array::{
    Array, ArrayRef,
    cast::AsArray,
    downcast_dictionary_array, downcast_run_array,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
        DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
        Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
        Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, Field, Fields, TimeUnit};
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};
use zb_convert::RowErrorKind;

/// One row as it is read, with all that is wrong with it.
pub(crate) struct Reading {
    truncate: bool,
    /// Every reason to leave the row out, with the path of the column.
    pub(crate) faults: Vec<(String, RowErrorKind)>,
    pub(crate) null_lists: u64,
}

impl Reading {
    /// Reads a row as the message that it must become.
    pub(crate) fn row(
        message: &MessageDescriptor,
        planned: &Fields,
        columns: &[ArrayRef],
        row: usize,
        truncate: bool,
    ) -> (DynamicMessage, Self) {
        let mut reading = Self {
            truncate,
            faults: Vec::new(),
            null_lists: 0,
        };
        let message = reading.message(message, planned, columns, row, "");
        (message, reading)
    }

    fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        planned: &Fields,
        columns: &[ArrayRef],
        row: usize,
        parent: &str,
    ) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for (field, column) in planned.iter().zip(columns) {
            let path = match parent {
                "" => field.name().clone(),
                _ => format!("{parent}.{}", field.name()),
            };
            let described = descriptor.get_field_by_name(field.name()).unwrap();
            let value = self.field(&described.kind(), field, column, row, &path);
            if let Some(value) = value {
                message.set_field(&described, value);
            }
        }
        message
    }

    /// `None` where nothing is sent: a null, or a list of nothing.
    fn field(
        &mut self,
        kind: &Kind,
        field: &Field,
        column: &ArrayRef,
        row: usize,
        path: &str,
    ) -> Option<Value> {
        let repeated = is_repeated(field.data_type());
        let Some((array, row)) = locate(column.clone(), row) else {
            if !field.is_nullable() {
                self.fault(path, RowErrorKind::NullInRequired);
            }
            self.null_lists += u64::from(repeated);
            return None;
        };
        match planned_values(field.data_type()) {
            DataType::Map(entries, _) => {
                let DataType::Struct(parts) = entries.data_type() else {
                    unreachable!()
                };
                let Kind::Message(entry) = kind else {
                    panic!("{path} is no map")
                };
                let map = array.as_map().value(row);
                let mut found = std::collections::HashMap::new();
                for i in 0..map.len() {
                    let part = |number| entry.get_field(number).unwrap().kind();
                    let key_path = format!("{path}.key");
                    let key = self.field(&part(1), &parts[0], map.column(0), i, &key_path);
                    let value_path = format!("{path}.value");
                    let value = match locate(map.column(1).clone(), i) {
                        Some((array, i)) => self.value(&part(2), &parts[1], &array, i, &value_path),
                        None => self.fault(&value_path, RowErrorKind::NullMapValue),
                    };
                    if let (Some(key), Some(value)) = (key, value) {
                        // Of a key that stands twice the last value counts.
                        found.insert(map_key(key), value);
                    }
                }
                (!found.is_empty()).then_some(Value::Map(found))
            }
            list if repeated => {
                let item = item(list);
                let items = list_at(&array, row);
                let path = format!("{path}[]");
                let mut found = Vec::new();
                for i in 0..items.len() {
                    found.extend(match locate(items.clone(), i) {
                        Some((array, i)) => self.value(kind, item, &array, i, &path),
                        None => self.fault(&path, RowErrorKind::NullElement),
                    });
                }
                (!found.is_empty()).then_some(Value::List(found))
            }
            _ => self.value(kind, field, &array, row, path),
        }
    }

    /// A value that is there, and no list.
    fn value(
        &mut self,
        kind: &Kind,
        field: &Field,
        array: &ArrayRef,
        row: usize,
        path: &str,
    ) -> Option<Value> {
        match (planned_values(field.data_type()), kind) {
            (DataType::Struct(fields), Kind::Message(descriptor)) => {
                let columns = array.as_struct().columns();
                let message = self.message(descriptor, fields, columns, row, path);
                Some(Value::Message(message))
            }
            _ => match self.scalar(field, array, row) {
                Ok(value) => Some(value),
                Err(kind) => self.fault(path, kind),
            },
        }
    }

    fn fault(&mut self, path: &str, kind: RowErrorKind) -> Option<Value> {
        self.faults.push((path.to_owned(), kind));
        None
    }

    fn scalar(&self, field: &Field, array: &ArrayRef, row: usize) -> Result<Value, RowErrorKind> {
        use DataType as T;
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        macro_rules! at {
            ($ty:ty) => {
                array.as_primitive::<$ty>().value(row)
            };
        }
        let time = |value: i64, unit| self.microseconds(value, unit);
        let extension = field.extension_type_name();
        Ok(match array.data_type() {
            T::Boolean => Value::Bool(array.as_boolean().value(row)),
            T::Int8 => Value::I32(at!(Int8Type).into()),
            T::Int16 => Value::I32(at!(Int16Type).into()),
            T::Int32 => Value::I32(at!(Int32Type)),
            T::Int64 => Value::I64(at!(Int64Type)),
            T::UInt8 => Value::I32(at!(UInt8Type).into()),
            T::UInt16 => Value::I32(at!(UInt16Type).into()),
            T::UInt32 => Value::I64(at!(UInt32Type).into()),
            T::UInt64 => match at!(UInt64Type).try_into() {
                Ok(value) => Value::I64(value),
                Err(_) => return Err(RowErrorKind::IntegerRange),
            },
            T::Float16 => Value::F32(widened(at!(Float16Type).to_bits())),
            T::Float32 => Value::F32(at!(Float32Type)),
            T::Float64 => Value::F64(at!(Float64Type)),
            T::Utf8 => Value::String(array.as_string::<i32>().value(row).to_owned()),
            T::LargeUtf8 => Value::String(array.as_string::<i64>().value(row).to_owned()),
            T::Utf8View => Value::String(array.as_string_view().value(row).to_owned()),
            T::Binary => bytes(array.as_binary::<i32>().value(row)),
            T::LargeBinary => bytes(array.as_binary::<i64>().value(row)),
            T::BinaryView => bytes(array.as_binary_view().value(row)),
            T::FixedSizeBinary(16) if extension == Some("arrow.uuid") => {
                uuid(array.as_fixed_size_binary().value(row))
            }
            T::FixedSizeBinary(_) => bytes(array.as_fixed_size_binary().value(row)),
            T::Date32 => Value::I32(at!(Date32Type)),
            T::Date64 => {
                let millis = at!(Date64Type);
                if millis % 86_400_000 != 0 {
                    return Err(RowErrorKind::PartialDay);
                }
                let days = i32::try_from(millis / 86_400_000);
                Value::I32(days.map_err(|_| RowErrorKind::TimeRange)?)
            }
            T::Time32(Second) => time(at!(Time32SecondType).into(), Second)?,
            T::Time32(_) => time(at!(Time32MillisecondType).into(), Millisecond)?,
            T::Time64(Microsecond) => time(at!(Time64MicrosecondType), Microsecond)?,
            T::Time64(_) => time(at!(Time64NanosecondType), Nanosecond)?,
            T::Timestamp(Second, _) => time(at!(TimestampSecondType), Second)?,
            T::Timestamp(Millisecond, _) => time(at!(TimestampMillisecondType), Millisecond)?,
            T::Timestamp(Microsecond, _) => time(at!(TimestampMicrosecondType), Microsecond)?,
            T::Timestamp(Nanosecond, _) => time(at!(TimestampNanosecondType), Nanosecond)?,
            T::Duration(Second) => time(at!(DurationSecondType), Second)?,
            T::Duration(Millisecond) => time(at!(DurationMillisecondType), Millisecond)?,
            T::Duration(Microsecond) => time(at!(DurationMicrosecondType), Microsecond)?,
            T::Duration(Nanosecond) => time(at!(DurationNanosecondType), Nanosecond)?,
            T::Decimal32(p, s) => decimal(&at!(Decimal32Type).to_string(), *p, *s)?,
            T::Decimal64(p, s) => decimal(&at!(Decimal64Type).to_string(), *p, *s)?,
            T::Decimal128(p, s) => decimal(&at!(Decimal128Type).to_string(), *p, *s)?,
            T::Decimal256(p, s) => decimal(&at!(Decimal256Type).to_string(), *p, *s)?,
            other => panic!("{other} is no scalar"),
        })
    }

    fn microseconds(&self, value: i64, unit: TimeUnit) -> Result<Value, RowErrorKind> {
        let nanos = i128::from(value)
            * match unit {
                TimeUnit::Second => 1_000_000_000,
                TimeUnit::Millisecond => 1_000_000,
                TimeUnit::Microsecond => 1_000,
                TimeUnit::Nanosecond => 1,
            };
        if nanos % 1_000 != 0 && !self.truncate {
            return Err(RowErrorKind::SubMicrosecond);
        }
        let micros = i64::try_from(nanos.div_euclid(1_000));
        Ok(Value::I64(micros.map_err(|_| RowErrorKind::TimeRange)?))
    }
}

/// The value that a row stands for, dictionaries and runs followed to their end; `None` for null.
pub(crate) fn locate(array: ArrayRef, row: usize) -> Option<(ArrayRef, usize)> {
    if array.is_null(row) {
        return None;
    }
    let inner: &dyn Array = array.as_ref();
    let (values, index) = downcast_dictionary_array!(
        inner => (inner.values().clone(), inner.key(row)?),
        _ => downcast_run_array!(
            inner => (inner.values().clone(), inner.get_physical_index(row)),
            _ => return Some((array, row)),
        ),
    );
    locate(values, index)
}

/// The planned type with dictionaries and runs taken off.
pub(crate) fn planned_values(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => planned_values(values),
        DataType::RunEndEncoded(_, values) => planned_values(values.data_type()),
        other => other,
    }
}

fn is_repeated(data_type: &DataType) -> bool {
    use DataType::{FixedSizeList, LargeList, LargeListView, List, ListView, Map};
    matches!(
        planned_values(data_type),
        List(_) | LargeList(_) | ListView(_) | LargeListView(_) | FixedSizeList(..) | Map(..)
    )
}

fn item(list: &DataType) -> &Field {
    use DataType::{FixedSizeList, LargeList, LargeListView, List, ListView};
    match list {
        List(item)
        | LargeList(item)
        | ListView(item)
        | LargeListView(item)
        | FixedSizeList(item, _) => item,
        other => panic!("{other} is no list"),
    }
}

fn list_at(array: &ArrayRef, row: usize) -> ArrayRef {
    match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::ListView(_) => array.as_list_view::<i32>().value(row),
        DataType::LargeListView(_) => array.as_list_view::<i64>().value(row),
        _ => array.as_fixed_size_list().value(row),
    }
}

fn map_key(value: Value) -> MapKey {
    match value {
        Value::Bool(v) => MapKey::Bool(v),
        Value::I32(v) => MapKey::I32(v),
        Value::I64(v) => MapKey::I64(v),
        Value::String(v) => MapKey::String(v),
        other => panic!("{other:?} is no key"),
    }
}

fn bytes(value: &[u8]) -> Value {
    Value::Bytes(value.to_vec().into())
}

fn uuid(value: &[u8]) -> Value {
    let hex = |range: std::ops::Range<usize>| {
        let digits = value[range].iter().map(|byte| format!("{byte:02x}"));
        digits.collect::<String>()
    };
    let groups = [hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16)];
    Value::String(groups.join("-"))
}

/// The digits of a decimal with the point put in.
fn decimal(unscaled: &str, precision: u8, scale: i8) -> Result<Value, RowErrorKind> {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    if digits.len() > usize::from(precision) {
        return Err(RowErrorKind::DecimalRange);
    }
    let places = usize::from(scale.unsigned_abs());
    Ok(Value::String(if scale > 0 {
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        format!("{sign}{whole}.{fraction}")
    } else if digits == "0" {
        digits.to_owned()
    } else {
        format!("{sign}{digits}{}", "0".repeat(places))
    }))
}

/// A half as a float. A NaN that signals becomes a quiet one, as IEEE 754 has it for conversions.
fn widened(half: u16) -> f32 {
    let sign = if half >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, digits) = (half >> 10 & 0x1f, half & 0x3ff);
    match exponent {
        0 => sign * f32::from(digits) * 2_f32.powi(-24),
        0x1f if digits == 0 => sign * f32::INFINITY,
        0x1f => {
            let sign = u32::from(half >> 15) << 31;
            f32::from_bits(sign | 0x7fc0_0000 | u32::from(digits) << 13)
        }
        _ => sign * f32::from(digits | 0x400) * 2_f32.powi(i32::from(exponent) - 25),
    }
}

/// Whether two messages are the same to the bit.
pub(crate) fn same(a: &DynamicMessage, b: &DynamicMessage) -> bool {
    let fields = a.descriptor();
    fields.fields().all(|field| {
        a.has_field(&field) == b.has_field(&field)
            && same_value(&a.get_field(&field), &b.get_field(&field))
    })
}

fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits(),
        (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
        (Value::Message(a), Value::Message(b)) => same(a, b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same_value(a, b)))
        }
        (a, b) => a == b,
    }
}
