//! What a row may unfold to: bytes nobody vouches for must not become memory without a bound.
//!
//! Two bytes on the wire, an empty message, make a slot in each column of a struct, and a struct
//! may have 2000 columns in each of its own structs. What the row's own slots take is known
//! beforehand; items of lists and entries of maps are counted against an allowance.

use std::{mem::size_of, sync::Arc};

use arrow_schema::DataType;

use crate::{
    RowErrorKind,
    reading::{FieldPlan, Inner},
    row_error::Fault,
};

/// Sparse data is honest: an item of a struct with 200 nullable columns takes 1.8 KB and, with a
/// few of them set, some ten bytes on the wire. 1 MiB is over 500 of these, or 50 items of the
/// widest struct there is, whatever their bytes. Small rows are many, and
/// [`Decoder::decode_chunk`](crate::Decoder::decode_chunk) bounds these.
pub(crate) const FLOOR: usize = 1 << 20;

/// Nothing but this bounds one large row: a record of the 10 MiB that the service takes comes to
/// 641 MiB at the worst. Items of 200 columns come through with 29 bytes each, a key and two or
/// three values. Scalars stay far below, with 9 bytes for one on the wire in a list, and 21 in a
/// map.
pub(crate) const FACTOR: usize = 64;

/// What is left to one row.
#[derive(Debug)]
pub(crate) struct Allowance {
    row: usize,
    whole: usize,
    left: usize,
}

impl Allowance {
    /// Of a row of so many bytes.
    pub(crate) fn new(row: usize) -> Self {
        let whole = row.saturating_mul(FACTOR).saturating_add(FLOOR);
        Self {
            row,
            whole,
            left: whole,
        }
    }

    /// Takes bytes for slots of the column at `path`.
    #[inline]
    pub(crate) fn take(&mut self, bytes: usize, path: &Arc<str>) -> Result<(), Fault> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.exceeded(path)),
        }
    }

    #[cold]
    fn exceeded(&self, path: &Arc<str>) -> Fault {
        let found = format_args!("over {} bytes from {}", self.whole, self.row);
        Fault::found(path, RowErrorKind::Unfolds, found)
    }

    pub(crate) fn taken(&self) -> usize {
        self.whole - self.left
    }
}

/// What one slot of a column takes, the columns of a struct included: its value or the end of its
/// text or list, and a whole byte for the bit that says whether it is null. What is in lists and
/// maps is counted item by item.
pub(crate) fn slot_bytes(data_type: &DataType, inner: &Inner) -> usize {
    let value = match inner {
        Inner::Message(message) => message.slot_bytes,
        Inner::List(_) | Inner::Map(_) => size_of::<usize>(),
        Inner::Scalar(_) => match data_type {
            DataType::Boolean => 1,
            // Text and bytes have an end.
            other => other.primitive_width().unwrap_or(size_of::<usize>()),
        },
    };
    value.saturating_add(1)
}

/// What one entry of a map takes, with its place among the sorted keys.
pub(crate) fn entry_bytes(key: &FieldPlan, value: &FieldPlan) -> usize {
    (key.slot_bytes.saturating_add(value.slot_bytes)).saturating_add(size_of::<usize>())
}
