//! Columns with values inside: lists, variants, dictionaries and runs, whatever their layout.

use std::ops::Range;

use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, GenericListArray, GenericListViewArray, PrimitiveArray,
    RunArray, StructArray,
    cast::AsArray,
    types::{
        Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::DataType;

use crate::variant;

/// The lists of a column.
pub(crate) enum Lists<'a> {
    List(&'a GenericListArray<i32>),
    LargeList(&'a GenericListArray<i64>),
    View(&'a GenericListViewArray<i32>),
    LargeView(&'a GenericListViewArray<i64>),
    FixedSize(&'a FixedSizeListArray),
}

impl<'a> Lists<'a> {
    /// `None` for an array that is no list.
    pub(super) fn new(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::List(_) => Self::List(array.as_list()),
            DataType::LargeList(_) => Self::LargeList(array.as_list()),
            DataType::ListView(_) => Self::View(array.as_list_view()),
            DataType::LargeListView(_) => Self::LargeView(array.as_list_view()),
            DataType::FixedSizeList(..) => Self::FixedSize(array.as_fixed_size_list()),
            _ => return None,
        })
    }

    /// The items of all lists.
    pub(super) fn values(&self) -> &'a dyn Array {
        let values: &ArrayRef = match self {
            Self::List(a) => a.values(),
            Self::LargeList(a) => a.values(),
            Self::View(a) => a.values(),
            Self::LargeView(a) => a.values(),
            Self::FixedSize(a) => a.values(),
        };
        values.as_ref()
    }

    /// The items of the list at `index`, as a range of the values.
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
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

    #[inline]
    pub(super) fn is_null(&self, index: usize) -> bool {
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
    pub(super) fn new(structs: &'a StructArray) -> Option<Self> {
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

impl<'a> Keys<'a> {
    /// Of a dictionary array with keys of the type `key`.
    pub(super) fn new(array: &'a dyn Array, key: &DataType) -> Self {
        match key {
            DataType::Int8 => Self::Int8(array.as_dictionary().keys()),
            DataType::Int16 => Self::Int16(array.as_dictionary().keys()),
            DataType::Int32 => Self::Int32(array.as_dictionary().keys()),
            DataType::Int64 => Self::Int64(array.as_dictionary().keys()),
            DataType::UInt8 => Self::UInt8(array.as_dictionary().keys()),
            DataType::UInt16 => Self::UInt16(array.as_dictionary().keys()),
            DataType::UInt32 => Self::UInt32(array.as_dictionary().keys()),
            _ => Self::UInt64(array.as_dictionary().keys()),
        }
    }

    /// The index of a row's value.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<usize> {
        keys!(self, a => a.is_valid(row).then(|| a.value(row).as_usize()))
    }

    /// The indices of the values of the rows from `start` on, whatever they are for nulls.
    #[inline]
    pub(super) fn fill(&self, start: usize, to: &mut [usize]) {
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

impl<'a> RunEnds<'a> {
    /// Of a run-end encoded array with ends of the type `end`.
    pub(super) fn new(array: &'a dyn Array, end: &DataType) -> Self {
        match end {
            DataType::Int16 => Self::Int16(array.as_run()),
            DataType::Int32 => Self::Int32(array.as_run()),
            _ => Self::Int64(array.as_run()),
        }
    }

    /// The values, one for each run.
    pub(super) fn values(&self) -> &'a dyn Array {
        let values: &ArrayRef = match self {
            Self::Int16(a) => a.values(),
            Self::Int32(a) => a.values(),
            Self::Int64(a) => a.values(),
        };
        values.as_ref()
    }

    /// The index of a row's value.
    #[inline]
    pub(super) fn get(&self, row: usize) -> usize {
        run_ends!(self, a => a.get_physical_index(row))
    }

    /// The indices of the values of the rows from `start` on.
    #[inline]
    pub(super) fn fill(&self, start: usize, to: &mut [usize]) {
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
