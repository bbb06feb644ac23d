//! Records in Avro: datums, with the schema that they are written with told once.

mod walk;

use std::collections::HashMap;

use apache_avro::{
    Schema,
    reader::datum::GenericDatumReader,
    schema::{Names, ResolvedSchema},
    types::Value as Datum,
};
use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Avro records whose fields are found by name among the columns.
#[derive(Debug)]
pub(in crate::grpc) struct Avro {
    written: Schema,
    names: Names,
    message: MessageDescriptor,
}

impl Avro {
    pub(super) fn new(written: &str, message: MessageDescriptor) -> Result<Self, String> {
        let no_schema = |error| format!("avro_schema_json is not an Avro schema: {error}");
        let written = Schema::parse_str(written).map_err(no_schema)?;
        let names = names(&written).map_err(no_schema)?;
        let Schema::Record(record) = &written else {
            return Err("avro_schema_json is not the schema of a record".to_owned());
        };
        let unknown = record
            .fields
            .iter()
            .find(|field| message.get_field_by_name(&field.name).is_none());
        if let Some(field) = unknown {
            return Err(format!("field {:?} is not in the table", field.name));
        }
        Ok(Self {
            written,
            names,
            message,
        })
    }

    pub(super) fn to_proto(&self, row: &[u8]) -> Result<Bytes, String> {
        walk::check(&self.written, &self.names, row)?;
        let mut rest = row;
        let datum = GenericDatumReader::builder(&self.written)
            .build()
            .and_then(|reader| reader.read_value(&mut rest))
            .map_err(|error| error.to_string())?;
        let message = message(datum, &self.message)?;
        Ok(message.encode_to_vec().into())
    }
}

/// What the names in a schema stand for.
fn names(schema: &Schema) -> Result<Names, apache_avro::Error> {
    let resolved = ResolvedSchema::try_from(schema)?;
    let names = resolved.get_names().iter();
    Ok(names
        .map(|(name, schema)| (name.clone(), (*schema).clone()))
        .collect())
}

fn message(datum: Datum, descriptor: &MessageDescriptor) -> Result<DynamicMessage, String> {
    let Datum::Record(fields) = datum else {
        return Err(format!(
            "{:?} is not a record",
            apache_avro::schema::SchemaKind::from(&datum)
        ));
    };
    let mut message = DynamicMessage::new(descriptor.clone());
    for (name, datum) in fields {
        let field = descriptor
            .get_field_by_name(&name)
            .ok_or_else(|| format!("field {name:?} is not in the table"))?;
        if let Some(value) = value(datum, &field)? {
            message.set_field(&field, value);
        }
    }
    Ok(message)
}

/// The value of a field; none for a null.
fn value(datum: Datum, field: &FieldDescriptor) -> Result<Option<Value>, String> {
    match datum {
        Datum::Null => Ok(None),
        Datum::Union(_, inner) => value(*inner, field),
        Datum::Array(items) if field.is_list() => {
            let items = items
                .into_iter()
                .map(|item| scalar(item, &field.kind(), field));
            Ok(Some(Value::List(items.collect::<Result<_, _>>()?)))
        }
        Datum::Map(entries) if field.is_map() => map(entries, field).map(Some),
        other if field.is_list() || field.is_map() => Err(misfit(&other, field)),
        other => scalar(other, &field.kind(), field).map(Some),
    }
}

fn map(entries: HashMap<String, Datum>, field: &FieldDescriptor) -> Result<Value, String> {
    let kind = field.kind();
    let entry = kind.as_message().filter(|_| field.is_map());
    let (Some(entry), Some(Kind::String)) =
        (entry, entry.map(|entry| entry.map_entry_key_field().kind()))
    else {
        return Err(format!(
            "field {:?} is a map with other keys than strings",
            field.name()
        ));
    };
    let of = entry.map_entry_value_field().kind();
    let entries = entries
        .into_iter()
        .map(|(key, datum)| Ok((MapKey::String(key), scalar(datum, &of, field)?)));
    Ok(Value::Map(entries.collect::<Result<_, String>>()?))
}

fn scalar(datum: Datum, kind: &Kind, field: &FieldDescriptor) -> Result<Value, String> {
    if let Datum::Union(_, inner) = datum {
        return scalar(*inner, kind, field);
    }
    let found = match (&datum, kind) {
        (Datum::Boolean(value), Kind::Bool) => Some(Value::Bool(*value)),
        (Datum::Float(value), Kind::Float) => Some(Value::F32(*value)),
        (Datum::Float(value), Kind::Double) => Some(Value::F64((*value).into())),
        (Datum::Double(value), Kind::Double) => Some(Value::F64(*value)),
        (Datum::String(text) | Datum::Enum(_, text), Kind::String) => {
            Some(Value::String(text.clone()))
        }
        (Datum::Uuid(value), Kind::String) => Some(Value::String(value.to_string())),
        (Datum::BigDecimal(value), Kind::String) => Some(Value::String(value.to_plain_string())),
        (Datum::Bytes(value) | Datum::Fixed(_, value), Kind::Bytes) => {
            Some(Value::Bytes(value.clone().into()))
        }
        (datum, Kind::Int64) => integer(datum).map(Value::I64),
        (datum, Kind::Int32) => {
            let value = integer(datum).and_then(|value| i32::try_from(value).ok());
            value.map(Value::I32)
        }
        (Datum::Record(_), Kind::Message(descriptor)) => {
            return message(datum, descriptor).map(Value::Message);
        }
        _ => None,
    };
    found.ok_or_else(|| misfit(&datum, field))
}

/// Integers, days, and instants in microseconds.
fn integer(datum: &Datum) -> Option<i64> {
    match datum {
        Datum::Int(value) | Datum::Date(value) => Some((*value).into()),
        Datum::Long(value) | Datum::TimestampMicros(value) | Datum::LocalTimestampMicros(value) => {
            Some(*value)
        }
        Datum::TimestampMillis(value) | Datum::LocalTimestampMillis(value) => {
            value.checked_mul(1000)
        }
        _ => None,
    }
}

fn misfit(datum: &Datum, field: &FieldDescriptor) -> String {
    let kind = apache_avro::schema::SchemaKind::from(datum);
    format!("field {:?} cannot be {kind:?}", field.name())
}
