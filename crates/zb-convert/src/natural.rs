//! The Arrow types of a descriptor that nobody has given any.

use arrow_schema::{DataType, Field, Fields, Schema};
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use crate::{
    MAX_DEPTH, SchemaError, SchemaProblem, SchemaProblemKind,
    print::{is_map_entry, keyword, type_of},
    reading::Scope,
    shape::join,
};

/// More fields in all than any table has. Descriptors come from outside, and one of a few hundred
/// bytes can unfold to more than fits any memory.
const MAX_FIELDS_IN_ALL: usize = 100_000;

/// The Arrow schema that a descriptor has by itself.
///
/// What only a table's schema can say is not there: dates and times are integers, decimals are
/// strings.
///
/// # Errors
///
/// When a field has a type that no table has (an enum, an unsigned or a fixed-width integer), or
/// a message contains itself. The error lists every such field.
pub fn arrow_schema(descriptor: &DescriptorProto) -> Result<Schema, SchemaError> {
    let mut walk = Walk::default();
    let fields = walk.message(&Scope::root(descriptor), "", 1);
    if walk.problems.is_empty() {
        Ok(Schema::new(fields))
    } else {
        Err(SchemaError::new(walk.problems))
    }
}

#[derive(Default)]
struct Walk {
    problems: Vec<SchemaProblem>,
    fields: usize,
}

impl Walk {
    fn message(&mut self, scope: &Scope<'_>, parent: &str, depth: usize) -> Fields {
        if depth > MAX_DEPTH {
            self.problem::<()>(parent, SchemaProblemKind::TooDeep);
            return Fields::empty();
        }
        let mut fields = Vec::with_capacity(scope.message.field.len());
        for field in &scope.message.field {
            self.fields += 1;
            if self.fields > MAX_FIELDS_IN_ALL {
                if self.fields == MAX_FIELDS_IN_ALL + 1 {
                    let detail = format!("it unfolds to over {MAX_FIELDS_IN_ALL} fields");
                    self.problem::<()>("", SchemaProblemKind::Descriptor { detail });
                }
                break;
            }
            let path = join(parent, field.name());
            fields.extend(self.field(scope, field, &path, depth));
        }
        fields.into()
    }

    fn field(
        &mut self,
        scope: &Scope<'_>,
        field: &FieldDescriptorProto,
        path: &str,
        depth: usize,
    ) -> Option<Field> {
        let name = field.name();
        let nullable = field.label() != Label::Required;
        if type_of(field) != Some(Type::Message) {
            let value = self.scalar(field, path)?;
            return Some(match field.label() {
                Label::Repeated => Field::new_list(name, Field::new("element", value, false), true),
                _ => Field::new(name, value, nullable),
            });
        }
        let Some(inner) = scope.resolve(field.type_name()) else {
            let detail = format!("there is no message {:?}", field.type_name());
            return self.problem(path, SchemaProblemKind::Descriptor { detail });
        };
        if is_map_entry(inner.message) {
            let parts = self.message(&inner, path, depth + 1);
            let part = |number| {
                let numbers = inner.message.field.iter().zip(&parts);
                numbers
                    .into_iter()
                    .find(|(field, _)| field.number() == number)
                    .map(|(_, part)| part)
            };
            let (Some(key), Some(value)) = (part(1), part(2)) else {
                let detail = "a map entry has a key and a value".to_owned();
                return self.problem(path, SchemaProblemKind::Descriptor { detail });
            };
            let key = Field::new("key", key.data_type().clone(), false);
            let value = Field::new("value", value.data_type().clone(), true);
            return Some(Field::new_map(name, "key_value", key, value, false, true));
        }
        let value = DataType::Struct(self.message(&inner, path, depth + 1));
        Some(match field.label() {
            Label::Repeated => Field::new_list(name, Field::new("element", value, false), true),
            _ => Field::new(name, value, nullable),
        })
    }

    fn scalar(&mut self, field: &FieldDescriptorProto, path: &str) -> Option<DataType> {
        Some(match type_of(field) {
            Some(Type::Bool) => DataType::Boolean,
            Some(Type::Int32) => DataType::Int32,
            Some(Type::Int64) => DataType::Int64,
            Some(Type::Float) => DataType::Float32,
            Some(Type::Double) => DataType::Float64,
            Some(Type::String) => DataType::Utf8,
            Some(Type::Bytes) => DataType::Binary,
            other => {
                let found = other.and_then(keyword).unwrap_or("an enum or a group");
                let detail = format!("no table has a column for {found}");
                return self.problem(path, SchemaProblemKind::Descriptor { detail });
            }
        })
    }

    fn problem<T>(&mut self, path: &str, kind: SchemaProblemKind) -> Option<T> {
        self.problems.push(SchemaProblem::new(path, kind));
        None
    }
}
