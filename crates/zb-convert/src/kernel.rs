//! One column of a block of rows into the slots of its rows.
//!
//! A kernel looks at the type once for the block, not once for the value, and has no branch that
//! depends on a null. It says which rows are odd: rows it cannot vouch for, which are then written
//! and judged one by one.
use std::ops::Range;

use arrow_array::{Array, OffsetSizeTrait};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::TimeUnit;

use crate::{
    SubMicroseconds,
    coercion::Coercion,
    field::FieldPlan,
    raw::{BLOCK, Prefix, SLACK, Slots},
    source::{Lists, Source},
    varint,
};

mod coerced;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// The lowest `count` bits.
pub(crate) fn ones(count: usize) -> u64 {
    u64::MAX >> (BLOCK - count.clamp(1, BLOCK))
}

/// `count` bits from `start` on.
pub(crate) fn bits(buffer: &BooleanBuffer, start: usize, count: usize) -> u64 {
    let start = buffer.offset() + start;
    let bytes = &buffer.values()[start / 8..];
    let mut word = [0; 16];
    let known = bytes.len().min(9);
    word[..known].copy_from_slice(&bytes[..known]);
    (u128::from_le_bytes(word) >> (start % 8)) as u64 & ones(count)
}

/// Which of `count` rows from `start` on are not null.
pub(crate) fn valid(nulls: Option<&NullBuffer>, start: usize, count: usize) -> u64 {
    match nulls {
        Some(nulls) if nulls.null_count() > 0 => bits(nulls.inner(), start, count),
        _ => ones(count),
    }
}

/// Whether there is a kernel for the source and what becomes of it.
pub(crate) fn covers(source: &Source<'_>, coercion: Coercion) -> bool {
    if coercion != Coercion::None {
        return coerced::covers(source, coercion);
    }
    matches!(
        source,
        Source::Boolean(_)
            | Source::Int8(_)
            | Source::Int16(_)
            | Source::Int32(_)
            | Source::Int64(_)
            | Source::UInt8(_)
            | Source::UInt16(_)
            | Source::UInt32(_)
            | Source::UInt64(_)
            | Source::Float16(_)
            | Source::Float32(_)
            | Source::Float64(_)
            | Source::Date32(_)
            | Source::Date64(_)
            | Source::Time(..)
            | Source::Time32(..)
    )
}

/// Appends `count` rows from `start` on, those whose bit in `valid` is set, and gives the odd ones
/// among them.
pub(crate) fn append(
    source: &Source<'_>,
    plan: &FieldPlan,
    prefix: Prefix,
    valid: u64,
    start: usize,
    count: usize,
    slots: &mut Slots,
) -> u64 {
    let rows = start..start + count;
    let coercion = plan.column.coercion;
    if coercion != Coercion::None {
        return coerced::append(source, coercion, prefix, valid, rows, slots);
    }
    macro_rules! varints {
        ($values:expr, $wire:expr) => {
            Varints::of($values[rows.clone()].iter().map($wire)).append(prefix, valid, slots)
        };
    }
    let odd = match source {
        Source::Boolean(a) => {
            let bits = bits(a.values(), start, count);
            let values = (0..count).map(|row| ((bits >> row & 1) as u8, 1));
            slots.append(prefix, valid, values);
            0
        }
        Source::Int8(a) => varints!(a.values(), |&v| i64::from(v) as u64),
        Source::Int16(a) => varints!(a.values(), |&v| i64::from(v) as u64),
        Source::Int32(a) => varints!(a.values(), |&v| i64::from(v) as u64),
        Source::Int64(a) => varints!(a.values(), |&v| v as u64),
        Source::Date32(a) => varints!(a.values(), |&v| i64::from(v) as u64),
        Source::UInt8(a) => varints!(a.values(), |&v| u64::from(v)),
        Source::UInt16(a) => varints!(a.values(), |&v| u64::from(v)),
        Source::UInt32(a) => varints!(a.values(), |&v| u64::from(v)),
        Source::UInt64(a) => {
            let values = &a.values()[rows.clone()];
            varints!(a.values(), |&v| v);
            odd(values, |&v| v > i64::MAX as u64)
        }
        Source::Float16(a) => {
            let values = a.values()[rows].iter();
            slots.append(prefix, valid, values.map(|v| (v.to_f32().to_bits(), 4)));
            0
        }
        Source::Float32(a) => {
            let values = a.values()[rows].iter();
            slots.append(prefix, valid, values.map(|v| (v.to_bits(), 4)));
            0
        }
        Source::Float64(a) => {
            let values = a.values()[rows].iter();
            slots.append(prefix, valid, values.map(|v| (v.to_bits(), 8)));
            0
        }
        Source::Date64(a) => {
            let values = &a.values()[rows.clone()];
            varints!(a.values(), |&v| (v / MILLIS_PER_DAY) as u64);
            odd(values, |&v| {
                v % MILLIS_PER_DAY != 0 || i32::try_from(v / MILLIS_PER_DAY).is_err()
            })
        }
        Source::Time32(_, values, unit) => {
            let factor = factor(*unit);
            varints!(values, |&v| (i64::from(v) * factor) as u64)
        }
        Source::Time(_, values, TimeUnit::Microsecond) => varints!(values, |&v| v as u64),
        Source::Time(_, values, TimeUnit::Nanosecond) => {
            varints!(values, |&v| v.div_euclid(1_000) as u64);
            match plan.sub_microseconds {
                SubMicroseconds::Reject => odd(&values[rows], |&v| v % 1_000 != 0),
                SubMicroseconds::Truncate => 0,
            }
        }
        Source::Time(_, values, unit) => {
            let factor = factor(*unit);
            varints!(values, |&v| v.wrapping_mul(factor) as u64);
            odd(&values[rows], |&v| v.checked_mul(factor).is_none())
        }
        // `covers` says so.
        _ => u64::MAX,
    };
    odd & valid
}

