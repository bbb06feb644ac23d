//! The plan of a decoder: a descriptor held against the columns of a table, field by field.

use std::collections::HashMap;

use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use crate::{
    SchemaProblem, SchemaProblemKind as Kind,
    delta::sql_type,
    descriptor::scalar_type,
    print::{is_map_entry, keyword, type_of},
    shape::{Column, Scalar, Shape},
};

/// A message and the messages around it, innermost last: where type names are looked up.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    around: Vec<&'a DescriptorProto>,
    pub(crate) message: &'a DescriptorProto,
}

impl<'a> Scope<'a> {
    pub(crate) fn root(message: &'a DescriptorProto) -> Self {
        Self {
            around: Vec::new(),
            message,
        }
    }

    /// Finds a message by name: bare (`Leg`), relative (`Trip.Leg`), or absolute with or without
    /// a package (`.Record.Trip.Leg`, `.flights.Record.Trip.Leg`). Clients send all of these.
    pub(crate) fn resolve(&self, type_name: &str) -> Option<Self> {
        let mut scopes = self.around.clone();
        scopes.push(self.message);
        if let Some(absolute) = type_name.strip_prefix('.') {
            let root = *scopes.first()?;
            let parts: Vec<&str> = absolute.split('.').collect();
            let at = parts.iter().position(|part| *part == root.name())?;
            return descend(vec![root], parts.get(at + 1..)?);
        }
        let parts: Vec<&str> = type_name.split('.').collect();
        while !scopes.is_empty() {
            if let Some(found) = descend(scopes.clone(), &parts) {
                return Some(found);
            }
            scopes.pop();
        }
        None
    }
}

fn descend<'a>(mut scopes: Vec<&'a DescriptorProto>, parts: &[&str]) -> Option<Scope<'a>> {
    for part in parts {
        let next = scopes
            .last()?
            .nested_type
            .iter()
            .find(|m| m.name() == *part)?;
        scopes.push(next);
    }
    let message = scopes.pop()?;
    Some(Scope {
        around: scopes,
        message,
    })
}

/// How the fields of a message are read into the columns of a struct.
#[derive(Debug, Clone)]
pub(crate) struct MessagePlan {
    /// One for each column, in the order of the columns.
    pub(crate) fields: Vec<FieldPlan>,
    numbers: HashMap<u32, usize>,
}

/// How one field is read.
#[derive(Debug, Clone)]
pub(crate) struct FieldPlan {
    pub(crate) column: Column,
    /// Whether the descriptor has the field at all.
    pub(crate) present: bool,
    /// Whether every message must have it.
    pub(crate) required: bool,
    pub(crate) inner: Inner,
}

#[derive(Debug, Clone)]
pub(crate) enum Inner {
    Scalar(Scalar),
    Message(MessagePlan),
    List(Box<FieldPlan>),
    Map(Box<(FieldPlan, FieldPlan)>),
}

impl MessagePlan {
    /// Holds the descriptor against the columns, as the service does: the same names and types,
    /// and no field optional that the table needs. Columns that may be null may be missing.
    pub(crate) fn new(
        scope: &Scope<'_>,
        columns: &[Column],
        parent: &str,
        problems: &mut Vec<SchemaProblem>,
    ) -> Self {
        let mut by_name: HashMap<&str, &FieldDescriptorProto> = HashMap::new();
        for field in &scope.message.field {
            let path = join(parent, field.name());
            if by_name.insert(field.name(), field).is_some() {
                let detail = "the field stands twice".to_owned();
                problems.push(SchemaProblem::new(&path, Kind::Descriptor { detail }));
            }
            if !columns.iter().any(|c| c.name == field.name()) {
                problems.push(SchemaProblem::new(path, Kind::NotInTable));
            }
        }
        let mut numbers = HashMap::with_capacity(columns.len());
        let fields = columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let field = by_name.get(column.name.as_str()).copied();
                if let Some(field) = field {
                    let number = u32::try_from(field.number()).unwrap_or(0);
                    if number == 0 || numbers.insert(number, position).is_some() {
                        let detail = format!("the number {} is not its own", field.number());
                        problems.push(SchemaProblem::new(
                            &*column.path,
                            Kind::Descriptor { detail },
                        ));
                    }
                } else if !column.nullable {
                    problems.push(SchemaProblem::new(&*column.path, Kind::MissingRequired));
                }
                FieldPlan::new(scope, column, field, problems)
            })
            .collect();
        Self { fields, numbers }
    }

    /// The column that a field goes to; `None` for a field that nobody asked for.
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        self.numbers.get(&number).copied()
    }
}

