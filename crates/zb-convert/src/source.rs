//! The columns of one batch, bound to the plan: where each value is read from.

mod bind;
mod nested;

pub(crate) use nested::{Keys, Lists, RunEnds, Variants};

use arrow_array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, MapArray, PrimitiveArray, StringArray, StringViewArray, StructArray,
    types::{
        Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::TimeUnit;

use crate::raw::prefetch;

/// An array of a batch, downcast once.
pub(crate) enum Source<'a> {
    /// The batch has no such column: every row is null.
    Absent,
    Boolean(&'a BooleanArray),
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
    Float16(&'a PrimitiveArray<Float16Type>),
    Float32(&'a PrimitiveArray<Float32Type>),
    Float64(&'a PrimitiveArray<Float64Type>),
    Date32(&'a PrimitiveArray<Date32Type>),
    Date64(&'a PrimitiveArray<Date64Type>),
    /// A time or a duration; the values are of the unit.
    Time(&'a dyn Array, &'a [i64], TimeUnit),
    /// A time of day in 32 bits.
    Time32(&'a dyn Array, &'a [i32], TimeUnit),
    Decimal32(&'a PrimitiveArray<Decimal32Type>, u8, i8),
    Decimal64(&'a PrimitiveArray<Decimal64Type>, u8, i8),
    Decimal128(&'a PrimitiveArray<Decimal128Type>, u8, i8),
    Decimal256(&'a PrimitiveArray<Decimal256Type>, u8, i8),
    Utf8(&'a StringArray),
    LargeUtf8(&'a LargeStringArray),
    Utf8View(&'a StringViewArray),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
    FixedSizeBinary(&'a FixedSizeBinaryArray),
    Uuid(&'a FixedSizeBinaryArray),
    Struct(&'a StructArray, Vec<Source<'a>>),
    Variant(Variants<'a>),
    List(Lists<'a>, Box<Source<'a>>),
    Map(&'a MapArray, Box<(Source<'a>, Source<'a>)>),
    /// With the number of values.
    Dictionary(Keys<'a>, Box<Source<'a>>, usize),
    /// With the number of values.
    Runs(RunEnds<'a>, Box<Source<'a>>, usize),
}

impl Source<'_> {
    /// The indices of the values of the rows from `start` on, in a dictionary or in runs.
    pub(crate) fn fill_indices(&self, start: usize, to: &mut [usize]) {
        match self {
            Self::Dictionary(keys, ..) => keys.fill(start, to),
            Self::Runs(ends, ..) => ends.fill(start, to),
            _ => {}
        }
    }

    /// Asks for the memory of some rows that will be read soon, as far as it is known where it is.
    pub(crate) fn ask_for(&self, start: usize, count: usize) {
        let of = |bytes: &arrow_buffer::Buffer, width: usize| {
            prefetch(bytes, start * width, (start + count) * width);
        };
        match self {
            Self::Int32(a) => of(a.values().inner(), 4),
            Self::Int64(a) => of(a.values().inner(), 8),
            Self::Float32(a) => of(a.values().inner(), 4),
            Self::Float64(a) => of(a.values().inner(), 8),
            Self::Date32(a) => of(a.values().inner(), 4),
            Self::Utf8(a) => {
                of(a.offsets().inner().inner(), 4);
                let from = a.value_offsets()[start] as usize;
                prefetch(a.value_data(), from, from + 16 * count);
            }
            _ => {}
        }
    }

    /// Where the value of a row stands, dictionaries and runs followed; `None` for a null.
    pub(crate) fn locate(&self, row: usize) -> Option<(&Self, usize)> {
        let is_null = match self {
            Self::Dictionary(keys, values, _) => return values.locate(keys.get(row)?),
            Self::Runs(ends, values, _) => return values.locate(ends.get(row)),
            Self::Absent => true,
            Self::Boolean(a) => a.is_null(row),
            Self::Int8(a) => a.is_null(row),
            Self::Int16(a) => a.is_null(row),
            Self::Int32(a) => a.is_null(row),
            Self::Int64(a) => a.is_null(row),
            Self::UInt8(a) => a.is_null(row),
            Self::UInt16(a) => a.is_null(row),
            Self::UInt32(a) => a.is_null(row),
            Self::UInt64(a) => a.is_null(row),
            Self::Float16(a) => a.is_null(row),
            Self::Float32(a) => a.is_null(row),
            Self::Float64(a) => a.is_null(row),
            Self::Date32(a) => a.is_null(row),
            Self::Date64(a) => a.is_null(row),
            Self::Time(a, ..) | Self::Time32(a, ..) => a.is_null(row),
            Self::Decimal32(a, ..) => a.is_null(row),
            Self::Decimal64(a, ..) => a.is_null(row),
            Self::Decimal128(a, ..) => a.is_null(row),
            Self::Decimal256(a, ..) => a.is_null(row),
            Self::Utf8(a) => a.is_null(row),
            Self::LargeUtf8(a) => a.is_null(row),
            Self::Utf8View(a) => a.is_null(row),
            Self::Binary(a) => a.is_null(row),
            Self::LargeBinary(a) => a.is_null(row),
            Self::BinaryView(a) => a.is_null(row),
            Self::FixedSizeBinary(a) | Self::Uuid(a) => a.is_null(row),
            Self::Struct(a, _) => a.is_null(row),
            Self::Variant(variants) => variants.structs.is_null(row),
            Self::List(lists, _) => lists.is_null(row),
            Self::Map(a, _) => a.is_null(row),
        };
        (!is_null).then_some((self, row))
    }
}
