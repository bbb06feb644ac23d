//! What rows weigh: the bytes of their values, without offsets and validity.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_schema::DataType;

/// The bytes of each row.
pub(super) fn of_rows(batch: &RecordBatch) -> Vec<usize> {
    (0..batch.num_rows())
        .map(|row| of_columns(batch.columns(), row..row + 1))
        .collect()
}

/// The bytes of all rows together.
pub(super) fn of(batch: &RecordBatch) -> usize {
    of_columns(batch.columns(), 0..batch.num_rows())
}

fn of_columns(columns: &[ArrayRef], rows: Range<usize>) -> usize {
    let columns = columns.iter();
    columns.map(|column| of_values(column, rows.clone())).sum()
}

/// Layouts that no stream may have count as nothing.
fn of_values(array: &dyn Array, rows: Range<usize>) -> usize {
    match array.data_type() {
        DataType::LargeUtf8 => extent(array.as_string::<i64>().value_offsets(), &rows).len(),
        DataType::LargeBinary => extent(array.as_binary::<i64>().value_offsets(), &rows).len(),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            of_values(list.values(), extent(list.value_offsets(), &rows))
        }
        DataType::Map(..) => {
            let map = array.as_map();
            of_values(map.entries(), extent(map.value_offsets(), &rows))
        }
        DataType::Struct(_) => of_columns(array.as_struct().columns(), rows),
        DataType::Boolean => rows.len(),
        other => other.primitive_width().unwrap_or(0) * rows.len(),
    }
}

/// Where the values of these rows are. An array has an offset more than it has rows.
fn extent<O: Copy + TryInto<usize>>(offsets: &[O], rows: &Range<usize>) -> Range<usize> {
    let at = |row: usize| {
        let offset = offsets.get(row).copied();
        offset
            .and_then(|offset| offset.try_into().ok())
            .unwrap_or(0)
    };
    at(rows.start)..at(rows.end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Int32Array, LargeStringArray, ListArray, types::Int64Type};

    use super::*;

    #[test]
    fn a_row_weighs_what_its_values_do() {
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
        ]);
        let text = LargeStringArray::from(vec![None, Some("four"), Some("")]);
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "n",
                Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef,
                true,
            ),
            ("text", Arc::new(text), true),
            ("list", Arc::new(lists), true),
        ])
        .unwrap();
        assert_eq!(of_rows(&batch), [4 + 16, 4 + 4, 4]);
        assert_eq!(of(&batch), 32);
        assert_eq!(of_rows(&batch.slice(1, 2)), [8, 4]);
    }
}
