//! Single values: texts, bytes, numbers, times, decimals.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Int64Array, LargeStringArray,
    cast::AsArray as _,
    types::{Int64Type, TimestampMicrosecondType},
};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, TimeUnit};

use super::decimals::Decimal;
use crate::{coercion::Coercion, delta::delta_type, shape::Column, uuid};

/// Values that have no counterpart are an error and no null.
const STRICT: CastOptions<'_> = CastOptions {
    safe: false,
    format_options: arrow_cast::display::FormatOptions::new(),
};

#[derive(Debug, Clone)]
pub(super) struct Scalar {
    to: DataType,
    way: Way,
    doubtful: bool,
}

#[derive(Debug, Clone, Copy)]
enum Way {
    /// As arrow casts it: nothing is lost by the plan, or the values have been looked at.
    Cast,
    /// Bytes that are UTF-8.
    Text,
    Uuid,
    /// To microseconds.
    Time(TimeUnit),
    /// To the text of a decimal.
    Decimal(Decimal),
}

impl Scalar {
    pub(super) fn new(source: &Column, target: &Column, wire: &DataType) -> Self {
        use DataType as T;
        let from = &source.arrow;
        let way = match (from, delta_type(target)) {
            (_, T::Decimal128(precision, scale)) => Way::Decimal(Decimal { precision, scale }),
            (T::FixedSizeBinary(_), T::Utf8) if source.is_uuid() => Way::Uuid,
            (T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_), T::Utf8) => {
                Way::Text
            }
            (T::Timestamp(unit, _) | T::Time32(unit) | T::Time64(unit) | T::Duration(unit), _) => {
                Way::Time(*unit)
            }
            _ => Way::Cast,
        };
        let doubtful = source.coercion != Coercion::None
            || match from {
                // A decimal may have more digits than its own type allows.
                T::Decimal32(..)
                | T::Decimal64(..)
                | T::Decimal128(..)
                | T::Decimal256(..)
                | T::UInt64
                | T::Date64 => true,
                T::Timestamp(unit, _) | T::Duration(unit) => *unit != TimeUnit::Microsecond,
                T::Time64(unit) => *unit == TimeUnit::Nanosecond,
                _ => false,
            };
        let to = wire.clone();
        Self { to, way, doubtful }
    }

    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    pub(super) fn apply(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        match self.way {
            Way::Cast => cast(array, &self.to),
            Way::Text => cast(&cast(array, &DataType::LargeBinary)?, &self.to),
            Way::Uuid => Ok(uuids(array)),
            Way::Time(unit) => Ok(self.time(array, unit)?),
            Way::Decimal(decimal) => decimal.texts(array),
        }
    }

    fn time(&self, array: &ArrayRef, unit: TimeUnit) -> Result<ArrayRef, ArrowError> {
        let whole = match array.data_type() {
            DataType::Time32(_) => cast(&cast(array, &DataType::Int32)?, &DataType::Int64)?,
            _ => cast(array, &DataType::Int64)?,
        };
        let whole = whole.as_primitive::<Int64Type>();
        // What is beyond 64 bits was found before; it is nobody's value then.
        let micros: Int64Array = match unit {
            TimeUnit::Second => whole.unary(|value| value.wrapping_mul(1_000_000)),
            TimeUnit::Millisecond => whole.unary(|value| value.wrapping_mul(1_000)),
            TimeUnit::Microsecond => whole.clone(),
            TimeUnit::Nanosecond => whole.unary(|value| value.div_euclid(1_000)),
        };
        Ok(match &self.to {
            DataType::Timestamp(_, zone) => {
                let instants = micros.reinterpret_cast::<TimestampMicrosecondType>();
                Arc::new(instants.with_timezone_opt(zone.clone()))
            }
            _ => Arc::new(micros),
        })
    }
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    cast_with_options(array, to, &STRICT)
}

fn uuids(array: &ArrayRef) -> ArrayRef {
    let texts = array.as_fixed_size_binary().iter();
    let texts = texts.map(|bytes| bytes.map(uuid::text));
    let texts: LargeStringArray = texts
        .map(|text| text.and_then(|text| String::from_utf8(text.to_vec()).ok()))
        .collect();
    Arc::new(texts)
}
