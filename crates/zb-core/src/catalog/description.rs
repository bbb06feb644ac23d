//! A table as Unity Catalog describes it, and the same as an Arrow schema.

use arrow_schema::{DataType, Field, Schema};
use serde::Deserialize;
use zb_convert::{FIELD_NUMBER, TABLE_TYPE, delta_schema};
use zb_types::TableName;

use super::{CatalogError, types};

/// A table as Unity Catalog describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TableDescription {
    /// The columns, in their order.
    pub columns: Vec<TableColumn>,
    /// What kind of table it is, such as `MANAGED`, `EXTERNAL` or `VIEW`.
    #[serde(default)]
    pub table_type: Option<String>,
    /// What its files are, such as `DELTA`.
    #[serde(default)]
    pub data_source_format: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type as SQL writes it, such as `decimal(10,2)`.
    pub type_text: String,
    /// Its type as the table's own metadata has it, which says everything about what is in structs,
    /// arrays and maps.
    #[serde(default)]
    pub type_json: Option<String>,
    /// Whether it may be null.
    #[serde(default = "nullable")]
    pub nullable: bool,
    /// Its place among the columns, from 0. There may be gaps.
    #[serde(default)]
    pub position: Option<u32>,
    /// Its place among the columns that the table is partitioned by, if it is one of them.
    #[serde(default)]
    pub partition_index: Option<u32>,
}

fn nullable() -> bool {
    true
}

impl TableDescription {
    /// The columns as [`zb_convert::Encoder::for_table`] takes them: with their numbers on the wire,
    /// and those that cannot be sent through Zerobus marked as such.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Column`] when a column has no `type_json` and its `type_text` is not enough.
    pub fn arrow_schema(&self, table: &TableName) -> Result<Schema, CatalogError> {
        let mut columns: Vec<(u32, &TableColumn)> = (0..)
            .zip(&self.columns)
            .map(|(at, column)| (column.position.unwrap_or(at), column))
            .collect();
        columns.sort_by_key(|(position, _)| *position);
        let fields = columns.into_iter().map(|(position, column)| {
            let field = column.field().ok_or_else(|| CatalogError::Column {
                table: table.clone(),
                column: column.name.clone(),
            })?;
            let mut metadata = field.metadata().clone();
            let number = position.saturating_add(1);
            metadata.insert(FIELD_NUMBER.to_owned(), number.to_string());
            Ok(field.with_metadata(metadata))
        });
        Ok(Schema::new(fields.collect::<Result<Vec<_>, _>>()?))
    }
}

impl TableColumn {
    /// The column as Arrow has it; `None` where it is not said what it is made of.
    fn field(&self) -> Option<Field> {
        let json = self.type_json.as_deref().filter(|json| !json.is_empty());
        let data_type = match json {
            Some(json) => types::of_json(json),
            None if types::is_nested(&self.type_text) => return None,
            None => types::of_text(&self.type_text),
        };
        let field = data_type.map(|of| Field::new(&self.name, of, self.nullable));
        let marked = || [(TABLE_TYPE.to_owned(), self.type_text.clone())].into();
        // What it is made of may be known and yet be nothing that can be sent.
        let sendable =
            field.filter(|field| delta_schema(&Schema::new(vec![field.clone()])).is_ok());
        Some(match sendable {
            Some(field) if types::is_variant(&self.type_text) => field.with_metadata(marked()),
            Some(field) => field,
            None => Field::new(&self.name, DataType::Null, self.nullable).with_metadata(marked()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zb_convert::{Encoder, Options};

    use super::*;

    fn described(columns: &str) -> TableDescription {
        serde_json::from_str(&format!(r#"{{"columns": [{columns}]}}"#)).unwrap()
    }

    fn table() -> TableName {
        "a.b.c".parse().unwrap()
    }

    #[test]
    fn columns_come_in_the_order_of_their_positions_which_make_their_numbers() {
        let described = described(
            r#"{"name": "late", "type_text": "bigint", "type_json": "\"long\"", "position": 4},
               {"name": "early", "type_text": "string", "position": 1, "nullable": false}"#,
        );
        let schema = described.arrow_schema(&table()).unwrap();
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| (f.name().as_str(), f.data_type(), f.is_nullable()))
            .collect();
        assert_eq!(
            fields,
            [
                ("early", &DataType::Utf8, false),
                ("late", &DataType::Int64, true)
            ]
        );
        let batch = Schema::new(vec![Field::new("early", DataType::Utf8, false)]);
        let encoder = Encoder::for_table(&batch, &schema, Options::default()).unwrap();
        let fields = &encoder.descriptor().field;
        assert_eq!(
            fields
                .iter()
                .map(|f| f.number.unwrap_or_default())
                .collect::<Vec<_>>(),
            [2, 5]
        );
    }

    #[test]
    fn what_cannot_be_sent_is_marked_and_what_is_not_said_is_an_error() {
        let lists = r#"{\"name\": \"l\", \"nullable\": true, \"metadata\": {}, \"type\": {\"type\": \"array\", \"containsNull\": true, \"elementType\": {\"type\": \"array\", \"elementType\": \"long\", \"containsNull\": true}}}"#;
        let described_all = described(&format!(
            r#"{{"name": "wait", "type_text": "interval day to second"}},
               {{"name": "two words", "type_text": "int"}},
               {{"name": "l", "type_text": "array<array<bigint>>", "type_json": "{lists}"}},
               {{"name": "ok", "type_text": "int"}}"#
        ));
        let schema = described_all.arrow_schema(&table()).unwrap();
        let types: Vec<_> = schema.fields().iter().map(|f| f.data_type()).collect();
        let null = &DataType::Null;
        assert_eq!(types, [null, null, null, &DataType::Int32]);
        let batch = Schema::new(vec![Field::new(
            "l",
            DataType::List(Arc::new(Field::new("item", DataType::Int64, true))),
            true,
        )]);
        let error = Encoder::for_table(&batch, &schema, Options::default()).unwrap_err();
        assert!(
            error.to_string().contains("array<array<bigint>>"),
            "{error}"
        );

        let silent = described(r#"{"name": "s", "type_text": "struct<a:int>"}"#);
        let error = silent.arrow_schema(&table()).unwrap_err();
        assert!(matches!(error, CatalogError::Column { column, .. } if column == "s"));
    }
}
