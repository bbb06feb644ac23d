//! The types of Delta, as Unity Catalog words them, as Arrow types.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use serde_json::Value;
use zb_convert::TABLE_TYPE;

/// The type in a `type_json`, which is that of a whole field or the type alone. `None` for what has
/// no counterpart.
pub(super) fn of_json(json: &str) -> Option<DataType> {
    let value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        // A name without quotes.
        Err(_) => return of_text(json),
    };
    let is_field = value.get("name").is_some();
    of_value(if is_field { value.get("type")? } else { &value })
}

/// Whether a type is made of others.
pub(super) fn is_nested(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    ["struct", "array", "map"].iter().any(|nested| {
        text.strip_prefix(nested)
            .is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with('<'))
    })
}

/// The type of a name in SQL or in a table's metadata.
pub(super) fn of_text(text: &str) -> Option<DataType> {
    let text = text.trim().to_ascii_lowercase();
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.trim_end_matches(')'))),
        // A collation changes how texts compare and not what they are.
        None => (text.split_whitespace().next()?, None),
    };
    Some(match name {
        "boolean" => DataType::Boolean,
        "byte" | "tinyint" => DataType::Int8,
        "short" | "smallint" => DataType::Int16,
        "integer" | "int" => DataType::Int32,
        "long" | "bigint" => DataType::Int64,
        "float" | "real" => DataType::Float32,
        "double" => DataType::Float64,
        "decimal" | "dec" | "numeric" => return decimal(arguments),
        // A variant is sent as its JSON.
        "string" | "varchar" | "char" | "variant" => DataType::Utf8,
        "binary" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "timestamp_ntz" => DataType::Timestamp(TimeUnit::Microsecond, None),
        _ => return None,
    })
}

fn decimal(arguments: Option<&str>) -> Option<DataType> {
    let Some(arguments) = arguments else {
        return Some(DataType::Decimal128(10, 0));
    };
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    Some(DataType::Decimal128(
        precision.trim().parse().ok()?,
        scale.trim().parse().ok()?,
    ))
}

fn of_value(value: &Value) -> Option<DataType> {
    if let Some(name) = value.as_str() {
        return of_text(name);
    }
    let may_be_null = |key| value.get(key).and_then(Value::as_bool).unwrap_or(true);
    match value.get("type")?.as_str()? {
        "struct" => {
            let fields = value.get("fields")?.as_array()?.iter().map(|field| {
                let name = field.get("name")?.as_str()?;
                let nullable = field.get("nullable").and_then(Value::as_bool);
                of_part(name, field.get("type")?, nullable.unwrap_or(true))
            });
            Some(DataType::Struct(fields.collect::<Option<Fields>>()?))
        }
        "array" => {
            let of = value.get("elementType")?;
            let element = of_part("element", of, may_be_null("containsNull"))?;
            Some(DataType::List(Arc::new(element)))
        }
        "map" => {
            let key = Field::new("key", of_value(value.get("keyType")?)?, false);
            let of = value.get("valueType")?;
            let value = of_part("value", of, may_be_null("valueContainsNull"))?;
            let entries = DataType::Struct(vec![key, value].into());
            let entries = Field::new("key_value", entries, false);
            Some(DataType::Map(Arc::new(entries), false))
        }
        _ => None,
    }
}

/// A part of a struct, a list or a map. What the table calls a variant is marked as such, since it
/// is sent as a string.
fn of_part(name: &str, of: &Value, nullable: bool) -> Option<Field> {
    let field = Field::new(name, of_value(of)?, nullable);
    Some(match of.as_str().filter(|name| is_variant(name)) {
        Some(name) => field.with_metadata([(TABLE_TYPE.to_owned(), name.to_owned())].into()),
        None => field,
    })
}

/// Whether a type is a variant.
pub(super) fn is_variant(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("variant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sql_and_of_metadata_are_known() {
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        for (names, expected) in [
            (&["tinyint", "byte"][..], DataType::Int8),
            (&["SMALLINT", "short"], DataType::Int16),
            (&["int", "integer"], DataType::Int32),
            (&["bigint", "long", "LONG"], DataType::Int64),
            (
                &[
                    "string",
                    "varchar(10)",
                    "char(3)",
                    "variant",
                    "string collate UTF8_LCASE",
                ],
                DataType::Utf8,
            ),
            (
                &["decimal(10,2)", "DECIMAL( 10 , 2 )"],
                DataType::Decimal128(10, 2),
            ),
            (&["decimal"], DataType::Decimal128(10, 0)),
            (&["timestamp"], micros(Some("UTC"))),
            (&["timestamp_ntz"], micros(None)),
        ] {
            for name in names {
                assert_eq!(of_text(name).as_ref(), Some(&expected), "{name}");
                let json = format!("{:?}", name.to_lowercase());
                assert_eq!(of_json(&json).as_ref(), Some(&expected), "{json}");
            }
        }
        for name in [
            "interval day to second",
            "geometry(4326)",
            "void",
            "",
            "decimal(x)",
        ] {
            assert_eq!(of_text(name), None, "{name}");
        }
        assert!(is_nested("STRUCT<a: INT>") && is_nested("array<int>") && is_nested("map"));
        assert!(!is_nested("structure") && !is_nested("string"));
    }

    #[test]
    fn nested_types_keep_what_may_be_null() {
        let json = r#"{"name": "x", "nullable": false, "metadata": {}, "type": {"type": "struct", "fields": [
            {"name": "a", "type": {"type": "array", "elementType": "short", "containsNull": false}, "nullable": false},
            {"name": "m", "type": {"type": "map", "keyType": "string", "valueType": "date", "valueContainsNull": true}}
        ]}}"#;
        let element = Field::new("element", DataType::Int16, false);
        let entry = vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Date32, true),
        ];
        let entries = Field::new("key_value", DataType::Struct(entry.into()), false);
        let fields = vec![
            Field::new("a", DataType::List(Arc::new(element)), false),
            Field::new("m", DataType::Map(Arc::new(entries), false), true),
        ];
        assert_eq!(of_json(json), Some(DataType::Struct(fields.into())));
        assert_eq!(of_json(r#"{"type": "udt", "class": "x"}"#), None);
        assert_eq!(of_json("not json at all"), None);
    }
}