impl FieldPlan {
    fn new(
        scope: &Scope<'_>,
        column: &Column,
        field: Option<&FieldDescriptorProto>,
        problems: &mut Vec<SchemaProblem>,
    ) -> Self {
        let inner = match field {
            Some(field) => Self::inner(scope, column, field, problems),
            None => None,
        };
        let label = field.map(FieldDescriptorProto::label);
        if inner.is_some()
            && !column.nullable
            && label == Some(Label::Optional)
            && !matches!(column.shape, Shape::List(_) | Shape::Map(..))
        {
            problems.push(SchemaProblem::new(&*column.path, Kind::Nullability));
        }
        Self {
            present: inner.is_some(),
            required: label == Some(Label::Required),
            inner: inner.unwrap_or_else(|| Inner::absent(column)),
            column: column.clone(),
        }
    }

    /// `None` where the descriptor's type is not the table's; the problem is then on the list.
    fn inner(
        scope: &Scope<'_>,
        column: &Column,
        field: &FieldDescriptorProto,
        problems: &mut Vec<SchemaProblem>,
    ) -> Option<Inner> {
        let message = match type_of(field) {
            Some(Type::Message) => match scope.resolve(field.type_name()) {
                Some(message) => Some(message),
                None => {
                    let detail = format!("there is no message {:?}", field.type_name());
                    problems.push(SchemaProblem::new(
                        &*column.path,
                        Kind::Descriptor { detail },
                    ));
                    return None;
                }
            },
            _ => None,
        };
        let repeated = field.label() == Label::Repeated;
        let entry = message.as_ref().filter(|m| is_map_entry(m.message));
        let part = |item: &Column, inner| Self {
            column: item.clone(),
            present: true,
            required: false,
            inner,
        };
        match (&column.shape, &message, entry) {
            (Shape::Scalar(scalar), None, _)
                if !repeated && type_of(field) == Some(scalar_type(*scalar)) =>
            {
                return Some(Inner::Scalar(*scalar));
            }
            (Shape::Message(children), Some(message), None) if !repeated => {
                return Some(Inner::Message(Self::message(
                    message, children, column, problems,
                )));
            }
            (Shape::List(item), message, None) if repeated => match (&item.shape, message) {
                (Shape::Scalar(scalar), None) if type_of(field) == Some(scalar_type(*scalar)) => {
                    return Some(Inner::List(Box::new(part(item, Inner::Scalar(*scalar)))));
                }
                (Shape::Message(children), Some(message)) => {
                    let inner = Inner::Message(Self::message(message, children, item, problems));
                    return Some(Inner::List(Box::new(part(item, inner))));
                }
                _ => {}
            },
            (Shape::Map(key, value), _, Some(entry)) if repeated => {
                let find = |number| entry.message.field.iter().find(|f| f.number() == number);
                if let (Some(key_field), Some(value_field)) = (find(1), find(2)) {
                    let key_inner = Self::inner(entry, key, key_field, problems)?;
                    let value_inner = Self::inner(entry, value, value_field, problems)?;
                    return Some(Inner::Map(Box::new((
                        part(key, key_inner),
                        part(value, value_inner),
                    ))));
                }
            }
            _ => {}
        }
        problems.push(SchemaProblem::new(
            &*column.path,
            Kind::FieldType {
                expected: format!("{} ({})", column.shape, sql_type(column)),
                found: describe_field(field, entry),
            },
        ));
        None
    }

    fn message(
        scope: &Scope<'_>,
        children: &[Column],
        column: &Column,
        problems: &mut Vec<SchemaProblem>,
    ) -> MessagePlan {
        MessagePlan::new(scope, children, &column.path, problems)
    }
}

impl Inner {
    /// The plan of a column that no message has: nothing is ever read, the slots are all null.
    fn absent(column: &Column) -> Self {
        let part = |column: &Column| FieldPlan {
            column: column.clone(),
            present: false,
            required: false,
            inner: Self::absent(column),
        };
        match &column.shape {
            Shape::Scalar(scalar) => Self::Scalar(*scalar),
            Shape::Message(children) => Self::Message(MessagePlan {
                fields: children.iter().map(part).collect(),
                numbers: HashMap::new(),
            }),
            Shape::List(item) => Self::List(Box::new(part(item))),
            Shape::Map(key, value) => Self::Map(Box::new((part(key), part(value)))),
        }
    }
}

fn join(parent: &str, name: &str) -> String {
    match parent {
        "" => name.to_owned(),
        _ => format!("{parent}.{name}"),
    }
}

fn describe_field(field: &FieldDescriptorProto, entry: Option<&Scope<'_>>) -> String {
    if let Some(entry) = entry {
        let part = |i: usize| {
            entry
                .message
                .field
                .get(i)
                .map_or_else(String::new, |f| describe_field(f, None))
        };
        return format!("map<{}, {}>", part(0), part(1));
    }
    let name = match type_of(field) {
        None => "no type",
        Some(Type::Enum) => "enum",
        Some(Type::Group) => "group",
        Some(other) => keyword(other).unwrap_or("message"),
    };
    match field.label() {
        Label::Repeated => format!("repeated {name}"),
        _ => name.to_owned(),
    }
}
