//! Whether the schema of a stream fits its table, by the rules of the service.
//!
//! Columns are found by name, and come in the order of the table. Those that may be null may be
//! absent; nothing may be there that the table does not have. Types are what the service wants
//! them to be and nothing near it, since it changes no values: strings and bytes in their large
//! layouts, decimals as text, times in microseconds. What lists and maps call their parts does not
//! matter.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema};

use super::refusal::{Cause, Problem};

/// Everything that a schema has against it; nothing, where it fits.
pub(super) fn problems(sent: &Schema, table: &Schema) -> Vec<Problem> {
    let mut problems = Problems::default();
    if sent.fields().is_empty() {
        problems.add(
            Cause::FieldCountMismatch,
            "the schema has no field".to_owned(),
        );
    }
    let mut last = None;
    for (at, field) in sent.fields().iter().enumerate() {
        let name = field.name();
        let Some((place, column)) = table.fields().find(name) else {
            let text = format!("field `{name}` is not in the table");
            problems.add(Cause::FieldNotInTable, text);
            continue;
        };
        if sent
            .fields()
            .find(name)
            .is_some_and(|(first, _)| first < at)
        {
            let text = format!("field `{name}` is there twice");
            problems.add(Cause::FieldCountMismatch, text);
            continue;
        }
        if last.is_some_and(|last| place < last) {
            let text = format!("field `{name}` comes too late: fields have the order of the table");
            problems.add(Cause::FieldOutOfOrder, text);
        }
        last = last.max(Some(place));
        problems.compare(name, field, column);
    }
    for column in table.fields() {
        if !column.is_nullable() && sent.fields().find(column.name()).is_none() {
            let text = format!("column `{}` is NOT NULL and is missing", column.name());
            problems.add(Cause::MissingRequiredColumn, text);
        }
    }
    problems.0
}

/// The type that the service wants for a column of a table.
fn wanted(column: &DataType) -> DataType {
    match column {
        DataType::Utf8 | DataType::Decimal128(..) => DataType::LargeUtf8,
        DataType::Binary => DataType::LargeBinary,
        DataType::List(element) => {
            let item = Field::new("item", wanted(element.data_type()), true);
            DataType::List(Arc::new(item))
        }
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| {
                let data_type = wanted(field.data_type());
                Field::new(field.name(), data_type, field.is_nullable())
            });
            DataType::Struct(fields.collect())
        }
        DataType::Map(entries, sorted) => {
            let parts = parts(entries);
            let types = parts.iter().map(|part| wanted(part.data_type()));
            let named = types.zip(["keys", "values"]).zip([false, true]);
            let fields = named.map(|((of, name), nullable)| Field::new(name, of, nullable));
            let entries = DataType::Struct(fields.collect());
            DataType::Map(Arc::new(Field::new("entries", entries, false)), *sorted)
        }
        other => other.clone(),
    }
}

/// The key and the value of a map.
fn parts(entries: &Field) -> &[Arc<Field>] {
    match entries.data_type() {
        DataType::Struct(parts) => parts,
        _ => &[],
    }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, cause: Cause, text: String) {
        self.0.push(Problem { cause, text });
    }

    fn compare(&mut self, path: &str, sent: &Field, column: &Field) {
        if sent.is_nullable() != column.is_nullable() {
            let (is, has) = if column.is_nullable() {
                ("nullable", "is not")
            } else {
                ("NOT NULL", "is nullable")
            };
            let text = format!("column `{path}` is {is} and the field {has}");
            self.add(Cause::TypeIncompatible, text);
        }
        self.compare_types(path, sent.data_type(), column.data_type());
    }

    /// `sent` against the type of a column.
    fn compare_types(&mut self, path: &str, sent: &DataType, column: &DataType) {
        match (sent, column) {
            (DataType::Struct(sent), DataType::Struct(columns)) => {
                self.compare_structs(path, sent, columns);
            }
            (DataType::List(sent), DataType::List(column)) => {
                let path = format!("{path}.element");
                self.compare_types(&path, sent.data_type(), column.data_type());
            }
            (DataType::Map(sent, false), DataType::Map(column, _))
                if parts(sent).len() == parts(column).len() =>
            {
                for ((sent, column), part) in
                    parts(sent).iter().zip(parts(column)).zip(["key", "value"])
                {
                    let path = format!("{path}.{part}");
                    self.compare_types(&path, sent.data_type(), column.data_type());
                }
            }
            _ => {
                let wanted = wanted(column);
                if *sent != wanted {
                    let text = format!("field `{path}` is {sent} and has to be {wanted}");
                    self.add(Cause::TypeIncompatible, text);
                }
            }
        }
    }

    /// Inside of a struct nothing may be absent.
    fn compare_structs(&mut self, path: &str, sent: &Fields, columns: &Fields) {
        if sent.len() != columns.len() {
            let (has, wanted) = (sent.len(), columns.len());
            let text = format!("field `{path}` has {has} fields and has to have {wanted}");
            self.add(Cause::FieldCountMismatch, text);
            return;
        }
        for (sent, column) in sent.iter().zip(columns) {
            let name = column.name();
            if sent.name() == name {
                self.compare(&format!("{path}.{name}"), sent, column);
            } else {
                let text = format!(
                    "field `{path}` has `{}` in the place of `{name}`",
                    sent.name()
                );
                let known = columns.find(sent.name()).is_some();
                let cause = if known {
                    Cause::FieldOutOfOrder
                } else {
                    Cause::FieldNotInTable
                };
                self.add(cause, text);
            }
        }
    }
}
