//! What a skilled engineer writes: a struct for each data set, filled from the arrays, encoded by
//! prost.

mod column;
mod nested;
mod wide;

use arrow_array::{
    BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use prost::Message;

pub(crate) use column::put_decimal;
use column::{Column, Decimal, Milliseconds, Words};
pub(crate) use nested::NestedRow;
pub(crate) use wide::WideRow;

/// A struct of one data set, and how it is filled.
pub(crate) trait Record: Message + Default {
    /// The arrays of a batch, each as what it is.
    type Columns<'a>;

    fn bind(batch: &RecordBatch) -> Self::Columns<'_>;

    /// Every field is written, so that a struct may be used again. Strings keep their memory.
    fn fill(&mut self, columns: &Self::Columns<'_>, row: usize);
}

/// A struct as prost-build writes it, and for each field the array that it comes from, in the
/// order of the columns.
macro_rules! record {
    ($row:ident, $columns:ident<$a:lifetime> {
        $($tag:tt $name:ident: $kind:ident $value:ty = $column:ty,)*
    }) => {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(crate) struct $row {
            $(#[prost($kind, optional, tag = $tag)] $name: Option<$value>,)*
        }

        pub(crate) struct $columns<$a> {
            $($name: $column,)*
        }

        impl $crate::by_hand::Record for $row {
            type Columns<$a> = $columns<$a>;

            fn bind(batch: &arrow_array::RecordBatch) -> $columns<'_> {
                let mut columns = batch.columns().iter();
                $columns {
                    $($name: $crate::by_hand::Column::bind(columns.next().unwrap().as_ref()),)*
                }
            }

            fn fill(&mut self, columns: &$columns<'_>, row: usize) {
                $($crate::by_hand::Column::put(&columns.$name, row, &mut self.$name);)*
            }
        }
    };
}
use record;

record! { FlatRow, FlatColumns<'a> {
    "1" id: int64 i64 = &'a Int64Array,
    "2" at: int64 i64 = &'a TimestampMicrosecondArray,
    "3" value: double f64 = &'a Float64Array,
    "4" count: int32 i32 = &'a Int32Array,
    "5" flag: bool bool = &'a BooleanArray,
    "6" name: string String = &'a StringArray,
    "7" code: string String = &'a StringArray,
}}

record! { StringsRow, StringsColumns<'a> {
    "1" id: int64 i64 = &'a Int64Array,
    "2" body: string String = &'a StringArray,
}}

record! { DictionaryRow, DictionaryColumns<'a> {
    "1" id: int64 i64 = &'a Int64Array,
    "2" country: string String = Words<'a>,
    "3" city: string String = Words<'a>,
    "4" state: string String = Words<'a>,
}}

record! { DecimalsRow, DecimalsColumns<'a> {
    "1" id: int64 i64 = &'a Int64Array,
    "2" price: string String = Decimal<'a>,
    "3" amount: string String = Decimal<'a>,
    "4" total: string String = Decimal<'a>,
}}

record! { FlightsRow, FlightsColumns<'a> {
    "1" year: int64 i64 = &'a Int64Array,
    "2" month: int64 i64 = &'a Int64Array,
    "3" day: int64 i64 = &'a Int64Array,
    "4" dep_time: int64 i64 = &'a Int64Array,
    "5" sched_dep_time: int64 i64 = &'a Int64Array,
    "6" dep_delay: int64 i64 = &'a Int64Array,
    "7" arr_time: int64 i64 = &'a Int64Array,
    "8" sched_arr_time: int64 i64 = &'a Int64Array,
    "9" arr_delay: int64 i64 = &'a Int64Array,
    "10" carrier: string String = &'a StringArray,
    "11" flight: int64 i64 = &'a Int64Array,
    "12" tailnum: string String = &'a StringArray,
    "13" origin: string String = &'a StringArray,
    "14" dest: string String = &'a StringArray,
    "15" air_time: int64 i64 = &'a Int64Array,
    "16" distance: int64 i64 = &'a Int64Array,
    "17" hour: int64 i64 = &'a Int64Array,
    "18" minute: int64 i64 = &'a Int64Array,
    "19" time_hour: int64 i64 = Milliseconds<'a>,
}}
