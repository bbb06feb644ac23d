//! The columns that a descriptor asks for.

use prost_types::DescriptorProto;

use crate::{
    SchemaError, SchemaProblem, SchemaProblemKind as Kind,
    natural::arrow_schema,
    reading::Scope,
    shape::{self, Column, Shape},
};

/// One more than the largest number of a field that is taken: its tag has three bytes.
pub(crate) const NUMBERS: u32 = 1 << 18;

/// The columns of a descriptor, with the numbers it gives them.
pub(crate) fn columns(descriptor: &DescriptorProto) -> Result<Vec<Column>, SchemaError> {
    let mut columns = shape::columns(&arrow_schema(descriptor)?)?;
    let mut problems = Vec::new();
    renumber(&Scope::root(descriptor), &mut columns, &mut problems);
    if problems.is_empty() {
        Ok(columns)
    } else {
        Err(SchemaError::new(problems))
    }
}

/// The columns stand in the order of the fields they were made from.
fn renumber(scope: &Scope<'_>, columns: &mut [Column], problems: &mut Vec<SchemaProblem>) {
    let mut taken = std::collections::HashSet::new();
    for (field, column) in scope.message.field.iter().zip(columns) {
        let number = u32::try_from(field.number()).unwrap_or(0);
        if number == 0 || number >= NUMBERS || !taken.insert(number) {
            let number = field.number();
            let detail =
                format!("the number {number} stands twice or is not between 1 and {NUMBERS}");
            problems.push(SchemaProblem::new(
                &*column.path,
                Kind::Descriptor { detail },
            ));
            continue;
        }
        column.renumber(number);
        let Some(message) = scope.resolve(field.type_name()) else {
            continue; // a scalar: what cannot be found has been refused
        };
        match &mut column.shape {
            Shape::Message(children) => renumber(&message, children, problems),
            Shape::List(item) => {
                if let Shape::Message(children) = &mut item.shape {
                    renumber(&message, children, problems);
                }
            }
            Shape::Map(_, value) => {
                let field = message.message.field.iter().find(|f| f.number() == 2);
                let inner = field.and_then(|field| message.resolve(field.type_name()));
                if let (Shape::Message(children), Some(inner)) = (&mut value.shape, inner) {
                    renumber(&inner, children, problems);
                }
            }
            Shape::Scalar(_) => {}
        }
    }
}
