//! What becomes of a value whose column in the target has another type: the table of what is
//! without loss, decided when the plan is made.

use std::collections::HashMap;

use arrow_schema::{DataType, Field};

use crate::shape::{Column, Scalar, Shape, delta_decimal, is_uuid};

/// What is done to a value on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coercion {
    /// It goes as it is.
    None,
    /// A whole number, refused where it is not between these.
    Range(i64, i64),
    /// A number that must come out as exactly the same 32-bit float.
    Float,
    /// A number that must come out as exactly the same 64-bit float.
    Double,
    /// A decimal or a whole number that must fit exactly.
    Decimal { precision: u8, scale: u8 },
    /// A text that must be a decimal that fits exactly.
    DecimalText { precision: u8, scale: u8 },
    /// Bytes that must be UTF-8.
    Text,
}

/// How much is known of the column that a value goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// What a descriptor says: an `int64` may be a time, a `string` a decimal.
    Wire,
    /// The types of the table's columns, and which of them nobody can send, by their names in lower
    /// case.
    Table(&'a HashMap<String, String>),
}

impl Known<'_> {
    fn is_table(self) -> bool {
        matches!(self, Self::Table(_))
    }
}

/// How a scalar of `field` becomes one of `target`; `None` where something could be lost.
pub(crate) fn coercion(field: &Field, target: &Column, known: Known<'_>) -> Option<Coercion> {
    use DataType as T;
    let Shape::Scalar(scalar) = target.shape else {
        return None;
    };
    let from = crate::shape::values_type(field.data_type());
    let into = &target.arrow;
    match (from, into) {
        (from, T::Decimal128(precision, scale)) if known.is_table() => {
            let (precision, scale) = (*precision, u8::try_from(*scale).ok()?);
            return decimal(from, precision, scale);
        }
        (from, T::Date32) if known.is_table() => return natural_if(is_date(from)),
        (from, T::Timestamp(_, zone)) if known.is_table() => {
            let same = matches!(from, T::Timestamp(_, z) if z.is_some() == zone.is_some());
            return natural_if(same);
        }
        _ => {}
    }
    match scalar {
        Scalar::Bool => natural_if(matches!(from, T::Boolean)),
        Scalar::Int32 if is_date(from) => natural_if(!known.is_table()),
        Scalar::Int32 => {
            let (min, max) = bounds(into).unwrap_or((i32::MIN.into(), i32::MAX.into()));
            whole(from, min, max)
        }
        Scalar::Int64 if is_time(from) => natural_if(!known.is_table() || !is_instant(from)),
        Scalar::Int64 => whole(from, i64::MIN, i64::MAX),
        Scalar::Float => match from {
            T::Float16 | T::Float32 => Some(Coercion::None),
            _ => bounds(from).map(|_| Coercion::Float),
        },
        Scalar::Double => match from {
            T::Float64 => Some(Coercion::None),
            T::Float16 | T::Float32 => Some(Coercion::Double),
            _ => bounds(from).map(|_| Coercion::Double),
        },
        Scalar::String => match from {
            T::Utf8 | T::LargeUtf8 | T::Utf8View => Some(Coercion::None),
            T::FixedSizeBinary(16) if is_uuid(field) => Some(Coercion::None),
            from if is_binary(from) => Some(Coercion::Text),
            T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
                natural_if(!known.is_table() && delta_decimal(*p, *s).is_some())
            }
            _ => None,
        },
        Scalar::Bytes => {
            natural_if(is_binary(from) || matches!(from, T::Utf8 | T::LargeUtf8 | T::Utf8View))
        }
    }
}

fn natural_if(condition: bool) -> Option<Coercion> {
    condition.then_some(Coercion::None)
}

/// What the whole numbers of a type are between.
fn bounds(data_type: &DataType) -> Option<(i64, i64)> {
    Some(match data_type {
        DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
        DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
        DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
        DataType::Int64 => (i64::MIN, i64::MAX),
        DataType::UInt8 => (0, u8::MAX.into()),
        DataType::UInt16 => (0, u16::MAX.into()),
        DataType::UInt32 => (0, u32::MAX.into()),
        // What is beyond is found when the value is read.
        DataType::UInt64 => (0, i64::MAX),
        _ => return None,
    })
}

fn whole(from: &DataType, min: i64, max: i64) -> Option<Coercion> {
    let (lowest, highest) = bounds(from)?;
    Some(if min <= lowest && highest <= max {
        Coercion::None
    } else {
        Coercion::Range(min, max)
    })
}

fn decimal(from: &DataType, precision: u8, scale: u8) -> Option<Coercion> {
    use DataType as T;
    match from {
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s)
            if *p <= precision && i16::from(*s) == i16::from(scale) =>
        {
            Some(Coercion::None)
        }
        T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => {
            Some(Coercion::Decimal { precision, scale })
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Some(Coercion::DecimalText { precision, scale }),
        from => bounds(from).map(|_| Coercion::Decimal { precision, scale }),
    }
}

fn is_date(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64)
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}

/// What goes as microseconds.
fn is_time(data_type: &DataType) -> bool {
    is_instant(data_type)
        || matches!(
            data_type,
            DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_)
        )
}

fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}
