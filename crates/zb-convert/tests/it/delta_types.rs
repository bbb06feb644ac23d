//! The last column of the type table, written down once more.

use std::sync::Arc;

use arrow_schema::{DataType as T, Field, FieldRef, Fields, Schema, TimeUnit};

use crate::expected::planned_values;

/// The schema that a Delta table of these columns reads back as.
pub(crate) fn schema(planned: &Schema) -> Schema {
    Schema::new(fields(planned.fields()))
}

fn fields(planned: &Fields) -> Fields {
    let named = |field: &FieldRef| renamed(field, field.name(), field.is_nullable());
    planned.iter().map(named).collect()
}

fn renamed(field: &Field, name: &str, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, data_type(field), nullable))
}

fn data_type(field: &Field) -> T {
    match planned_values(field.data_type()) {
        T::UInt8 => T::Int16,
        T::UInt16 => T::Int32,
        T::UInt32 | T::UInt64 | T::Time32(_) | T::Time64(_) | T::Duration(_) => T::Int64,
        T::Float16 => T::Float32,
        T::LargeUtf8 | T::Utf8View => T::Utf8,
        T::FixedSizeBinary(_) if field.extension_type_name() == Some("arrow.uuid") => T::Utf8,
        T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
        T::Date64 => T::Date32,
        T::Timestamp(_, None) => T::Timestamp(TimeUnit::Microsecond, None),
        T::Timestamp(..) => T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
            match s {
                0.. => T::Decimal128(*p, *s),
                _ => T::Decimal128(p + s.unsigned_abs(), 0),
            }
        }
        T::Struct(children) => T::Struct(fields(children)),
        T::List(item)
        | T::LargeList(item)
        | T::ListView(item)
        | T::LargeListView(item)
        | T::FixedSizeList(item, _) => T::List(renamed(item, "element", item.is_nullable())),
        T::Map(entries, _) => {
            let T::Struct(parts) = entries.data_type() else {
                unreachable!("the entries of a map are structs")
            };
            let entry = Fields::from(vec![
                renamed(&parts[0], "key", false),
                renamed(&parts[1], "value", parts[1].is_nullable()),
            ]);
            T::Map(
                Arc::new(Field::new("key_value", T::Struct(entry), false)),
                false,
            )
        }
        same => same.clone(),
    }
}
