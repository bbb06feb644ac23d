//! What two schemas differ in, said column by column.

use arrow_schema::{DataType, Field, Fields, Schema};

/// One sentence for each difference; nothing where the schemas are equal for Delta: names, order,
/// types and nullability, but not metadata and not the names that Arrow gives to list elements.
pub(super) fn differences(found: &Schema, wanted: &Schema) -> Vec<String> {
    let mut all = Vec::new();
    compare_fields("", found.fields(), wanted.fields(), &mut all);
    all
}

fn compare_fields(parent: &str, found: &Fields, wanted: &Fields, all: &mut Vec<String>) {
    let before = all.len();
    for field in found {
        let path = join(parent, field.name());
        match wanted.find(field.name()) {
            None => all.push(format!(
                "column {path} is in the table but not in the new schema"
            )),
            Some((_, wanted)) => compare_field(&path, field, wanted, all),
        }
    }
    for field in wanted {
        if found.find(field.name()).is_none() {
            let path = join(parent, field.name());
            all.push(format!("column {path} is not in the table"));
        }
    }
    let names = |fields: &Fields| -> Vec<String> {
        fields.iter().map(|field| field.name().clone()).collect()
    };
    if all.len() == before && names(found) != names(wanted) {
        let place = if parent.is_empty() {
            "the table"
        } else {
            parent
        };
        all.push(format!("the columns of {place} are in another order"));
    }
}

fn compare_field(path: &str, found: &Field, wanted: &Field, all: &mut Vec<String>) {
    if found.is_nullable() != wanted.is_nullable() {
        let say = |field: &Field| {
            if field.is_nullable() {
                "nullable"
            } else {
                "NOT NULL"
            }
        };
        let (found, wanted) = (say(found), say(wanted));
        all.push(format!(
            "column {path} is {found} in the table, not {wanted}"
        ));
    }
    compare_types(path, found.data_type(), wanted.data_type(), all);
}

fn compare_types(path: &str, found: &DataType, wanted: &DataType, all: &mut Vec<String>) {
    match (found, wanted) {
        (DataType::Struct(found), DataType::Struct(wanted)) => {
            compare_fields(path, found, wanted, all);
        }
        (DataType::List(found), DataType::List(wanted)) => {
            compare_field(&join(path, "element"), found, wanted, all);
        }
        (DataType::Map(found, _), DataType::Map(wanted, _)) => {
            let (DataType::Struct(found), DataType::Struct(wanted)) =
                (found.data_type(), wanted.data_type())
            else {
                return;
            };
            for ((found, wanted), part) in found.iter().zip(wanted).zip(["key", "value"]) {
                compare_field(&join(path, part), found, wanted, all);
            }
        }
        _ if found == wanted => {}
        _ => all.push(format!(
            "column {path} is {found} in the table, not {wanted}"
        )),
    }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() {
        name.to_owned()
    } else {
        format!("{parent}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn check(found: Vec<Field>, wanted: Vec<Field>, expected: &[&str]) {
        let all = differences(&Schema::new(found), &Schema::new(wanted));
        assert_eq!(all, expected);
    }

    fn list(name: &str, element: &str, of: DataType) -> Field {
        let element = Arc::new(Field::new(element, of, true));
        Field::new(name, DataType::List(element), true)
    }

    #[test]
    fn equal_for_delta_is_equal() {
        check(
            vec![list("a", "element", DataType::Int32)],
            vec![list("a", "item", DataType::Int32)],
            &[],
        );
    }

    #[test]
    fn every_difference_is_named() {
        check(
            vec![
                Field::new("gone", DataType::Utf8, true),
                Field::new("typed", DataType::Int32, true),
                Field::new("strict", DataType::Utf8, false),
                list("deep", "element", DataType::Int32),
            ],
            vec![
                Field::new("typed", DataType::Int64, true),
                Field::new("strict", DataType::Utf8, true),
                list("deep", "element", DataType::Utf8),
                Field::new("new", DataType::Utf8, true),
            ],
            &[
                "column gone is in the table but not in the new schema",
                "column typed is Int32 in the table, not Int64",
                "column strict is NOT NULL in the table, not nullable",
                "column deep.element is Int32 in the table, not Utf8",
                "column new is not in the table",
            ],
        );
    }

    #[test]
    fn order_counts() {
        let (a, b) = (
            Field::new("a", DataType::Utf8, true),
            Field::new("b", DataType::Utf8, true),
        );
        check(
            vec![a.clone(), b.clone()],
            vec![b, a],
            &["the columns of the table are in another order"],
        );
    }
}
