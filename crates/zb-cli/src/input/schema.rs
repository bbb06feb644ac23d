//! Schemas of several files that must be one.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Schema};

use super::error::Difference;

/// The first difference in number, names and types of the columns. Nullability does not count.
pub(super) fn difference(here: &Schema, there: &Schema) -> Option<Difference> {
    let (left, right) = (here.fields(), there.fields());
    let pairs = left.iter().zip(right).enumerate();
    for (i, (here, there)) in pairs {
        if here.name() != there.name() {
            return Some(Difference::Name {
                column: i + 1,
                here: here.name().clone(),
                there: there.name().clone(),
            });
        }
        if here.data_type() != there.data_type() {
            return Some(Difference::Type {
                column: here.name().clone(),
                here: here.data_type().clone(),
                there: there.data_type().clone(),
            });
        }
        if here.extension_type_name() != there.extension_type_name() {
            return Some(Difference::Extension {
                column: here.name().clone(),
                here: here.extension_type_name().map(str::to_owned),
                there: there.extension_type_name().map(str::to_owned),
            });
        }
    }
    (left.len() != right.len()).then(|| Difference::Count {
        here: left.len(),
        there: right.len(),
    })
}

/// `schema`, with every column nullable that is so in `other` too.
pub(super) fn with_nulls_of(schema: &Schema, other: &Schema) -> Schema {
    let fields = schema.fields().iter().zip(other.fields());
    let fields = fields.map(|(field, other)| {
        if other.is_nullable() && !field.is_nullable() {
            Arc::new(field.as_ref().clone().with_nullable(true))
        } else {
            FieldRef::clone(field)
        }
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

/// Columns of which a sample shows nothing but nulls are text, at any depth: text holds whatever
/// comes later, and a column of nulls would hold none of it.
pub(super) fn nulls_as_text(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Null => DataType::Utf8,
        DataType::List(item) => DataType::List(nulls_as_text(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(nulls_as_text).collect()),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}
