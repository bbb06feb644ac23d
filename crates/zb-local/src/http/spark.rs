//! Delta types in the words of Spark, as Unity Catalog gives them: a name, a text, a JSON.

use arrow_schema::{DataType, Field, TimeUnit};
use serde_json::{Value, json};

/// `LONG`, `DECIMAL`, `STRUCT` ...
pub(super) fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int32 => "INT".to_owned(),
        DataType::Decimal128(..) => "DECIMAL".to_owned(),
        DataType::Struct(_) => "STRUCT".to_owned(),
        DataType::List(_) => "ARRAY".to_owned(),
        DataType::Map(..) => "MAP".to_owned(),
        simple => simple_name(simple).to_uppercase(),
    }
}

/// As `DESCRIBE TABLE` shows it: `bigint`, `array<int>` ...
pub(crate) fn type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Struct(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{}:{}", field.name(), type_text(field.data_type())))
                .collect();
            format!("struct<{}>", fields.join(","))
        }
        DataType::List(element) => format!("array<{}>", type_text(element.data_type())),
        DataType::Map(entries, _) => match key_and_value(entries) {
            Some((key, value)) => format!(
                "map<{},{}>",
                type_text(key.data_type()),
                type_text(value.data_type())
            ),
            None => "map".to_owned(),
        },
        simple => simple_name(simple),
    }
}

/// The field as Delta's schema JSON has it.
pub(super) fn field_json(field: &Field) -> Value {
    json!({
        "name": field.name(),
        "type": type_json(field.data_type()),
        "nullable": field.is_nullable(),
        "metadata": {},
    })
}

fn type_json(data_type: &DataType) -> Value {
    match data_type {
        DataType::Struct(fields) => {
            let fields: Vec<Value> = fields.iter().map(|field| field_json(field)).collect();
            json!({"type": "struct", "fields": fields})
        }
        DataType::List(element) => json!({
            "type": "array",
            "elementType": type_json(element.data_type()),
            "containsNull": element.is_nullable(),
        }),
        DataType::Map(entries, _) => match key_and_value(entries) {
            Some((key, value)) => json!({
                "type": "map",
                "keyType": type_json(key.data_type()),
                "valueType": type_json(value.data_type()),
                "valueContainsNull": value.is_nullable(),
            }),
            None => Value::Null,
        },
        simple => Value::String(simple_name(simple)),
    }
}

/// The name in Delta's schema JSON.
fn simple_name(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "byte",
        DataType::Int16 => "short",
        DataType::Int32 => "integer",
        DataType::Int64 => "long",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 => "string",
        DataType::Binary => "binary",
        DataType::Date32 => "date",
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp",
        DataType::Timestamp(TimeUnit::Microsecond, None) => "timestamp_ntz",
        DataType::Decimal128(precision, scale) => return format!("decimal({precision},{scale})"),
        // Not a type of Delta; the Arrow name at least says which one it is.
        other => return other.to_string(),
    };
    name.to_owned()
}

fn key_and_value(entries: &Field) -> Option<(&Field, &Field)> {
    match entries.data_type() {
        DataType::Struct(fields) => match &fields[..] {
            [key, value] => Some((key, value)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn check(data_type: &DataType, name: &str, text: &str, json: &Value) {
        assert_eq!(type_name(data_type), name);
        assert_eq!(type_text(data_type), text);
        assert_eq!(&type_json(data_type), json);
    }

    #[test]
    fn simple_types() {
        use DataType as D;
        check(&D::Int8, "BYTE", "tinyint", &json!("byte"));
        check(&D::Int32, "INT", "int", &json!("integer"));
        check(&D::Int64, "LONG", "bigint", &json!("long"));
        check(&D::Utf8, "STRING", "string", &json!("string"));
        check(
            &D::Decimal128(10, 2),
            "DECIMAL",
            "decimal(10,2)",
            &json!("decimal(10,2)"),
        );
        let ntz = D::Timestamp(TimeUnit::Microsecond, None);
        check(
            &ntz,
            "TIMESTAMP_NTZ",
            "timestamp_ntz",
            &json!("timestamp_ntz"),
        );
    }

    #[test]
    fn nested_types() {
        let structure = DataType::Struct(vec![Field::new("a", DataType::Int64, false)].into());
        let list = DataType::List(Arc::new(Field::new("element", structure, true)));
        check(
            &list,
            "ARRAY",
            "array<struct<a:bigint>>",
            &json!({"type": "array", "containsNull": true, "elementType":
                {"type": "struct", "fields":
                    [{"name": "a", "type": "long", "nullable": false, "metadata": {}}]}}),
        );
        let entries = vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Int32, true),
        ];
        let entries = Field::new("key_value", DataType::Struct(entries.into()), false);
        check(
            &DataType::Map(Arc::new(entries), false),
            "MAP",
            "map<string,int>",
            &json!({"type": "map", "keyType": "string", "valueType": "integer",
                   "valueContainsNull": true}),
        );
    }
}
