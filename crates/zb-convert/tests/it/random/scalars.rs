//! Arrays of values that hold no others. What lies under a null is no worse than what does not.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    GenericBinaryArray, GenericStringArray, OffsetSizeTrait, PrimitiveArray, StringViewArray,
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
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, i256};
use arrow_schema::{DataType, TimeUnit};
use half::f16;

use super::Random;

const DAY: i64 = 86_400_000;

impl Random {
    pub(super) fn scalars(
        &mut self,
        data_type: &DataType,
        len: usize,
        nulls: Option<NullBuffer>,
    ) -> ArrayRef {
        use DataType as T;
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match data_type {
            T::Boolean => {
                let values = (0..len).map(|_| self.one_in(2)).collect();
                Arc::new(BooleanArray::new(values, nulls))
            }
            T::Int8 => self.primitive::<Int8Type>(len, nulls, |r| r.integer() as i8),
            T::Int16 => self.primitive::<Int16Type>(len, nulls, |r| r.integer() as i16),
            T::Int32 => self.primitive::<Int32Type>(len, nulls, |r| r.integer() as i32),
            T::Int64 => self.primitive::<Int64Type>(len, nulls, Self::integer),
            T::UInt8 => self.primitive::<UInt8Type>(len, nulls, |r| r.integer() as u8),
            T::UInt16 => self.primitive::<UInt16Type>(len, nulls, |r| r.integer() as u16),
            T::UInt32 => self.primitive::<UInt32Type>(len, nulls, |r| r.integer() as u32),
            T::UInt64 => self.primitive::<UInt64Type>(len, nulls, |r| {
                let over = u64::from(r.fault()) << 63;
                r.integer() as u64 & (i64::MAX as u64) | over
            }),
            T::Float16 => self.primitive::<Float16Type>(len, nulls, |r| {
                f16::from_bits(r.special(0x7c00, 10) as u16)
            }),
            T::Float32 => self.primitive::<Float32Type>(len, nulls, |r| {
                f32::from_bits(r.special(0x7f80_0000, 23) as u32)
            }),
            T::Float64 => self.primitive::<Float64Type>(len, nulls, |r| {
                f64::from_bits(r.special(0x7ff0_0000_0000_0000, 52))
            }),
            T::Utf8 => self.strings::<i32>(len, nulls),
            T::LargeUtf8 => self.strings::<i64>(len, nulls),
            T::Utf8View => {
                let values = nulls_as_options(len, nulls.as_ref()).map(|v| v.then(|| self.text()));
                Arc::new(values.collect::<StringViewArray>())
            }
            T::Binary => self.binaries::<i32>(len, nulls),
            T::LargeBinary => self.binaries::<i64>(len, nulls),
            T::BinaryView => {
                let values = nulls_as_options(len, nulls.as_ref()).map(|v| v.then(|| self.bytes()));
                Arc::new(values.collect::<BinaryViewArray>())
            }
            T::FixedSizeBinary(size) => {
                let bytes: Vec<u8> = (0..len * *size as usize)
                    .map(|_| self.next() as u8)
                    .collect();
                let array = FixedSizeBinaryArray::try_new_with_len(*size, bytes.into(), nulls, len);
                Arc::new(array.unwrap())
            }
            T::Date32 => self.primitive::<Date32Type>(len, nulls, |r| r.integer() as i32),
            T::Date64 => self.primitive::<Date64Type>(len, nulls, |r| {
                let day = DAY * i64::from(r.integer() as i32);
                match r.fault() {
                    false => day,
                    true if r.one_in(2) => day + 1 + r.below(1000) as i64,
                    true => (1 << 31) * DAY,
                }
            }),
            T::Timestamp(unit, zone) => {
                let zone = zone.clone();
                macro_rules! timestamps {
                    ($ty:ty) => {{
                        let values = self.numbers::<$ty>(len, nulls, |r| r.time(*unit));
                        Arc::new(values.with_timezone_opt(zone))
                    }};
                }
                match unit {
                    Second => timestamps!(TimestampSecondType),
                    Millisecond => timestamps!(TimestampMillisecondType),
                    Microsecond => timestamps!(TimestampMicrosecondType),
                    Nanosecond => timestamps!(TimestampNanosecondType),
                }
            }
            T::Duration(unit) => {
                let value = |r: &mut Self| r.time(*unit);
                match unit {
                    Second => self.primitive::<DurationSecondType>(len, nulls, value),
                    Millisecond => self.primitive::<DurationMillisecondType>(len, nulls, value),
                    Microsecond => self.primitive::<DurationMicrosecondType>(len, nulls, value),
                    Nanosecond => self.primitive::<DurationNanosecondType>(len, nulls, value),
                }
            }
            T::Time32(Second) => {
                self.primitive::<Time32SecondType>(len, nulls, |r| r.below(86_400) as i32)
            }
            T::Time32(_) => self
                .primitive::<Time32MillisecondType>(len, nulls, |r| r.below(DAY as usize) as i32),
            T::Time64(Microsecond) => self.primitive::<Time64MicrosecondType>(len, nulls, |r| {
                r.below(DAY as usize * 1000) as i64
            }),
            T::Time64(_) => self.primitive::<Time64NanosecondType>(len, nulls, |r| {
                let micros = r.below(DAY as usize * 1000) as i64;
                micros * 1000 + i64::from(r.truncate || r.fault()) * r.below(1000) as i64
            }),
            T::Decimal32(p, s) => {
                let value = |r: &mut Self| r.unscaled(*p) as i32;
                let array = self.numbers::<Decimal32Type>(len, nulls, value);
                Arc::new(array.with_precision_and_scale(*p, *s).unwrap())
            }
            T::Decimal64(p, s) => {
                let value = |r: &mut Self| r.unscaled(*p) as i64;
                let array = self.numbers::<Decimal64Type>(len, nulls, value);
                Arc::new(array.with_precision_and_scale(*p, *s).unwrap())
            }
            T::Decimal128(p, s) => {
                let array = self.numbers::<Decimal128Type>(len, nulls, |r| r.unscaled(*p));
                Arc::new(array.with_precision_and_scale(*p, *s).unwrap())
            }
            T::Decimal256(p, s) => {
                let array = self.numbers::<Decimal256Type>(len, nulls, |r| {
                    if r.fault() {
                        i256::from_parts(r.next().into(), i128::from(r.integer()) << 60)
                    } else {
                        i256::from_i128(r.unscaled(*p))
                    }
                });
                Arc::new(array.with_precision_and_scale(*p, *s).unwrap())
            }
            other => unreachable!("{other} is no leaf"),
        }
    }