/// Microseconds to the unit; the units from the microsecond on have other ways.
fn factor(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond | TimeUnit::Nanosecond => 1,
    }
}

/// A bit for each value that is odd; the common case, none, is found without a branch per value.
fn odd<T>(values: &[T], is_odd: impl Fn(&T) -> bool) -> u64 {
    if !values.iter().fold(false, |any, v| any | is_odd(v)) {
        return 0;
    }
    let bit = |(row, v)| u64::from(is_odd(v)) << row;
    values.iter().enumerate().map(bit).sum()
}

/// The integers of a block, and all of their bits put together: what the largest of them needs,
/// all are written with.
struct Varints {
    values: [u64; BLOCK],
    count: usize,
    all: u64,
}

impl Varints {
    #[inline]
    fn of(from: impl Iterator<Item = u64>) -> Self {
        let (mut values, mut count, mut all) = ([0; BLOCK], 0, 0);
        for (to, value) in values.iter_mut().zip(from) {
            *to = value;
            all |= value;
            count += 1;
        }
        Self { values, count, all }
    }

    /// No varint is odd.
    #[inline]
    fn append(&self, prefix: Prefix, valid: u64, slots: &mut Slots) -> u64 {
        let values = self.values[..self.count].iter();
        match self.all {
            ..0x80 => slots.append(prefix, valid, values.map(|&v| (v as u8, 1))),
            0x80..0x4000 => slots.append(prefix, valid, values.map(|&v| varint::shorter(v))),
            0x4000..0x0100_0000_0000_0000 => {
                slots.append(prefix, valid, values.map(|&v| varint::short(v)));
            }
            _ => slots.append(prefix, valid, values.map(|&v| varint::long(v))),
        }
        0
    }
}

/// Where `count` texts from `start` on begin, and where the last of them ends.
pub(crate) fn text_offsets(
    source: &Source<'_>,
    start: usize,
    count: usize,
    to: &mut [usize; BLOCK + 1],
) {
    match source {
        Source::Utf8(a) => offsets(&a.value_offsets()[start..=start + count], to),
        Source::LargeUtf8(a) => offsets(&a.value_offsets()[start..=start + count], to),
        Source::Binary(a) => offsets(&a.value_offsets()[start..=start + count], to),
        Source::LargeBinary(a) => offsets(&a.value_offsets()[start..=start + count], to),
        Source::FixedSizeBinary(a) => multiples(a.value_size(), start, to),
        _ => {}
    }
}

/// Where one text is.
#[inline]
pub(crate) fn text_range(source: &Source<'_>, index: usize) -> Range<usize> {
    fn of<O: OffsetSizeTrait>(offsets: &[O], index: usize) -> Range<usize> {
        offsets[index].as_usize()..offsets[index + 1].as_usize()
    }
    match source {
        Source::Utf8(a) => of(a.value_offsets(), index),
        Source::LargeUtf8(a) => of(a.value_offsets(), index),
        Source::Binary(a) => of(a.value_offsets(), index),
        Source::LargeBinary(a) => of(a.value_offsets(), index),
        _ => 0..0,
    }
}

