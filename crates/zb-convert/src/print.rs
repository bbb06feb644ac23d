//! A descriptor as text of the Protobuf language.

use std::{collections::HashMap, fmt::Write as _};

use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

/// The descriptor as a proto2 file that `protoc` compiles.
///
/// ```
/// use arrow_schema::{DataType, Field, Schema};
/// use zb_convert::{Encoder, Options};
///
/// let schema = Schema::new(vec![Field::new("id", DataType::Int64, false)]);
/// let encoder = Encoder::new(&schema, Options::default())?;
/// assert_eq!(
///     zb_convert::proto_text(encoder.descriptor()),
///     "syntax = \"proto2\";\n\nmessage Record {\n  required int64 id = 1;\n}\n",
/// );
/// # Ok::<(), zb_convert::SchemaError>(())
/// ```
pub fn proto_text(descriptor: &DescriptorProto) -> String {
    let mut out = String::from("syntax = \"proto2\";\n\n");
    message(descriptor, 0, &mut out);
    out
}

fn message(message: &DescriptorProto, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let _ = writeln!(out, "{indent}message {} {{", message.name());
    for nested in message.nested_type.iter().filter(|m| !is_map_entry(m)) {
        self::message(nested, depth + 1, out);
        out.push('\n');
    }
    let mut json_names = HashMap::new();
    for field in &message.field {
        *json_names
            .entry(default_json_name(field.name()))
            .or_insert(0) += 1;
    }
    for field in &message.field {
        let name = field.name();
        let number = field.number();
        let label = match map_entry(message, field) {
            Some(entry) => {
                let part = |i: usize| entry.field.get(i).map_or("", type_name);
                format!("map<{}, {}>", part(0), part(1))
            }
            None => {
                let label = match field.label() {
                    Label::Optional => "optional",
                    Label::Required => "required",
                    Label::Repeated => "repeated",
                };
                format!("{label} {}", type_name(field))
            }
        };
        // Where two columns would come to the same name in JSON, each keeps its own.
        let json_name = if json_names[&default_json_name(name)] > 1 {
            format!(" [json_name = {name:?}]")
        } else {
            String::new()
        };
        let _ = writeln!(out, "{indent}  {label} {name} = {number}{json_name};");
    }
    let _ = writeln!(out, "{indent}}}");
}

pub(crate) fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(prost_types::MessageOptions::map_entry)
}

fn map_entry<'a>(
    message: &'a DescriptorProto,
    field: &FieldDescriptorProto,
) -> Option<&'a DescriptorProto> {
    let name = field.type_name().rsplit('.').next()?;
    message
        .nested_type
        .iter()
        .find(|m| field.r#type() == Type::Message && m.name() == name && is_map_entry(m))
}

/// The type as a field of the message's own scope names it.
fn type_name(field: &FieldDescriptorProto) -> &str {
    match keyword(field.r#type()) {
        Some(keyword) => keyword,
        // Absolute, so that no field or message of the same name comes between.
        None => field.type_name(),
    }
}

/// The type of a field; `None` when it has none that Protobuf knows. Where only the name of a
/// message is given, it is that.
pub(crate) fn type_of(field: &FieldDescriptorProto) -> Option<Type> {
    match field.r#type {
        Some(number) => Type::try_from(number).ok(),
        None => field.type_name.as_ref().map(|_| Type::Message),
    }
}

/// The keyword of a scalar type; `None` for messages, enums and groups.
pub(crate) fn keyword(r#type: Type) -> Option<&'static str> {
    Some(match r#type {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        Type::Group | Type::Message | Type::Enum => return None,
    })
}

/// The name that `protoc` gives a field in JSON: underscores dropped, the letter after each
/// raised.
fn default_json_name(name: &str) -> String {
    let mut raise = false;
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '_' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            out.push(c.to_ascii_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}
