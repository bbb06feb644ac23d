//! Binding an array to the column of the plan that it is read for.

use arrow_array::{
    Array, MapArray, StructArray,
    cast::AsArray,
    types::{
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
        DurationSecondType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
        Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
        TimestampNanosecondType, TimestampSecondType,
    },
};
use arrow_schema::{DataType, TimeUnit};

use super::{Keys, Lists, RunEnds, Source, Variants};
use crate::{
    SchemaProblem, SchemaProblemKind,
    shape::{Column, Shape},
};

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
        Self::of(column, array)
    }

    /// Binds an array whose layout is the plan's, and what is inside it.
    fn of(column: &Column, array: &'a dyn Array) -> Self {
        use DataType as T;
        match array.data_type() {
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
            T::Timestamp(unit, _) => Self::Time(array, timestamps(array, *unit), *unit),
            T::Duration(unit) => Self::Time(array, durations(array, *unit), *unit),
            T::Time64(unit) => Self::time64(array, *unit),
            T::Time32(unit) => Self::time32(array, *unit),
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
            T::Struct(_) => Self::structs(column, array.as_struct()),
            T::List(_)
            | T::LargeList(_)
            | T::ListView(_)
            | T::LargeListView(_)
            | T::FixedSizeList(..) => Self::lists(column, array),
            T::Map(..) => Self::maps(column, array.as_map()),
            T::Dictionary(key, _) => Self::dictionary(column, array, key),
            T::RunEndEncoded(end, _) => Self::runs(column, array, end.data_type()),
            // The plan refuses these, and `same_layout` held the array against the plan.
            T::Null | T::Interval(_) | T::Union(..) => Self::Absent,
        }
    }

    fn time64(array: &'a dyn Array, unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Nanosecond => {
                let values = array.as_primitive::<Time64NanosecondType>().values();
                Self::Time(array, values, TimeUnit::Nanosecond)
            }
            _ => {
                let values = array.as_primitive::<Time64MicrosecondType>().values();
                Self::Time(array, values, TimeUnit::Microsecond)
            }
        }
    }

    fn time32(array: &'a dyn Array, unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Second => {
                let values = array.as_primitive::<Time32SecondType>().values();
                Self::Time32(array, values, TimeUnit::Second)
            }
            _ => {
                let values = array.as_primitive::<Time32MillisecondType>().values();
                Self::Time32(array, values, TimeUnit::Millisecond)
            }
        }
    }

    /// Structs are variants where the plan does not take them for messages.
    fn structs(column: &Column, array: &'a StructArray) -> Self {
        let Shape::Message(columns) = &column.shape else {
            return Variants::new(array).map_or(Self::Absent, Self::Variant);
        };
        let child = |column: &Column| Self::of(column, array.column(column.position).as_ref());
        Self::Struct(array, columns.iter().map(child).collect())
    }

    fn lists(column: &Column, array: &'a dyn Array) -> Self {
        let (Shape::List(item), Some(lists)) = (&column.shape, Lists::new(array)) else {
            return Self::Absent;
        };
        let values = Self::of(item, lists.values());
        Self::List(lists, Box::new(values))
    }

    fn maps(column: &Column, array: &'a MapArray) -> Self {
        let Shape::Map(key, value) = &column.shape else {
            return Self::Absent;
        };
        let keys = Self::of(key, array.keys().as_ref());
        let values = Self::of(value, array.values().as_ref());
        Self::Map(array, Box::new((keys, values)))
    }

    fn dictionary(column: &Column, array: &'a dyn Array, key: &DataType) -> Self {
        let values = array.as_any_dictionary().values().as_ref();
        let source = Self::of(column, values);
        Self::Dictionary(Keys::new(array, key), Box::new(source), values.len())
    }

    fn runs(column: &Column, array: &'a dyn Array, end: &DataType) -> Self {
        let ends = RunEnds::new(array, end);
        let values = ends.values();
        let source = Self::of(column, values);
        Self::Runs(ends, Box::new(source), values.len())
    }
}

fn timestamps(array: &dyn Array, unit: TimeUnit) -> &[i64] {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
    }
}

fn durations(array: &dyn Array, unit: TimeUnit) -> &[i64] {
    match unit {
        TimeUnit::Second => array.as_primitive::<DurationSecondType>().values(),
        TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().values(),
        TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().values(),
        TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().values(),
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
