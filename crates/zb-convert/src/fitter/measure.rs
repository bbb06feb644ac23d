//! How much memory rows take.

use arrow_array::{Array, RecordBatch, cast::AsArray as _};
use arrow_schema::DataType;

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

fn of(array: &dyn Array) -> usize {
    let exact = array.to_data().get_slice_memory_size();
    exact.unwrap_or_else(|_| array.get_array_memory_size())
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
