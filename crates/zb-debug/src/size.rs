//! How much of a batch there is, where its arrays are windows on larger ones.

use arrow_array::{
    Array, ArrayRef, GenericByteArray, OffsetSizeTrait, RecordBatch,
    cast::AsArray as _,
    types::{ByteArrayType, ByteViewType},
};
use arrow_schema::DataType;

/// The bytes of the rows in a batch, not of the buffers that they lie in.
pub(crate) fn of(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| array(column)).sum()
}

fn array(array: &dyn Array) -> usize {
    use DataType as T;
    let nulls = array.nulls().map_or(0, |nulls| nulls.len().div_ceil(8));
    let values = match array.data_type() {
        T::Utf8 => bytes(array.as_string::<i32>()),
        T::LargeUtf8 => bytes(array.as_string::<i64>()),
        T::Binary => bytes(array.as_binary::<i32>()),
        T::LargeBinary => bytes(array.as_binary::<i64>()),
        T::Utf8View => views(array.as_string_view()),
        T::BinaryView => views(array.as_binary_view()),
        T::List(_) => {
            let list = array.as_list::<i32>();
            items(list.value_offsets(), list.values())
        }
        T::LargeList(_) => {
            let list = array.as_list::<i64>();
            items(list.value_offsets(), list.values())
        }
        T::Map(..) => {
            let map = array.as_map();
            let entries = map.entries();
            let offsets = map.value_offsets();
            let (from, to) = ends(offsets);
            let entries = entries.slice(from, to.saturating_sub(from));
            std::mem::size_of_val(offsets) + columns(entries.columns())
        }
        T::FixedSizeList(..) => self::array(array.as_fixed_size_list().values()),
        T::Struct(_) => columns(array.as_struct().columns()),
        T::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            self::array(dictionary.keys()) + self::array(dictionary.values())
        }
        kind => match kind.primitive_width() {
            Some(width) => array.len() * width,
            None => array.to_data().get_slice_memory_size().unwrap_or_default(),
        },
    };
    nulls + values
}

fn columns(columns: &[ArrayRef]) -> usize {
    columns.iter().map(|column| array(column)).sum()
}

fn items<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef) -> usize {
    let (from, to) = ends(offsets);
    let items = values.slice(from, to.saturating_sub(from));
    std::mem::size_of_val(offsets) + array(&items)
}

fn bytes<T: ByteArrayType>(array: &GenericByteArray<T>) -> usize {
    let (from, to) = ends(array.value_offsets());
    std::mem::size_of_val(array.value_offsets()) + to.saturating_sub(from)
}

fn ends<O: OffsetSizeTrait>(offsets: &[O]) -> (usize, usize) {
    let end = |offset: Option<&O>| offset.map_or(0, |offset| offset.as_usize());
    (end(offsets.first()), end(offsets.last()))
}

fn views<T: ByteViewType>(array: &arrow_array::GenericByteViewArray<T>) -> usize {
    array.len() * size_of::<u128>() + array.total_buffer_bytes_used()
}
