//! The type table: what each Arrow type is on the wire, checked once for a whole schema.

use std::{collections::HashSet, fmt, sync::Arc};

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};

use crate::{
    MAX_COLUMNS, MAX_DEPTH, SchemaError, SchemaProblem, SchemaProblemKind as Kind,
    coercion::Coercion, descriptor::entry_name, variant,
};

/// The key of a field's metadata that names its extension type (Arrow columnar format,
/// "Extension Types").
const EXTENSION_NAME: &str = "ARROW:extension:name";

/// The largest precision of a decimal in Delta.
const MAX_PRECISION: u8 = 38;

/// A column, or the item of a list, or the key or value of a map.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The dotted path from the root, as errors name it.
    pub(crate) path: Arc<str>,
    pub(crate) nullable: bool,
    pub(crate) shape: Shape,
    /// The Arrow type with dictionaries and runs taken off.
    pub(crate) arrow: DataType,
    /// The number of the field on the wire.
    pub(crate) number: u32,
    /// Where it stands among the fields of the schema or of the struct that it is read from.
    pub(crate) position: usize,
    pub(crate) coercion: Coercion,
}

/// What a column is on the wire.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Scalar(Scalar),
    Message(Vec<Column>),
    List(Box<Column>),
    Map(Box<Column>, Box<Column>),
}

impl fmt::Display for Shape {
    /// As the language of Protobuf writes it, but for the names of messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => scalar.fmt(f),
            Self::Message(_) => f.write_str("message"),
            Self::List(item) => write!(f, "repeated {}", item.shape),
            Self::Map(key, value) => write!(f, "map<{}, {}>", key.shape, value.shape),
        }
    }
}

/// The scalar types of Protobuf that the service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    Int32,
    Int64,
    Float,
    Double,
    String,
    Bytes,
}

impl Scalar {
    /// The keyword of the Protobuf language.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

/// The columns of a whole schema.
pub(crate) fn columns(schema: &Schema) -> Result<Vec<Column>, SchemaError> {
    let mut problems = Vec::new();
    let columns = Walk {
        problems: &mut problems,
    }
    .fields(schema.fields(), "", 1);
    if problems.is_empty() {
        Ok(columns)
    } else {
        Err(SchemaError::new(problems))
    }
}

struct Walk<'a> {
    problems: &'a mut Vec<SchemaProblem>,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &Fields, parent: &str, depth: usize) -> Vec<Column> {
        if fields.len() > MAX_COLUMNS {
            let found = fields.len();
            self.problem::<()>(parent, Kind::TooManyColumns { found });
        }
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(fields.len());
        for (position, field) in fields.iter().enumerate() {
            let path = join(parent, field.name());
            if !is_identifier(field.name()) {
                let name = field.name().clone();
                self.problem::<()>(&path, Kind::Name { name });
            }
            if !seen.insert(field.name().to_ascii_lowercase()) {
                self.problem::<()>(&path, Kind::DuplicateName);
            }
            if let Some(mut column) = self.column(field, path, depth) {
                column.renumber(u32::try_from(position + 1).unwrap_or(u32::MAX));
                column.position = position;
                columns.push(column);
            }
        }
        self.entry_names(&columns);
        columns
    }

    /// What a strict parser calls the entries of a map follows from the map's own name, and shares a
    /// scope with the columns around it.
    fn entry_names(&mut self, columns: &[Column]) {
        let mut taken: HashSet<String> = columns.iter().map(|c| c.name.clone()).collect();
        for column in columns {
            if matches!(column.shape, Shape::Map(..)) {
                let entry = entry_name(&column.name);
                if !taken.insert(entry.clone()) {
                    self.problem::<()>(&column.path, Kind::MapEntryName { entry });
                }
            }
        }
    }

    /// `None` where the type is refused; the problem is then on the list.
    fn column(&mut self, field: &Field, path: String, depth: usize) -> Option<Column> {
        let arrow = values_type(field.data_type()).clone();
        let shape = self.shape(field, &arrow, &path, depth)?;
        Some(Column {
            name: field.name().clone(),
            path: path.into(),
            nullable: field.is_nullable(),
            shape,
            arrow,
            number: 1,
            position: 0,
            coercion: Coercion::None,
        })
    }

    fn shape(
        &mut self,
        field: &Field,
        arrow: &DataType,
        path: &str,
        depth: usize,
    ) -> Option<Shape> {
        use DataType as T;
        if depth > MAX_DEPTH {
            return self.problem(path, Kind::TooDeep);
        }
        if let Some(name) = extension(field)
            && variant::is_name(name)
        {
            return match variant::refusal(arrow) {
                None => Some(Shape::Scalar(Scalar::String)),
                Some(remedy) => {
                    let name = name.to_owned();
                    self.problem(path, Kind::UnsupportedExtension { name, remedy })
                }
            };
        }
        let scalar = match arrow {
            T::Boolean => Scalar::Bool,
            T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::Date32 | T::Date64 => {
                Scalar::Int32
            }
            T::Int64
            | T::UInt32
            | T::UInt64
            | T::Timestamp(..)
            | T::Time32(_)
            | T::Time64(_)
            | T::Duration(_) => Scalar::Int64,
            T::Float16 | T::Float32 => Scalar::Float,
            T::Float64 => Scalar::Double,
            T::Utf8 | T::LargeUtf8 | T::Utf8View => Scalar::String,
            T::FixedSizeBinary(16) if is_uuid(field) => Scalar::String,
            T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => Scalar::Bytes,
            T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
                let (precision, scale) = (*p, *s);
                if delta_decimal(precision, scale).is_none() {
                    return self.problem(path, Kind::DecimalPrecision { precision, scale });
                }
                Scalar::String
            }
            T::Struct(fields) if fields.is_empty() => {
                return self.problem(path, Kind::EmptyStruct);
            }
            T::Struct(fields) => {
                return Some(Shape::Message(self.fields(fields, path, depth + 1)));
            }
            T::List(item)
            | T::LargeList(item)
            | T::FixedSizeList(item, _)
            | T::ListView(item)
            | T::LargeListView(item) => return self.list(item, path, depth),
            T::Map(entries, _) => return self.map(entries, path, depth),
            found => return self.problem(path, unsupported(found)),
        };
        Some(Shape::Scalar(scalar))
    }

    fn list(&mut self, item: &FieldRef, path: &str, depth: usize) -> Option<Shape> {
        let column = self.column(item, format!("{path}[]"), depth)?;
        let items = match column.shape {
            Shape::List(_) => "lists",
            Shape::Map(..) => "maps",
            Shape::Scalar(_) | Shape::Message(_) => return Some(Shape::List(Box::new(column))),
        };
        self.problem(path, Kind::NestedList { items })
    }

    fn map(&mut self, entries: &FieldRef, path: &str, depth: usize) -> Option<Shape> {
        let DataType::Struct(fields) = entries.data_type() else {
            return self.unsupported_map(entries, path);
        };
        let [key, value] = &fields[..] else {
            return self.unsupported_map(entries, path);
        };
        // A map entry is a message of its own.
        let key = self.column(key, format!("{path}.key"), depth + 1)?;
        let mut value = self.column(value, format!("{path}.value"), depth + 1)?;
        (value.number, value.position) = (2, 1);
        if !matches!(
            key.shape,
            Shape::Scalar(Scalar::Bool | Scalar::Int32 | Scalar::Int64 | Scalar::String)
        ) {
            return self.problem(path, Kind::MapKey { found: key.arrow });
        }
        let values = match value.shape {
            Shape::List(_) => "lists",
            Shape::Map(..) => "maps",
            Shape::Scalar(_) | Shape::Message(_) => {
                return Some(Shape::Map(Box::new(key), Box::new(value)));
            }
        };
        self.problem(path, Kind::MapValue { values })
    }

    fn unsupported_map(&mut self, entries: &Field, path: &str) -> Option<Shape> {
        let found = entries.data_type().clone();
        let remedy = "the entries of a map are a struct of a key and a value";
        self.problem(path, Kind::Unsupported { found, remedy })
    }

    fn problem<T>(&mut self, path: &str, kind: Kind) -> Option<T> {
        self.problems.push(SchemaProblem::new(path, kind));
        None
    }
}

