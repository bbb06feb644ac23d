//! From the types that the service wants to those that a table reads back.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Decimal128Array, ListArray, MapArray, StructArray, cast::AsArray,
};
use arrow_buffer::NullBuffer;
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Fields};

/// The same values with another type; or what is wrong with the first one that cannot have it.
///
/// `path` is for the words. What is null because `around` is has no value that could be wrong.
pub(super) fn convert(
    array: &ArrayRef,
    to: &DataType,
    path: &str,
    around: Option<&NullBuffer>,
) -> Result<ArrayRef, String> {
    let say = |error: ArrowError| format!("column `{path}`: {error}");
    Ok(match (array.data_type(), to) {
        (from, to) if from == to => array.clone(),
        (DataType::LargeUtf8, DataType::Decimal128(precision, scale)) => {
            Arc::new(decimals(array, (*precision, *scale), path, around)?)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            Arc::new(structs(array.as_struct(), fields, path, around)?)
        }
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            let path = format!("{path}.element");
            let values = convert(list.values(), element.data_type(), &path, None)?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(element.clone(), offsets, values, nulls).map_err(say)?)
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(format!("column `{path}` is a map without entries"));
            };
            let pairs = structs(map.entries(), fields, path, None)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            let map = MapArray::try_new(entries.clone(), offsets, pairs, nulls, *sorted);
            Arc::new(map.map_err(say)?)
        }
        (_, to) => cast(array, to).map_err(say)?,
    })
}

/// Field after field: the names may differ.
fn structs(
    array: &StructArray,
    fields: &Fields,
    path: &str,
    around: Option<&NullBuffer>,
) -> Result<StructArray, String> {
    let nulls = NullBuffer::union(array.nulls(), around);
    let columns = array.columns().iter().zip(fields).map(|(column, field)| {
        let path = format!("{path}.{}", field.name());
        convert(column, field.data_type(), &path, nulls.as_ref())
    });
    let columns = columns.collect::<Result<_, _>>()?;
    StructArray::try_new(fields.clone(), columns, array.nulls().cloned())
        .map_err(|error| format!("column `{path}`: {error}"))
}

fn decimals(
    array: &ArrayRef,
    (precision, scale): (u8, i8),
    path: &str,
    around: Option<&NullBuffer>,
) -> Result<Decimal128Array, String> {
    let values = array.as_string::<i64>();
    let nulls = NullBuffer::union(values.nulls(), around);
    let mut row = 0;
    let parsed = values.iter().map(|text| {
        let there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        row += 1;
        match text.filter(|_| there) {
            None => Ok(None),
            Some(text) => match zb_convert::parse_decimal(text, precision, scale) {
                Some(value) => Ok(Some(value)),
                None => Err(format!(
                    "column `{path}`: {text:?} is no DECIMAL({precision}, {scale})"
                )),
            },
        }
    });
    let parsed: Decimal128Array = parsed.collect::<Result<_, _>>()?;
    parsed
        .with_precision_and_scale(precision, scale)
        .map_err(|error| format!("column `{path}`: {error}"))
}
