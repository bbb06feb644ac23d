//! The columns that a table asks for.

use std::collections::{HashMap, HashSet};

use arrow_schema::{DataType, Field, Fields, Schema};

use crate::{
    SchemaError, SchemaProblem, SchemaProblemKind as Kind,
    delta::delta_schema,
    shape::{self, Column},
    target::NUMBERS,
};

/// The key of a field's metadata, in the schema of a table, that holds the number of the column on
/// the wire: its position in Unity Catalog plus one. Columns without it are numbered by their order.
pub const FIELD_NUMBER: &str = "zb:field_number";

/// The key of a field's metadata, in the schema of a table, that holds its type as the table calls
/// it. A field of type Null that has it stands for a column that no client can send.
pub const TABLE_TYPE: &str = "zb:table_type";

/// What a table asks for.
pub(crate) struct Table {
    /// What can be sent to it.
    pub(crate) columns: Vec<Column>,
    /// The columns that nobody can send, by their names in lower case, with their types.
    pub(crate) unsendable: HashMap<String, String>,
}

impl Table {
    pub(crate) fn of(schema: &Schema) -> Result<Self, SchemaError> {
        let mut unsendable = HashMap::new();
        let mut problems = Vec::new();
        let mut sendable = Vec::with_capacity(schema.fields().len());
        let mut numbers = Vec::with_capacity(schema.fields().len());
        let mut taken = HashSet::new();
        for (position, field) in schema.fields().iter().enumerate() {
            if let Some(table_type) = unsendable_type(field) {
                if !field.is_nullable() {
                    let kind = Kind::NotSendable {
                        table_type: table_type.to_owned(),
                        nullable: false,
                    };
                    problems.push(SchemaProblem::new(field.name(), kind));
                }
                unsendable.insert(field.name().to_ascii_lowercase(), table_type.to_owned());
                continue;
            }
            match number(field, position) {
                Some(number) if taken.insert(number) => numbers.push(number),
                _ => {
                    let detail = format!(
                        "the number of the column stands twice or is not between 1 and {NUMBERS}"
                    );
                    let kind = Kind::Descriptor { detail };
                    problems.push(SchemaProblem::new(field.name(), kind));
                }
            }
            sendable.push(field.clone());
        }
        if !problems.is_empty() {
            return Err(SchemaError::new(problems));
        }
        let sendable = Schema::new(Fields::from(sendable));
        let mut columns = shape::columns(&delta_schema(&sendable)?)?;
        for (column, number) in columns.iter_mut().zip(numbers) {
            column.renumber(number);
        }
        Ok(Self {
            columns,
            unsendable,
        })
    }
}

fn unsendable_type(field: &Field) -> Option<&str> {
    let table_type = field.metadata().get(TABLE_TYPE)?;
    (*field.data_type() == DataType::Null).then_some(table_type)
}

fn number(field: &Field, position: usize) -> Option<u32> {
    let number = match field.metadata().get(FIELD_NUMBER) {
        Some(number) => number.parse().ok()?,
        None => u32::try_from(position + 1).ok()?,
    };
    (1..NUMBERS).contains(&number).then_some(number)
}