/// A type that is nothing on the wire, and what to do about it.
pub(crate) fn unsupported(found: &DataType) -> Kind {
    let remedy = match found {
        DataType::Null => "drop the column, or cast it to the type the table has",
        DataType::Interval(_) => "cast it to a duration or to an integer",
        DataType::Union(..) => "split it into one column a type, or render it as JSON text",
        _ => "cast the column to one of the supported types",
    };
    let found = found.clone();
    Kind::Unsupported { found, remedy }
}

/// The path of a field of the message at `parent`.
pub(crate) fn join(parent: &str, name: &str) -> String {
    match parent {
        "" => name.to_owned(),
        _ => format!("{parent}.{name}"),
    }
}

/// Whether a field of 16 bytes is a UUID.
pub(crate) fn is_uuid(field: &Field) -> bool {
    extension(field) == Some("arrow.uuid")
}

/// The extension type of a field, if it has one.
pub(crate) fn extension(field: &Field) -> Option<&str> {
    field.metadata().get(EXTENSION_NAME).map(String::as_str)
}

/// The type of the values, with dictionaries and runs taken off.
pub(crate) fn values_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values_type(values),
        DataType::RunEndEncoded(_, values) => values_type(values.data_type()),
        other => other,
    }
}

/// Precision and scale of the Delta decimal that holds every value of an Arrow decimal; `None`
/// where there is none. A negative scale becomes zeros before the point.
pub(crate) fn delta_decimal(precision: u8, scale: i8) -> Option<(u8, i8)> {
    let (precision, scale) = match scale {
        0.. => (precision.max(scale.unsigned_abs()), scale),
        _ => (precision.checked_add(scale.unsigned_abs())?, 0),
    };
    (precision <= MAX_PRECISION).then_some((precision, scale))
}

/// What Zerobus takes as the name of a column.
pub(crate) fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl Column {
    /// Gives the field another number; the items of a list stand under the list's own.
    pub(crate) fn renumber(&mut self, number: u32) {
        self.number = number;
        if let Shape::List(item) = &mut self.shape {
            item.number = number;
        }
    }

    /// Whether the bytes of the column are UUIDs, sent as text.
    pub(crate) fn is_uuid(&self) -> bool {
        matches!(self.arrow, DataType::FixedSizeBinary(16))
            && matches!(self.shape, Shape::Scalar(Scalar::String))
            && self.coercion == Coercion::None
    }

    /// Whether the structs of the column are variants, sent as JSON.
    pub(crate) fn is_variant(&self) -> bool {
        matches!(self.arrow, DataType::Struct(_)) && matches!(self.shape, Shape::Scalar(_))
    }
}
