//! The types that the service takes over Arrow Flight for the columns of a table.
//!
//! They are those of the official SDK's `arrow_schema_from_uc_schema`: what lists and maps call
//! their parts included, so that the service need not rename anything.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields};

use crate::{
    SchemaError, SchemaProblem, SchemaProblemKind, TABLE_TYPE,
    delta::delta_type,
    shape::{Column, Shape, extension},
    variant,
};

pub(super) fn field(column: &Column) -> FieldRef {
    named(column, &column.name, column.nullable)
}

fn named(column: &Column, name: &str, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, data_type(column), nullable))
}

fn data_type(column: &Column) -> DataType {
    match &column.shape {
        Shape::Message(children) => DataType::Struct(children.iter().map(field).collect()),
        Shape::List(item) => DataType::List(named(item, "item", true)),
        Shape::Map(key, value) => {
            let parts = Fields::from(vec![
                named(key, "keys", false),
                named(value, "values", true),
            ]);
            let entries = Field::new("entries", DataType::Struct(parts), false);
            DataType::Map(Arc::new(entries), false)
        }
        Shape::Scalar(_) => match delta_type(column) {
            DataType::Utf8 | DataType::Decimal128(..) => DataType::LargeUtf8,
            DataType::Binary => DataType::LargeBinary,
            other => other,
        },
    }
}

/// What Protobuf takes and Flight does not: a variant, whose JSON is not the binary form that goes
/// over Flight, and bytes and lists of no length, of which arrow cannot say how many it has.
pub(super) fn refuse<'a>(
    fields: impl IntoIterator<Item = &'a FieldRef>,
) -> Result<(), SchemaError> {
    let fields = fields.into_iter();
    let problems =
        fields.filter_map(|field| Some(SchemaProblem::new(field.name(), refused(field)?)));
    let problems: Vec<_> = problems.collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(SchemaError::new(problems))
    }
}

fn refused(field: &Field) -> Option<SchemaProblemKind> {
    let called = field.metadata().get(TABLE_TYPE);
    if called.is_some_and(|name| name.eq_ignore_ascii_case("variant"))
        || extension(field).is_some_and(variant::is_name)
    {
        return Some(SchemaProblemKind::UnsupportedExtension {
            name: variant::NAME.to_owned(),
            remedy: "send rows with variants as Protobuf",
        });
    }
    refused_type(field.data_type())
}

fn refused_type(data_type: &DataType) -> Option<SchemaProblemKind> {
    match data_type {
        DataType::FixedSizeBinary(0) | DataType::FixedSizeList(_, 0) => {
            Some(SchemaProblemKind::Unsupported {
                found: data_type.clone(),
                remedy: "drop the column, which says nothing",
            })
        }
        DataType::Struct(fields) => fields.iter().find_map(|field| refused(field)),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::Map(item, _)
        | DataType::RunEndEncoded(_, item) => refused(item),
        DataType::Dictionary(_, values) => refused_type(values),
        _ => None,
    }
}
