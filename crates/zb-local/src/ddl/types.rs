//! The types of Databricks SQL, as the Arrow types that a Delta table reads back.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};

use super::{DdlError, cursor::Cursor};

/// The service takes no deeper nesting.
const MAX_DEPTH: usize = 100;

pub(super) fn data_type(cursor: &mut Cursor) -> Result<DataType, DdlError> {
    nested(cursor, 0)
}

fn nested(cursor: &mut Cursor, depth: usize) -> Result<DataType, DdlError> {
    if depth > MAX_DEPTH {
        return Err(cursor.error(format!("the type is nested deeper than {MAX_DEPTH}")));
    }
    let unknown = cursor.error("this is not a type that Zerobus can write");
    let name = cursor.identifier("a type")?;
    let found = match name.to_ascii_uppercase().as_str() {
        "BOOLEAN" | "BOOL" => DataType::Boolean,
        "TINYINT" | "BYTE" => DataType::Int8,
        "SMALLINT" | "SHORT" => DataType::Int16,
        "INT" | "INTEGER" => DataType::Int32,
        "BIGINT" | "LONG" => DataType::Int64,
        "FLOAT" | "REAL" => DataType::Float32,
        "DOUBLE" => DataType::Float64,
        "STRING" => DataType::Utf8,
        "BINARY" => DataType::Binary,
        "DATE" => DataType::Date32,
        "TIMESTAMP" | "TIMESTAMP_LTZ" => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        "TIMESTAMP_NTZ" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "DECIMAL" | "DEC" | "NUMERIC" => decimal(cursor)?,
        "ARRAY" => array(cursor, depth)?,
        "MAP" => map(cursor, depth)?,
        "STRUCT" => structure(cursor, depth)?,
        _ => return Err(unknown),
    };
    Ok(found)
}

fn decimal(cursor: &mut Cursor) -> Result<DataType, DdlError> {
    let (mut precision, mut scale) = (10_u8, 0_u8);
    if cursor.take("(") {
        precision = cursor.number("the precision")?;
        if cursor.take(",") {
            scale = cursor.number("the scale")?;
        }
        if !(1..=38).contains(&precision) || scale > precision {
            let message = format!("DECIMAL({precision},{scale}) is impossible: at most 38 digits");
            return Err(cursor.error(message));
        }
        cursor.expect(")")?;
    }
    Ok(DataType::Decimal128(precision, scale as i8))
}

fn array(cursor: &mut Cursor, depth: usize) -> Result<DataType, DdlError> {
    cursor.expect("<")?;
    let element = nested(cursor, depth + 1)?;
    cursor.expect(">")?;
    Ok(DataType::List(Arc::new(Field::new(
        "element", element, true,
    ))))
}

fn map(cursor: &mut Cursor, depth: usize) -> Result<DataType, DdlError> {
    cursor.expect("<")?;
    let key = Field::new("key", nested(cursor, depth + 1)?, false);
    cursor.expect(",")?;
    let value = Field::new("value", nested(cursor, depth + 1)?, true);
    cursor.expect(">")?;
    let entries = DataType::Struct(vec![key, value].into());
    Ok(DataType::Map(
        Arc::new(Field::new("key_value", entries, false)),
        false,
    ))
}

fn structure(cursor: &mut Cursor, depth: usize) -> Result<DataType, DdlError> {
    cursor.expect("<")?;
    let mut fields = Vec::new();
    loop {
        let name = cursor.identifier("the name of a field")?;
        // The colon may be left out.
        cursor.take(":");
        let data_type = nested(cursor, depth + 1)?;
        let mut nullable = true;
        if cursor.take_word("NOT") {
            cursor.expect_word("NULL")?;
            nullable = false;
        }
        if cursor.take_word("COMMENT") {
            cursor.skip();
        }
        fields.push(Field::new(name, data_type, nullable));
        if !cursor.take(",") {
            break;
        }
    }
    cursor.expect(">")?;
    Ok(DataType::Struct(Fields::from(fields)))
}
