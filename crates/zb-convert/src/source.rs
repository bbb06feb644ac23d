//! The columns of one batch, bound to the plan: where each value is read from.

use arrow_array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray,
    GenericListArray, GenericListViewArray, LargeBinaryArray, LargeStringArray, MapArray,
    PrimitiveArray, RunArray, StringArray, StringViewArray, StructArray,
    cast::AsArray,
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
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::{DataType, TimeUnit};

use crate::{
    SchemaProblem, SchemaProblemKind,
    raw::prefetch,
    shape::{Column, Shape},
    variant,
};

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

/// The lists of a column, whatever their layout.
pub(crate) enum Lists<'a> {
    List(&'a GenericListArray<i32>),
    LargeList(&'a GenericListArray<i64>),
    View(&'a GenericListViewArray<i32>),
    LargeView(&'a GenericListViewArray<i64>),
    FixedSize(&'a FixedSizeListArray),
}

impl Lists<'_> {
    /// The items of the list at `index`, as a range of the values.
    pub(crate) fn range(&self, index: usize) -> std::ops::Range<usize> {
        let offsets = |start: i64, end: i64| start as usize..end as usize;
        match self {
            Self::List(a) => {
                let o = a.value_offsets();
                offsets(o[index].into(), o[index + 1].into())
            }
            Self::LargeList(a) => {
                let o = a.value_offsets();
                offsets(o[index], o[index + 1])
            }
            Self::View(a) => {
                let start = i64::from(a.value_offset(index));
                offsets(start, start + i64::from(a.value_size(index)))
            }
            Self::LargeView(a) => {
                let start = a.value_offset(index);
                offsets(start, start + a.value_size(index))
            }
            Self::FixedSize(a) => {
                // Not by `value_offset`, which counts in 32 bits.
                let length = i64::from(a.value_length());
                let start = index as i64 * length;
                offsets(start, start + length)
            }
        }
    }

    pub(crate) fn nulls(&self) -> Option<&NullBuffer> {
        match self {
            Self::List(a) => a.nulls(),
            Self::LargeList(a) => a.nulls(),
            Self::View(a) => a.nulls(),
            Self::LargeView(a) => a.nulls(),
            Self::FixedSize(a) => a.nulls(),
        }
    }

    fn is_null(&self, index: usize) -> bool {
        match self {
            Self::List(a) => a.is_null(index),
            Self::LargeList(a) => a.is_null(index),
            Self::View(a) => a.is_null(index),
            Self::LargeView(a) => a.is_null(index),
            Self::FixedSize(a) => a.is_null(index),
        }
    }
}

/// The variants of a column.
pub(crate) struct Variants<'a> {
    pub(crate) structs: &'a StructArray,
    metadata: &'a dyn Array,
    value: &'a dyn Array,
}

impl<'a> Variants<'a> {
    /// `None` for structs that the plan has refused.
    fn new(structs: &'a StructArray) -> Option<Self> {
        Some(Self {
            structs,
            metadata: structs.column_by_name(variant::METADATA)?,
            value: structs.column_by_name(variant::VALUE)?,
        })
    }

    /// Metadata and value; `None` where one of them is null.
    pub(crate) fn at(&self, index: usize) -> Option<(&'a [u8], &'a [u8])> {
        let bytes = |array: &'a dyn Array| {
            if array.is_null(index) {
                return None;
            }
            match array.data_type() {
                DataType::Binary => Some(array.as_binary::<i32>().value(index)),
                DataType::LargeBinary => Some(array.as_binary::<i64>().value(index)),
                DataType::BinaryView => Some(array.as_binary_view().value(index)),
                _ => None,
            }
        };
        Some((bytes(self.metadata)?, bytes(self.value)?))
    }
}

/// The keys of a dictionary column.
pub(crate) enum Keys<'a> {
    Int8(&'a PrimitiveArray<Int8Type>),
    Int16(&'a PrimitiveArray<Int16Type>),
    Int32(&'a PrimitiveArray<Int32Type>),
    Int64(&'a PrimitiveArray<Int64Type>),
    UInt8(&'a PrimitiveArray<UInt8Type>),
    UInt16(&'a PrimitiveArray<UInt16Type>),
    UInt32(&'a PrimitiveArray<UInt32Type>),
    UInt64(&'a PrimitiveArray<UInt64Type>),
}

/// The runs of a run-end encoded column.
pub(crate) enum RunEnds<'a> {
    Int16(&'a RunArray<Int16Type>),
    Int32(&'a RunArray<Int32Type>),
    Int64(&'a RunArray<Int64Type>),
}

macro_rules! keys {
    ($keys:expr, $array:ident => $work:expr) => {
        match $keys {
            Keys::Int8($array) => $work,
            Keys::Int16($array) => $work,
            Keys::Int32($array) => $work,
            Keys::Int64($array) => $work,
            Keys::UInt8($array) => $work,
            Keys::UInt16($array) => $work,
            Keys::UInt32($array) => $work,
            Keys::UInt64($array) => $work,
        }
    };
}

macro_rules! run_ends {
    ($ends:expr, $array:ident => $work:expr) => {
        match $ends {
            RunEnds::Int16($array) => $work,
            RunEnds::Int32($array) => $work,
            RunEnds::Int64($array) => $work,
        }
    };
}

impl Keys<'_> {
    /// The index of a row's value.
    fn get(&self, row: usize) -> Option<usize> {
        keys!(self, a => a.is_valid(row).then(|| a.value(row).as_usize()))
    }

    /// The indices of the values of the rows from `start` on, whatever they are for nulls.
    fn fill(&self, start: usize, to: &mut [usize]) {
        keys!(self, a => {
            for (to, key) in to.iter_mut().zip(&a.values()[start..]) {
                *to = key.as_usize();
            }
        });
    }

    pub(crate) fn nulls(&self) -> Option<&NullBuffer> {
        keys!(self, a => a.nulls())
    }
}

impl RunEnds<'_> {
    /// The index of a row's value.
    fn get(&self, row: usize) -> usize {
        run_ends!(self, a => a.get_physical_index(row))
    }

    /// The indices of the values of the rows from `start` on.
    fn fill(&self, start: usize, to: &mut [usize]) {
        run_ends!(self, a => {
            let ends = a.run_ends().values();
            let first = a.run_ends().offset() + start;
            let mut index = a.get_physical_index(start);
            for (to, row) in to.iter_mut().zip(first..) {
                while ends.get(index).is_some_and(|end| end.as_usize() <= row) {
                    index += 1;
                }
                *to = index;
            }
        });
    }
}

impl<'a> Source<'a> {
    /// Binds an array to the column it is to be read for.
    ///
    /// The array may differ from the plan in layout nowhere, in nullability anywhere: nulls are
    /// looked for where they count.
    pub(crate) fn bind(
        column: &Column,
        planned: &DataType,
        array: &'a dyn Array,
        problems: &mut Vec<SchemaProblem>,
    ) -> Self {
        use DataType as T;
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        let found = array.data_type();
        if !same_layout(planned, found) {
            problems.push(SchemaProblem::new(
                &*column.path,
                SchemaProblemKind::ColumnType {
                    expected: planned.clone(),
                    found: found.clone(),
                },
            ));
            return Self::Absent;
        }
        macro_rules! time {
            ($ty:ty, $unit:expr) => {
                Self::Time(array, array.as_primitive::<$ty>().values(), $unit)
            };
        }
        match found {
            T::Boolean => Self::Boolean(array.as_boolean()),
            T::Int8 => Self::Int8(array.as_primitive()),
            T::Int16 => Self::Int16(array.as_primitive()),
            T::Int32 => Self::Int32(array.as_primitive()),
            T::Int64 => Self::Int64(array.as_primitive()),
            T::UInt8 => Self::UInt8(array.as_primitive()),
            T::UInt16 => Self::UInt16(array.as_primitive()),
            T::UInt32 => Self::UInt32(array.as_primitive()),
            T::UInt64 => Self::UInt64(array.as_primitive()),
            T::Float16 => Self::Float16(array.as_primitive()),
            T::Float32 => Self::Float32(array.as_primitive()),
            T::Float64 => Self::Float64(array.as_primitive()),
            T::Date32 => Self::Date32(array.as_primitive()),
            T::Date64 => Self::Date64(array.as_primitive()),
            T::Timestamp(Second, _) => time!(TimestampSecondType, Second),
            T::Timestamp(Millisecond, _) => time!(TimestampMillisecondType, Millisecond),
            T::Timestamp(Microsecond, _) => time!(TimestampMicrosecondType, Microsecond),
            T::Timestamp(Nanosecond, _) => time!(TimestampNanosecondType, Nanosecond),
            T::Duration(Second) => time!(DurationSecondType, Second),
            T::Duration(Millisecond) => time!(DurationMillisecondType, Millisecond),
            T::Duration(Microsecond) => time!(DurationMicrosecondType, Microsecond),
            T::Duration(Nanosecond) => time!(DurationNanosecondType, Nanosecond),
            T::Time64(Nanosecond) => time!(Time64NanosecondType, Nanosecond),
            T::Time64(_) => time!(Time64MicrosecondType, Microsecond),
            T::Time32(Second) => Self::Time32(
                array,
                array.as_primitive::<Time32SecondType>().values(),
                Second,
            ),
            T::Time32(_) => Self::Time32(
                array,
                array.as_primitive::<Time32MillisecondType>().values(),
                Millisecond,
            ),
            T::Decimal32(p, s) => Self::Decimal32(array.as_primitive(), *p, *s),
            T::Decimal64(p, s) => Self::Decimal64(array.as_primitive(), *p, *s),
            T::Decimal128(p, s) => Self::Decimal128(array.as_primitive(), *p, *s),
            T::Decimal256(p, s) => Self::Decimal256(array.as_primitive(), *p, *s),
            T::Utf8 => Self::Utf8(array.as_string()),
            T::LargeUtf8 => Self::LargeUtf8(array.as_string()),
            T::Utf8View => Self::Utf8View(array.as_string_view()),
            T::Binary => Self::Binary(array.as_binary()),
            T::LargeBinary => Self::LargeBinary(array.as_binary()),
            T::BinaryView => Self::BinaryView(array.as_binary_view()),
            T::FixedSizeBinary(_) if column.is_uuid() => Self::Uuid(array.as_fixed_size_binary()),
            T::FixedSizeBinary(_) => Self::FixedSizeBinary(array.as_fixed_size_binary()),
            T::Struct(_) => {
                let array = array.as_struct();
                let children = match &column.shape {
                    Shape::Message(columns) => columns
                        .iter()
                        .map(|column| {
                            let child = array.column(column.position).as_ref();
                            Self::bind(column, child.data_type(), child, problems)
                        })
                        .collect(),
                    _ => return Variants::new(array).map_or(Self::Absent, Self::Variant),
                };
                Self::Struct(array, children)
            }
            T::List(_) => {
                let lists = array.as_list::<i32>();
                Self::list(column, Lists::List(lists), lists.values(), problems)
            }
            T::LargeList(_) => {
                let lists = array.as_list::<i64>();
                Self::list(column, Lists::LargeList(lists), lists.values(), problems)
            }
            T::ListView(_) => {
                let lists = array.as_list_view::<i32>();
                Self::list(column, Lists::View(lists), lists.values(), problems)
            }
            T::LargeListView(_) => {
                let lists = array.as_list_view::<i64>();
                Self::list(column, Lists::LargeView(lists), lists.values(), problems)
            }
            T::FixedSizeList(..) => {
                let lists = array.as_fixed_size_list();
                Self::list(column, Lists::FixedSize(lists), lists.values(), problems)
            }
            T::Map(..) => {
                let map = array.as_map();
                let Shape::Map(key, value) = &column.shape else {
                    return Self::Absent;
                };
                let mut bind = |column: &Column, child: &'a dyn Array| {
                    Self::bind(column, child.data_type(), child, problems)
                };
                let entries = (bind(key, map.keys()), bind(value, map.values()));
                Self::Map(map, Box::new(entries))
            }
            T::Dictionary(key, _) => {
                let values = array.as_any_dictionary().values().as_ref();
                let keys = match **key {
                    T::Int8 => Keys::Int8(array.as_dictionary().keys()),
                    T::Int16 => Keys::Int16(array.as_dictionary().keys()),
                    T::Int32 => Keys::Int32(array.as_dictionary().keys()),
                    T::Int64 => Keys::Int64(array.as_dictionary().keys()),
                    T::UInt8 => Keys::UInt8(array.as_dictionary().keys()),
                    T::UInt16 => Keys::UInt16(array.as_dictionary().keys()),
                    T::UInt32 => Keys::UInt32(array.as_dictionary().keys()),
                    _ => Keys::UInt64(array.as_dictionary().keys()),
                };
                let count = values.len();
                let values = Self::bind(column, values.data_type(), values, problems);
                Self::Dictionary(keys, Box::new(values), count)
            }
            T::RunEndEncoded(ends, _) => {
                macro_rules! runs {
                    ($ty:ty, $ends:path) => {{
                        let array = array.as_run::<$ty>();
                        ($ends(array), array.values().as_ref())
                    }};
                }
                let (ends, values) = match ends.data_type() {
                    T::Int16 => runs!(Int16Type, RunEnds::Int16),
                    T::Int32 => runs!(Int32Type, RunEnds::Int32),
                    _ => runs!(Int64Type, RunEnds::Int64),
                };
                let count = values.len();
                let values = Self::bind(column, values.data_type(), values, problems);
                Self::Runs(ends, Box::new(values), count)
            }
            // The plan refuses these, and `same_layout` held the array against the plan.
            T::Null | T::Interval(_) | T::Union(..) => Self::Absent,
        }
    }

    fn list(
        column: &Column,
        lists: Lists<'a>,
        values: &'a dyn Array,
        problems: &mut Vec<SchemaProblem>,
    ) -> Self {
        let Shape::List(item) = &column.shape else {
            return Self::Absent;
        };
        let values = Self::bind(item, values.data_type(), values, problems);
        Self::List(lists, Box::new(values))
    }

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

/// Whether two types have the same layout and the same names of nested fields; nullability and
/// metadata may differ.
fn same_layout(a: &DataType, b: &DataType) -> bool {
    use DataType as T;
    match (a, b) {
        (T::Struct(a), T::Struct(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name() == b.name() && same_layout(a.data_type(), b.data_type()))
        }
        // The name of a list's item and of a map's entries says nothing.
        (T::List(a), T::List(b))
        | (T::LargeList(a), T::LargeList(b))
        | (T::ListView(a), T::ListView(b))
        | (T::LargeListView(a), T::LargeListView(b)) => same_layout(a.data_type(), b.data_type()),
        (T::FixedSizeList(a, n), T::FixedSizeList(b, m)) => {
            n == m && same_layout(a.data_type(), b.data_type())
        }
        (T::Map(a, _), T::Map(b, _)) => match (a.data_type(), b.data_type()) {
            (T::Struct(a), T::Struct(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| same_layout(a.data_type(), b.data_type()))
            }
            _ => false,
        },
        (T::Dictionary(ka, va), T::Dictionary(kb, vb)) => ka == kb && same_layout(va, vb),
        (T::RunEndEncoded(ka, va), T::RunEndEncoded(kb, vb)) => {
            ka.data_type() == kb.data_type() && same_layout(va.data_type(), vb.data_type())
        }
        // A zone changes how a time is shown, not what it is; its absence does.
        (T::Timestamp(a, za), T::Timestamp(b, zb)) => a == b && za.is_some() == zb.is_some(),
        _ => a == b,
    }
}
