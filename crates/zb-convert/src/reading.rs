//! The plan of a decoder: a descriptor held against the columns of a table, field by field.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arrow_schema::DataType;
use prost_types::{
    DescriptorProto, FieldDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

use crate::{
    SchemaProblem, SchemaProblemKind as Kind,
    allowance::slot_bytes,
    delta::{delta_type, sql_type},
    descriptor::scalar_type,
    print::{is_map_entry, keyword, type_of},
    shape::{Column, Scalar, Shape, join},
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
    /// The columns where something is required, here or further down.
    pub(crate) checked: Vec<usize>,
    /// What a slot in each of the columns takes, in bytes.
    pub(crate) slot_bytes: usize,
    /// The number and the column of every field, by number.
    numbers: Vec<(u32, usize)>,
}

/// How one field is read.
#[derive(Debug, Clone)]
pub(crate) struct FieldPlan {
    /// The dotted path from the root, as errors name it.
    pub(crate) path: Arc<str>,
    /// The type of the array that the values become.
    pub(crate) data_type: DataType,
    /// Whether the text must be a UUID.
    pub(crate) is_uuid: bool,
    /// Whether a message without the field has an empty list or map, and not a null.
    pub(crate) empty_if_unset: bool,
    /// Whether every message must have it.
    pub(crate) required: bool,
    /// What a slot takes, in bytes, the columns of a struct included.
    pub(crate) slot_bytes: usize,
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
        let names: HashSet<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let mut by_name: HashMap<&str, &FieldDescriptorProto> = HashMap::new();
        for field in &scope.message.field {
            let path = join(parent, field.name());
            if by_name.insert(field.name(), field).is_some() {
                let detail = "the field stands twice".to_owned();
                problems.push(SchemaProblem::new(&path, Kind::Descriptor { detail }));
            }
            if !names.contains(field.name()) {
                problems.push(SchemaProblem::new(path, Kind::NotInTable));
            }
        }
        let mut seen = HashSet::with_capacity(columns.len());
        let mut numbers = Vec::with_capacity(columns.len());
        let fields = columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let field = by_name.get(column.name.as_str()).copied();
                if let Some(field) = field {
                    let number = u32::try_from(field.number()).unwrap_or(0);
                    numbers.push((number, position));
                    if number == 0 || !seen.insert(number) {
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
        Self::of(fields, numbers)
    }

    fn of(fields: Vec<FieldPlan>, mut numbers: Vec<(u32, usize)>) -> Self {
        numbers.sort_unstable();
        Self {
            checked: (0..fields.len())
                .filter(|&position| fields[position].is_checked())
                .collect(),
            slot_bytes: fields
                .iter()
                .fold(0, |sum, field| field.slot_bytes.saturating_add(sum)),
            fields,
            numbers,
        }
    }

    /// The column that a field goes to; `None` for a field that nobody asked for.
    #[inline]
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        // Nearly always the fields are numbered from 1 on without a gap.
        let guess = self.numbers.get((number as usize).wrapping_sub(1));
        if let Some(&(found, position)) = guess
            && found == number
        {
            return Some(position);
        }
        let at = self.numbers.binary_search_by_key(&number, |field| field.0);
        Some(self.numbers.get(at.ok()?)?.1)
    }
}

impl FieldPlan {
    fn new(
        scope: &Scope<'_>,
        column: &Column,
        field: Option<&FieldDescriptorProto>,
        problems: &mut Vec<SchemaProblem>,
    ) -> Self {
        let Some(field) = field else {
            return Self::absent(column);
        };
        let Some(inner) = Self::inner(scope, column, field, problems) else {
            return Self::absent(column);
        };
        let repeated = matches!(inner, Inner::List(_) | Inner::Map(_));
        if !column.nullable && field.label() == Label::Optional && !repeated {
            problems.push(SchemaProblem::new(&*column.path, Kind::Nullability));
        }
        Self {
            empty_if_unset: repeated,
            required: field.label() == Label::Required,
            ..Self::of(column, inner)
        }
    }

    fn of(column: &Column, inner: Inner) -> Self {
        let data_type = delta_type(column);
        Self {
            path: Arc::clone(&column.path),
            is_uuid: column.is_uuid(),
            empty_if_unset: false,
            required: false,
            slot_bytes: slot_bytes(&data_type, &inner),
            data_type,
            inner,
        }
    }

    /// The plan of a column that no message has: nothing is ever read, the slots are all null.
    fn absent(column: &Column) -> Self {
        let inner = match &column.shape {
            Shape::Scalar(scalar) => Inner::Scalar(*scalar),
            Shape::Message(children) => {
                let fields = children.iter().map(Self::absent).collect();
                Inner::Message(MessagePlan::of(fields, Vec::new()))
            }
            Shape::List(item) => Inner::List(Box::new(Self::absent(item))),
            Shape::Map(key, value) => {
                Inner::Map(Box::new((Self::absent(key), Self::absent(value))))
            }
        };
        Self::of(column, inner)
    }

    /// Whether something is required, here or further down.
    pub(crate) fn is_checked(&self) -> bool {
        self.required
            || match &self.inner {
                Inner::Scalar(_) => false,
                Inner::Message(message) => !message.checked.is_empty(),
                Inner::List(item) => item.is_checked(),
                Inner::Map(entry) => entry.1.is_checked(),
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
                    return Some(Inner::List(Box::new(Self::of(
                        item,
                        Inner::Scalar(*scalar),
                    ))));
                }
                (Shape::Message(children), Some(message)) => {
                    let inner = Inner::Message(Self::message(message, children, item, problems));
                    return Some(Inner::List(Box::new(Self::of(item, inner))));
                }
                _ => {}
            },
            (Shape::Map(key, value), _, Some(entry)) if repeated => {
                let find = |number| entry.message.field.iter().find(|f| f.number() == number);
                if let (Some(key_field), Some(value_field)) = (find(1), find(2)) {
                    let key_inner = Self::inner(entry, key, key_field, problems)?;
                    let value_inner = Self::inner(entry, value, value_field, problems)?;
                    return Some(Inner::Map(Box::new((
                        Self::of(key, key_inner),
                        Self::of(value, value_inner),
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
