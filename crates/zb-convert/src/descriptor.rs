//! The Protobuf descriptor of a schema: proto2, self-contained, names dotted from the root.

use std::collections::HashSet;

use prost_types::{
    DescriptorProto, FieldDescriptorProto, MessageOptions,
    field_descriptor_proto::{Label, Type},
};

use crate::shape::{Column, Scalar, Shape};

/// Builds the message `name` with `columns` as its fields, numbered from 1 in their order.
pub(crate) fn message(name: &str, columns: &[Column]) -> DescriptorProto {
    nested(name.to_owned(), &format!(".{name}"), columns)
}

/// `full_name` is dotted from the root, with a leading dot, as the service and every descriptor
/// pool resolve it.
fn nested(name: String, full_name: &str, columns: &[Column]) -> DescriptorProto {
    // Fields and nested messages share one scope in Protobuf.
    let mut taken: HashSet<String> = columns.iter().map(|c| c.name.clone()).collect();
    let mut message = DescriptorProto {
        name: Some(name),
        ..DescriptorProto::default()
    };
    for (position, column) in columns.iter().enumerate() {
        let number = i32::try_from(position + 1).unwrap_or(i32::MAX);
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
                let name = unique(&format!("{}Entry", pascal_case(&column.name)), &mut taken);
                let full = format!("{full_name}.{name}");
                message.nested_type.push(entry(name, &full, key, value));
                field.set_label(Label::Repeated);
                field.set_type(Type::Message);
                field.type_name = Some(full);
            }
            // The shape of a list's item is never a list.
            Shape::List(_) => {}
        }
        message.field.push(field);
    }
    message
}

fn entry(name: String, full_name: &str, key: &Column, value: &Column) -> DescriptorProto {
    // Whatever the fields are called in Arrow, Protobuf calls them key and value.
    let columns = [("key", key), ("value", value)].map(|(name, column)| Column {
        name: name.to_owned(),
        nullable: true,
        ..column.clone()
    });
    DescriptorProto {
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..nested(name, full_name, &columns)
    }
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

fn pascal_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split('_').filter(|w| !w.is_empty()) {
        let (head, tail) = word.split_at(1); // names are ASCII
        out.push_str(&head.to_ascii_uppercase());
        out.push_str(tail);
    }
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) {
        out
    } else {
        format!("M{out}")
    }
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
