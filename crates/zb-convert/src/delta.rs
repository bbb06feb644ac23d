//! What a schema is in Delta: the Arrow types it reads back as, and its `CREATE TABLE`.

use std::{fmt::Write as _, sync::Arc};

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use zb_types::TableName;

use crate::{
    SchemaError,
    shape::{self, Column, Shape, delta_decimal},
};

/// The schema with the Arrow types that a Delta table of it reads back as: the normal form that
/// [`Decoder`](crate::Decoder) produces.
///
/// Names, order and nullability are kept; metadata is dropped. Times come to microseconds, zones
/// to UTC, unsigned integers to the next wider signed ones, the many string, binary, list and
/// decimal layouts to one each.
///
/// # Errors
///
/// When a column has a type or a name that cannot be sent, as
/// [`Encoder::new`](crate::Encoder::new).
pub fn delta_schema(schema: &Schema) -> Result<Schema, SchemaError> {
    let columns = shape::columns(schema)?;
    Ok(Schema::new(fields(&columns)))
}

fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(field).collect()
}

fn field(column: &Column) -> FieldRef {
    Arc::new(Field::new(
        &column.name,
        delta_type(column),
        column.nullable,
    ))
}

pub(crate) fn delta_type(column: &Column) -> DataType {
    use DataType as T;
    match &column.shape {
        Shape::Message(children) => T::Struct(fields(children)),
        Shape::List(item) => T::List(renamed(item, "element", item.nullable)),
        Shape::Map(key, value) => {
            let entry = Fields::from(vec![
                renamed(key, "key", false),
                renamed(value, "value", value.nullable),
            ]);
            T::Map(
                Arc::new(Field::new("key_value", T::Struct(entry), false)),
                false,
            )
        }
        Shape::Scalar(_) => match &column.arrow {
            T::UInt8 => T::Int16,
            T::UInt16 => T::Int32,
            T::UInt32 | T::UInt64 | T::Time32(_) | T::Time64(_) | T::Duration(_) => T::Int64,
            T::Float16 => T::Float32,
            T::LargeUtf8 | T::Utf8View => T::Utf8,
            _ if column.is_uuid() || column.is_variant() => T::Utf8,
            T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
            T::Date64 => T::Date32,
            T::Timestamp(_, zone) => {
                T::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| "UTC".into()))
            }
            T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s) => {
                // The shape has refused what does not fit.
                let (precision, scale) = delta_decimal(*p, *s).unwrap_or((*p, *s));
                T::Decimal128(precision, scale)
            }
            other => other.clone(),
        },
    }
}

/// The names that Delta gives the parts of lists and maps.
fn renamed(column: &Column, name: &str, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, delta_type(column), nullable))
}

/// The statement that makes a Delta table for rows of this schema.
///
/// ```
/// use arrow_schema::{DataType, Field, Schema};
///
/// let schema = Schema::new(vec![
///     Field::new("year", DataType::UInt16, false),
///     Field::new("carrier", DataType::Utf8View, true),
/// ]);
/// let sql = zb_convert::create_table_sql(&"main.nyc.flights".parse()?, &schema)?;
/// assert_eq!(
///     sql,
///     "CREATE TABLE main.nyc.flights (\n  `year` INT NOT NULL,\n  `carrier` STRING\n) USING DELTA;\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When a column has a type or a name that cannot be sent, as
/// [`Encoder::new`](crate::Encoder::new).
pub fn create_table_sql(table: &TableName, schema: &Schema) -> Result<String, SchemaError> {
    let columns = shape::columns(schema)?;
    let mut sql = String::from("CREATE TABLE ");
    for (i, part) in [table.catalog(), table.schema(), table.table()]
        .into_iter()
        .enumerate()
    {
        if i > 0 {
            sql.push('.');
        }
        if shape::is_identifier(part) {
            sql.push_str(part);
        } else {
            let _ = write!(sql, "`{part}`"); // a table name has no backtick
        }
    }
    sql.push_str(" (\n");
    for (i, column) in columns.iter().enumerate() {
        let comma = if i + 1 < columns.len() { "," } else { "" };
        let not_null = if column.nullable { "" } else { " NOT NULL" };
        let _ = writeln!(
            sql,
            "  `{}` {}{not_null}{comma}",
            column.name,
            sql_type(column)
        );
    }
    sql.push_str(") USING DELTA;\n");
    Ok(sql)
}

/// The type of a column as Databricks SQL writes it.
pub(crate) fn sql_type(column: &Column) -> String {
    match &column.shape {
        Shape::Message(children) => {
            let fields: Vec<String> = children
                .iter()
                .map(|child| {
                    let not_null = if child.nullable { "" } else { " NOT NULL" };
                    format!("{}: {}{not_null}", child.name, sql_type(child))
                })
                .collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        Shape::List(item) => format!("ARRAY<{}>", sql_type(item)),
        Shape::Map(key, value) => format!("MAP<{}, {}>", sql_type(key), sql_type(value)),
        Shape::Scalar(_) if column.is_variant() => "VARIANT".to_owned(),
        Shape::Scalar(_) => match delta_type(column) {
            DataType::Boolean => "BOOLEAN".to_owned(),
            DataType::Int8 => "TINYINT".to_owned(),
            DataType::Int16 => "SMALLINT".to_owned(),
            DataType::Int32 => "INT".to_owned(),
            DataType::Int64 => "BIGINT".to_owned(),
            DataType::Float32 => "FLOAT".to_owned(),
            DataType::Float64 => "DOUBLE".to_owned(),
            DataType::Binary => "BINARY".to_owned(),
            DataType::Date32 => "DATE".to_owned(),
            DataType::Timestamp(_, Some(_)) => "TIMESTAMP".to_owned(),
            DataType::Timestamp(_, None) => "TIMESTAMP_NTZ".to_owned(),
            DataType::Decimal128(precision, scale) => format!("DECIMAL({precision}, {scale})"),
            _ => "STRING".to_owned(),
        },
    }
}
