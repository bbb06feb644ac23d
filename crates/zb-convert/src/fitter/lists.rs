//! Lists and maps: their items are laid out anew, where they begin and end stays.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ListArray, MapArray, StructArray, UInt32Array, cast::AsArray as _,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, FieldRef, Fields};
use arrow_select::take::take;

use super::layout::Layout;

/// `array` is a list of any kind.
pub(super) fn list(
    array: &ArrayRef,
    item: &FieldRef,
    items: &Layout,
) -> Result<ArrayRef, ArrowError> {
    let array = match array.data_type() {
        DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => cast(array, &DataType::List(item.clone()))?,
        _ => array.clone(),
    };
    let full = array.as_list::<i32>();
    let array = if hides_items(full.offsets(), full.nulls()) {
        without_hidden(&array)?
    } else {
        array
    };
    let list = array.as_list::<i32>();
    let (offsets, first, count) = from_zero(list.offsets());
    let values = items.apply(&list.values().slice(first, count), None)?;
    let nulls = list.nulls().cloned();
    Ok(Arc::new(ListArray::try_new(
        item.clone(),
        offsets,
        values,
        nulls,
    )?))
}

pub(super) fn map(
    array: &ArrayRef,
    entries: &FieldRef,
    parts: &Fields,
    keys: &Layout,
    values: &Layout,
) -> Result<ArrayRef, ArrowError> {
    let full = array.as_map();
    let array = if hides_items(full.offsets(), full.nulls()) {
        without_hidden(array)?
    } else {
        array.clone()
    };
    let map = array.as_map();
    let (offsets, first, count) = from_zero(map.offsets());
    let keys = keys.apply(&map.keys().slice(first, count), None)?;
    let values = values.apply(&map.values().slice(first, count), None)?;
    let pairs = StructArray::try_new(parts.clone(), vec![keys, values], None)?;
    let nulls = map.nulls().cloned();
    let sorted = false;
    Ok(Arc::new(MapArray::try_new(
        entries.clone(),
        offsets,
        pairs,
        nulls,
        sorted,
    )?))
}

/// Whether there are items in lists that are null, which are nobody's and may be anything.
fn hides_items(offsets: &OffsetBuffer<i32>, nulls: Option<&NullBuffer>) -> bool {
    let lengths = || offsets.lengths().enumerate();
    nulls.is_some_and(|nulls| lengths().any(|(row, length)| length > 0 && nulls.is_null(row)))
}

fn without_hidden(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let rows = UInt32Array::from_iter_values((0..array.len()).map(|row| row as u32));
    take(array, &rows, None)
}

/// The offsets counted from the first item that is used, which one that is, and how many are used.
fn from_zero(offsets: &OffsetBuffer<i32>) -> (OffsetBuffer<i32>, usize, usize) {
    // Offsets are never negative, never fewer than one, and never go down.
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let used = (last - first) as usize;
    if first == 0 {
        return (offsets.clone(), 0, used);
    }
    let moved: ScalarBuffer<i32> = offsets.iter().map(|offset| offset - first).collect();
    (OffsetBuffer::new(moved), first as usize, used)
}
