//! Numbers as the exact text of a decimal.
//!
//! arrow-cast is not used here: it believes the precision of a type, and panics where a value that
//! nobody looks at, under a null, does not keep to it.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, PrimitiveArray,
    builder::LargeStringBuilder,
    cast::AsArray as _,
    types::{
        ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Int8Type,
        Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::i256;
use arrow_schema::{ArrowError, DataType};

use crate::{
    decimal_text::parse_decimal,
    digits::{Notation, ROOM},
};

/// A decimal column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    pub(super) precision: u8,
    pub(super) scale: i8,
}

impl Decimal {
    /// `array` has decimals, whole numbers, or texts that are decimals.
    pub(super) fn texts(self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        use DataType as T;
        match array.data_type() {
            T::Decimal32(_, from) => self.of(array.as_primitive::<Decimal32Type>(), *from),
            T::Decimal64(_, from) => self.of(array.as_primitive::<Decimal64Type>(), *from),
            T::Decimal128(_, from) => self.of(array.as_primitive::<Decimal128Type>(), *from),
            T::Decimal256(_, from) => {
                let array = array.as_primitive::<Decimal256Type>();
                self.write(array, |row| self.wide(array.value(row), *from))
            }
            T::Int8 => self.of(array.as_primitive::<Int8Type>(), 0),
            T::Int16 => self.of(array.as_primitive::<Int16Type>(), 0),
            T::Int32 => self.of(array.as_primitive::<Int32Type>(), 0),
            T::Int64 => self.of(array.as_primitive::<Int64Type>(), 0),
            T::UInt8 => self.of(array.as_primitive::<UInt8Type>(), 0),
            T::UInt16 => self.of(array.as_primitive::<UInt16Type>(), 0),
            T::UInt32 => self.of(array.as_primitive::<UInt32Type>(), 0),
            T::UInt64 => self.of(array.as_primitive::<UInt64Type>(), 0),
            _ => {
                let texts = arrow_cast::cast(array, &T::LargeUtf8)?;
                let texts = texts.as_string::<i64>();
                self.write(texts, |row| {
                    parse_decimal(texts.value(row), self.precision, self.scale)
                })
            }
        }
    }

    fn of<T>(self, array: &PrimitiveArray<T>, from: i8) -> Result<ArrayRef, ArrowError>
    where
        T: ArrowPrimitiveType<Native: Into<i128>>,
    {
        let more = i16::from(self.scale) - i16::from(from);
        let power = 10_i128.checked_pow(more.unsigned_abs().into());
        self.write(array, |row| {
            let value: i128 = array.value(row).into();
            match power {
                _ if value == 0 => Some(0),
                Some(power) if more >= 0 => value.checked_mul(power),
                Some(power) => Some(value / power),
                None => None,
            }
        })
    }

    fn wide(self, value: i256, from: i8) -> Option<i128> {
        let more = i16::from(self.scale) - i16::from(from);
        let power = i256::from_i128(10).checked_pow(more.unsigned_abs().into());
        match power {
            _ if value == i256::ZERO => Some(0),
            Some(power) if more >= 0 => value.checked_mul(power)?.to_i128(),
            Some(power) => value.checked_div(power)?.to_i128(),
            None => None,
        }
    }

    /// `value` gives the digits of a row, which were found to fit before.
    fn write(
        self,
        array: &dyn Array,
        value: impl Fn(usize) -> Option<i128>,
    ) -> Result<ArrayRef, ArrowError> {
        let Self { precision, scale } = self;
        let misfit = || {
            let problem = format!("a value that is no DECIMAL({precision}, {scale})");
            ArrowError::CastError(problem)
        };
        let notation = Notation::new(precision, scale).ok_or_else(misfit)?;
        let mut texts = LargeStringBuilder::with_capacity(array.len(), array.len() * 8);
        let mut room = [0; ROOM];
        for row in 0..array.len() {
            if array.is_null(row) {
                texts.append_null();
                continue;
            }
            let length = value(row).and_then(|value| notation.write(value, &mut room));
            let text = length.and_then(|length| std::str::from_utf8(room.get(..length)?).ok());
            texts.append_value(text.ok_or_else(misfit)?);
        }
        Ok(Arc::new(texts.finish()))
    }
}
