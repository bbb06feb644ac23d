//! How much memory rows take.

use arrow_array::{
    Array, GenericListArray, OffsetSizeTrait, RecordBatch, UInt32Array, cast::AsArray as _,
};
use arrow_schema::{ArrowError, DataType};
use arrow_select::take::take_record_batch;

/// What the rows of a batch take, without what lies around them in buffers that are shared.
pub(super) fn bytes(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns.map(|column| of(column.as_ref())).sum()
}

/// So many of `rows` as come to `limit` bytes, when all of them come to `bytes`; a little fewer, for
/// rows are not all of one size.
pub(super) fn share(rows: usize, limit: usize, bytes: usize) -> usize {
    let exact = rows as u128 * limit as u128 / bytes.max(1) as u128;
    usize::try_from(exact - exact / 16).unwrap_or(rows)
}

/// How many rows of a batch from `start` on, and `most`, may come to `limit` bytes; a guess.
pub(super) fn rows_within(batch: &RecordBatch, start: usize, most: usize, limit: usize) -> usize {
    let slice = batch.slice(start, most);
    let columns = slice.columns().iter();
    let bytes: usize = columns.map(|column| unpacked(column.as_ref())).sum();
    if bytes <= limit {
        most
    } else {
        share(most, limit, bytes)
    }
}

/// Rows of a batch whose buffers are far larger than the rows, in buffers of their own. Whoever sends them
/// over Flight goes by the size of the buffers, and would cut them into many small messages.
pub(super) fn compact(batch: RecordBatch, bytes: usize) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter();
    let held: usize = columns.map(Array::get_buffer_memory_size).sum();
    if held / MOST_HELD <= bytes {
        return Ok(batch);
    }
    let rows = UInt32Array::from_iter_values((0..batch.num_rows()).map(|row| row as u32));
    take_record_batch(&batch, &rows)
}

/// How many times their size the buffers of rows may be.
const MOST_HELD: usize = 8;

fn of(array: &dyn Array) -> usize {
    let validity = array.nulls().map_or(0, |nulls| nulls.len().div_ceil(8));
    match array.data_type() {
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().iter();
            validity + columns.map(|column| of(column)).sum::<usize>()
        }
        DataType::List(_) => validity + items_of(array.as_list::<i32>()),
        DataType::LargeList(_) => validity + items_of(array.as_list::<i64>()),
        DataType::Map(..) => {
            let map = array.as_map();
            let (first, count) = used(map.value_offsets());
            validity + size_of_val(map.value_offsets()) + of(&map.entries().slice(first, count))
        }
        // arrow counts all items of a list, whatever part of it is used; of these it counts that part.
        _ => {
            let exact = array.to_data().get_slice_memory_size();
            exact.unwrap_or_else(|_| array.get_array_memory_size())
        }
    }
}

fn items_of<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> usize {
    let (first, count) = used(list.value_offsets());
    size_of_val(list.value_offsets()) + of(&list.values().slice(first, count))
}

/// The first item that is used, and how many are.
fn used<O: OffsetSizeTrait>(offsets: &[O]) -> (usize, usize) {
    match offsets {
        [first, .., last] => (first.as_usize(), last.as_usize() - first.as_usize()),
        _ => (0, 0),
    }
}

/// What an array may take when each row has its value for itself.
fn unpacked(array: &dyn Array) -> usize {
    let each = |values: &dyn Array| array.len() * of(values).div_ceil(values.len().max(1));
    match array.data_type() {
        DataType::Dictionary(..) => each(array.as_any_dictionary().values().as_ref()),
        // Runs have no common type to be read by; they are short where they are of use.
        DataType::RunEndEncoded(_, values) => {
            array.len() * values.data_type().primitive_width().unwrap_or(16)
        }
        _ => of(array),
    }
}
