//! The Protobuf descriptor of a schema: proto2, self-contained, names dotted from the root.

use std::collections::{HashMap, HashSet};

use prost_types::{
    DescriptorProto, FieldDescriptorProto, MessageOptions,
    field_descriptor_proto::{Label, Type},
};

use crate::shape::{Column, Scalar, Shape};

/// Builds the message `name` with `columns` as its fields, under the numbers that they have.
pub(crate) fn message(name: &str, columns: &[Column]) -> DescriptorProto {
    nested(name.to_owned(), &format!(".{name}"), columns)
}

/// `full_name` is dotted from the root, with a leading dot, as the service and every descriptor
/// pool resolve it.
fn nested(name: String, full_name: &str, columns: &[Column]) -> DescriptorProto {
    // Fields and nested messages share one scope in Protobuf. The names of map entries are not
    // free: a strict parser wants them to follow from the field's.
    let mut taken: HashSet<String> = columns.iter().map(|c| c.name.clone()).collect();
    let mut entry_names = HashMap::new();
    for column in columns.iter().filter(|c| matches!(c.shape, Shape::Map(..))) {
        let name = unique(&entry_name(&column.name), &mut taken);
        entry_names.insert(column.name.as_str(), name);
    }
    let mut message = DescriptorProto {
        name: Some(name),
        ..DescriptorProto::default()
    };
    for column in columns {
        let number = i32::try_from(column.number).unwrap_or(i32::MAX);
        let (label, value) = match &column.shape {
            Shape::List(item) => (Label::Repeated, &**item),
            _ if column.nullable => (Label::Optional, column),
            _ => (Label::Required, column),
        };
        let mut field = FieldDescriptorProto {
            name: Some(column.name.clone()),
            number: Some(number),
            json_name: Some(column.name.clone()),
            ..FieldDescriptorProto::default()
        };
        field.set_label(label);
        match &value.shape {
            Shape::Scalar(scalar) => field.set_type(scalar_type(*scalar)),
            Shape::Message(children) => {
                let name = unique(&pascal_case(&column.name), &mut taken);
                let full = format!("{full_name}.{name}");
                message.nested_type.push(nested(name, &full, children));
                field.set_type(Type::Message);
                field.type_name = Some(full);
            }
            Shape::Map(key, value) => {
                let name = entry_names.remove(column.name.as_str()).unwrap_or_default();
                let mut entry = entry(name, key, value);
                if let (Shape::Message(children), Some(field)) =
                    (&value.shape, entry.field.last_mut())
                {
                    // Beside the entry: inside one there may be no message.
                    let name = unique(&format!("{}Value", pascal_case(&column.name)), &mut taken);
                    let full = format!("{full_name}.{name}");
                    message.nested_type.push(nested(name, &full, children));
                    field.type_name = Some(full);
                }
                field.type_name = Some(format!("{full_name}.{}", entry.name()));
                message.nested_type.push(entry);
                field.set_label(Label::Repeated);
                field.set_type(Type::Message);
            }
            // The shape of a list's item is never a list.
            Shape::List(_) => {}
        }
        message.field.push(field);
    }
    message
}

/// The message of a map's entry; the name of a value's message is still open.
fn entry(name: String, key: &Column, value: &Column) -> DescriptorProto {
    let field = |name: &str, number, column: &Column| {
        let mut field = FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            json_name: Some(name.to_owned()),
            ..FieldDescriptorProto::default()
        };
        field.set_label(Label::Optional);
        field.set_type(match &column.shape {
            Shape::Scalar(scalar) => scalar_type(*scalar),
            Shape::Message(_) | Shape::List(_) | Shape::Map(..) => Type::Message,
        });
        field
    };
    DescriptorProto {
        name: Some(name),
        // Whatever the fields are called in Arrow, Protobuf calls them key and value.
        field: vec![field("key", 1, key), field("value", 2, value)],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    }
}

/// What `protoc` calls the message of a map's entry.
pub(crate) fn entry_name(map: &str) -> String {
    format!("{}Entry", camel_case(map))
}

pub(crate) fn scalar_type(scalar: Scalar) -> Type {
    match scalar {
        Scalar::Bool => Type::Bool,
        Scalar::Int32 => Type::Int32,
        Scalar::Int64 => Type::Int64,
        Scalar::Float => Type::Float,
        Scalar::Double => Type::Double,
        Scalar::String => Type::String,
        Scalar::Bytes => Type::Bytes,
    }
}

/// The name of a message: in camel case, and beginning with a letter.
fn pascal_case(name: &str) -> String {
    let name = camel_case(name);
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        format!("M{name}")
    }
}

/// Underscores dropped, the letter after each and the first one raised, as `protoc` does it.
fn camel_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

fn unique(name: &str, taken: &mut HashSet<String>) -> String {
    let mut free = name.to_owned();
    let mut n = 1;
    while taken.contains(&free) {
        n += 1;
        free = format!("{name}{n}");
    }
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field, Fields, Schema};

    use super::*;
    use crate::shape;

    #[test]
    fn names_never_collide_with_fields_or_one_another() {
        let leaf = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
        let schema = Schema::new(vec![
            Field::new("trip_leg", DataType::Struct(leaf.clone()), true),
            Field::new("TripLeg", DataType::Int64, true),
            Field::new("trip__leg", DataType::Struct(leaf.clone()), true),
            Field::new("_1", DataType::Struct(leaf), true),
        ]);
        let message = message("Record", &shape::columns(&schema).unwrap());
        let names: Vec<_> = message
            .nested_type
            .iter()
            .map(prost_types::DescriptorProto::name)
            .collect();
        assert_eq!(names, ["TripLeg2", "TripLeg3", "M1"]);
        assert_eq!(message.field[0].type_name(), ".Record.TripLeg2");
    }

    #[test]
    fn a_map_of_structs_has_its_value_beside_the_entry() {
        let leaf = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
        let key = Field::new("keys", DataType::Utf8, false);
        let value = Field::new("values", DataType::Struct(leaf.clone()), true);
        let schema = Schema::new(vec![
            Field::new("tags_entry", DataType::Struct(leaf), true),
            Field::new_map("tags", "entries", key, value, false, true),
        ]);
        let message = message("Record", &shape::columns(&schema).unwrap());
        let names: Vec<_> = message
            .nested_type
            .iter()
            .map(|m| m.name().to_owned())
            .collect();
        assert_eq!(names, ["TagsEntry2", "TagsValue", "TagsEntry"]);
        let entry = &message.nested_type[2];
        assert!(entry.nested_type.is_empty());
        assert_eq!(entry.field[1].type_name(), ".Record.TagsValue");
        assert_eq!(message.field[1].type_name(), ".Record.TagsEntry");
    }

    #[test]
    fn a_map_is_an_entry_message_with_the_option_set() {
        let entries = Field::new(
            "entries",
            DataType::Struct(Fields::from(vec![
                Field::new("keys", DataType::Utf8, false),
                Field::new("values", DataType::Int64, true),
            ])),
            false,
        );
        let schema = Schema::new(vec![Field::new(
            "tags",
            DataType::Map(Arc::new(entries), false),
            false,
        )]);
        let message = message("Record", &shape::columns(&schema).unwrap());
        let entry = &message.nested_type[0];
        assert_eq!(entry.name(), "TagsEntry");
        assert_eq!(entry.options.as_ref().unwrap().map_entry, Some(true));
        assert_eq!(entry.field[0].name(), "key");
        assert_eq!(message.field[0].label(), Label::Repeated);
    }
}