/// Where the items of `count` lists, or the entries of maps, from `start` on begin, and where the
/// last of them ends; says whether they stand one behind the other.
pub(crate) fn list_offsets(
    source: &Source<'_>,
    start: usize,
    count: usize,
    to: &mut [usize; BLOCK + 1],
) -> bool {
    let rows = start..start + count;
    match source {
        Source::List(Lists::List(a), _) => offsets(&a.value_offsets()[start..=start + count], to),
        Source::List(Lists::LargeList(a), _) => {
            offsets(&a.value_offsets()[start..=start + count], to);
        }
        Source::List(Lists::FixedSize(a), _) => multiples(a.value_length() as usize, start, to),
        Source::List(Lists::View(a), _) => {
            let (offsets, sizes) = (a.value_offsets(), a.value_sizes());
            return views(&offsets[rows.clone()], &sizes[rows], to);
        }
        Source::List(Lists::LargeView(a), _) => {
            let (offsets, sizes) = (a.value_offsets(), a.value_sizes());
            return views(&offsets[rows.clone()], &sizes[rows], to);
        }
        Source::Map(a, _) => offsets(&a.value_offsets()[start..=start + count], to),
        _ => return false,
    }
    true
}

/// The offsets of views that happen to stand one behind the other; those without items stand
/// anywhere.
fn views<O: OffsetSizeTrait>(offsets: &[O], sizes: &[O], to: &mut [usize; BLOCK + 1]) -> bool {
    let views = || {
        let views = offsets.iter().zip(sizes);
        views.map(|(offset, size)| (offset.as_usize(), size.as_usize()))
    };
    let first = views().find(|&(_, size)| size > 0);
    let mut end = first.map_or(0, |(offset, _)| offset);
    to[0] = end;
    for (to, (offset, size)) in to[1..].iter_mut().zip(views()) {
        if size > 0 && offset != end {
            return false;
        }
        end += size;
        *to = end;
    }
    true
}

fn offsets<O: OffsetSizeTrait>(offsets: &[O], to: &mut [usize; BLOCK + 1]) {
    for (to, from) in to.iter_mut().zip(offsets) {
        *to = from.as_usize();
    }
}

fn multiples(size: usize, start: usize, to: &mut [usize; BLOCK + 1]) {
    for (to, index) in to.iter_mut().zip(start..) {
        *to = index * size;
    }
}

/// Whether all texts between the offsets go into the slots.
pub(crate) fn fit_slots(offsets: &[usize]) -> bool {
    let lengths = offsets.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    // No bit beyond is set in any of them: quicker found than the longest.
    lengths.fold(0, |all, length| all | length) < SLACK
}

/// Appends tag and length of what stands elsewhere.
pub(crate) fn append_lengths(prefix: Prefix, valid: u64, lengths: &[usize], slots: &mut Slots) {
    Varints::of(lengths.iter().map(|&len| len as u64)).append(prefix, valid, slots);
}

/// The nulls of a source that holds its own.
pub(crate) fn nulls<'a>(source: &'a Source<'_>) -> Option<&'a NullBuffer> {
    let array: &dyn Array = match source {
        Source::Boolean(a) => *a,
        Source::Int8(a) => *a,
        Source::Int16(a) => *a,
        Source::Int32(a) => *a,
        Source::Int64(a) => *a,
        Source::UInt8(a) => *a,
        Source::UInt16(a) => *a,
        Source::UInt32(a) => *a,
        Source::UInt64(a) => *a,
        Source::Float16(a) => *a,
        Source::Float32(a) => *a,
        Source::Float64(a) => *a,
        Source::Date32(a) => *a,
        Source::Date64(a) => *a,
        Source::Time(a, ..) | Source::Time32(a, ..) => *a,
        Source::Utf8(a) => *a,
        Source::LargeUtf8(a) => *a,
        Source::Binary(a) => *a,
        Source::LargeBinary(a) => *a,
        Source::FixedSizeBinary(a) | Source::Uuid(a) => *a,
        Source::Struct(a, _) => *a,
        Source::Variant(variants) => variants.structs,
        Source::List(lists, _) => return lists.nulls(),
        Source::Map(a, _) => *a,
        Source::Dictionary(keys, ..) => return keys.nulls(),
        Source::Decimal32(a, ..) => *a,
        Source::Decimal64(a, ..) => *a,
        Source::Decimal128(a, ..) => *a,
        Source::Decimal256(a, ..) => *a,
        Source::Utf8View(a) => *a,
        Source::BinaryView(a) => *a,
        Source::Absent | Source::Runs(..) => return None,
    };
    array.nulls()
}
