//! Attributes as a map of text, and times as Arrow has them.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use serde::Serialize;
use serde_json::json;

/// Text as it is, everything else as JSON.
pub(super) type Attributes = BTreeMap<String, String>;

pub(super) fn of<'a>(pairs: impl IntoIterator<Item = &'a KeyValue>) -> Attributes {
    let pairs = pairs.into_iter();
    pairs
        .map(|pair| (pair.key.to_string(), text(&pair.value)))
        .collect()
}

pub(super) fn of_resource(resource: &Resource) -> Attributes {
    let pairs = resource.iter();
    pairs
        .map(|(key, value)| (key.to_string(), text(value)))
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(value) => value.as_str().to_owned(),
        Value::Array(Array::Bool(values)) => json!(values).to_string(),
        Value::Array(Array::I64(values)) => json!(values).to_string(),
        Value::Array(Array::F64(values)) => json!(values).to_string(),
        Value::Array(Array::String(values)) => {
            let values: serde_json::Value = values.iter().map(StringValue::as_str).collect();
            values.to_string()
        }
        other => other.to_string(),
    }
}

/// Who measured.
#[derive(Serialize)]
pub(super) struct Scope {
    name: String,
    version: Option<String>,
    schema_url: Option<String>,
    attributes: Attributes,
}

impl Scope {
    pub(super) fn of(scope: &InstrumentationScope) -> Self {
        Self {
            name: scope.name().to_owned(),
            version: scope.version().map(str::to_owned),
            schema_url: scope.schema_url().map(str::to_owned),
            attributes: of(scope.attributes()),
        }
    }

    pub(super) fn field() -> Field {
        let fields = [
            Field::new("name", DataType::Utf8, false),
            Field::new("version", DataType::Utf8, true),
            Field::new("schema_url", DataType::Utf8, true),
            attributes("attributes"),
        ];
        Field::new("scope", DataType::Struct(Fields::from_iter(fields)), false)
    }
}

/// Nanoseconds since 1970, up to the year 2262.
pub(super) fn nanos(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A column of attributes.
pub(super) fn attributes(name: &str) -> Field {
    let entry = Fields::from_iter([
        Field::new("keys", DataType::Utf8, false),
        Field::new("values", DataType::Utf8, true),
    ]);
    let entries = Field::new("entries", DataType::Struct(entry), false);
    Field::new(name, DataType::Map(entries.into(), false), false)
}

/// A column of instants.
pub(super) fn time(name: &str, nullable: bool) -> Field {
    let zoned = DataType::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into()));
    Field::new(name, zoned, nullable)
}

/// A column of lists.
pub(super) fn list(name: &str, item: DataType) -> Field {
    Field::new_list(name, Field::new("item", item, false), true)
}