    fn numbers<A: ArrowPrimitiveType>(
        &mut self,
        len: usize,
        nulls: Option<NullBuffer>,
        mut value: impl FnMut(&mut Self) -> A::Native,
    ) -> PrimitiveArray<A> {
        PrimitiveArray::new((0..len).map(|_| value(self)).collect(), nulls)
    }

    fn primitive<A: ArrowPrimitiveType>(
        &mut self,
        len: usize,
        nulls: Option<NullBuffer>,
        value: impl FnMut(&mut Self) -> A::Native,
    ) -> ArrayRef {
        Arc::new(self.numbers::<A>(len, nulls, value))
    }

    /// The bits of a float whose infinity and number of digits these are: zeros, the smallest,
    /// infinities, NaNs with something in them, of either sign; and any others.
    fn special(&mut self, infinity: u64, digits: usize) -> u64 {
        let sign = (infinity << 1) & !infinity & (u64::MAX << digits);
        let value = match self.below(12) {
            0 => 0,
            1 => 1,
            2 => infinity,
            3 => infinity | 1 << (digits - 1) | self.next() >> (64 - digits + 1),
            4 => infinity | 1,
            5 => infinity - 1,
            _ => self.next() & (infinity - 1),
        };
        value | if self.one_in(2) { sign } else { 0 }
    }

    /// A time that comes to microseconds, if it is no fault.
    fn time(&mut self, unit: TimeUnit) -> i64 {
        let value = self.integer();
        if self.fault() {
            return value;
        }
        match unit {
            TimeUnit::Second => value / 1_000_000,
            TimeUnit::Millisecond => value / 1_000,
            TimeUnit::Nanosecond if !self.truncate => value / 1_000 * 1_000,
            TimeUnit::Microsecond | TimeUnit::Nanosecond => value,
        }
    }

    /// A number of at most `precision` digits, if it is no fault.
    fn unscaled(&mut self, precision: u8) -> i128 {
        let any = i128::from(self.integer()) << self.below(64) | i128::from(self.next() & 7);
        let limit = 10_i128.pow(precision.into());
        match self.below(8) {
            0 => limit - 1,
            1 => 1 - limit,
            2 => 0,
            _ if self.fault() => any,
            _ => any % limit,
        }
    }

    fn strings<O: OffsetSizeTrait>(&mut self, len: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        let texts: Vec<String> = (0..len).map(|_| self.text()).collect();
        let offsets = OffsetBuffer::<O>::from_lengths(texts.iter().map(String::len));
        let values = Buffer::from_vec(texts.concat().into_bytes());
        Arc::new(GenericStringArray::new(offsets, values, nulls))
    }

    fn binaries<O: OffsetSizeTrait>(&mut self, len: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        let values: Vec<Vec<u8>> = (0..len).map(|_| self.bytes()).collect();
        let offsets = OffsetBuffer::<O>::from_lengths(values.iter().map(Vec::len));
        let values = Buffer::from_vec(values.concat());
        Arc::new(GenericBinaryArray::new(offsets, values, nulls))
    }

    /// As long as the encoder and the views of Arrow tell lengths apart: 12, 64, 127.
    fn length(&mut self) -> usize {
        let most = [0, 4, 13, 66, 200][self.below(5)];
        self.below(most + 1)
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', 'Z', '0', '"', '\0', 'ß', '漢', '🛩'];
        let length = self.length();
        let wide = [1, 5, 8][self.below(3)];
        (0..length).map(|_| LETTERS[self.below(wide)]).collect()
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.length()).map(|_| self.next() as u8).collect()
    }
}

fn nulls_as_options(len: usize, nulls: Option<&NullBuffer>) -> impl Iterator<Item = bool> {
    (0..len).map(move |i| nulls.is_none_or(|nulls| nulls.is_valid(i)))
}
