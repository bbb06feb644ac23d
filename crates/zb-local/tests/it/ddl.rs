//! The `CREATE TABLE` that zb-convert prints, as the endpoint reads it. The parser of sqlparser
//! itself cannot be asked: it knows no `USING`, no `MAP` and no `NOT NULL` in a struct.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use proptest::prelude::*;
use zb_convert::{create_table_sql, delta_schema};
use zb_local::CreateTable;

#[path = "../../../zb-convert/tests/it/random/types.rs"]
#[allow(dead_code, reason = "shared with tests that need more of it")]
mod types;

const TABLE: &str = "main.nyc.flights";

/// Columns of every type, but for structs without fields: SQL has none.
fn schemas() -> impl Strategy<Value = Schema> {
    let columns = prop::collection::vec(types::field(3), 1..6);
    let named = columns.prop_map(|columns| {
        let numbered = columns.into_iter().enumerate();
        let named = numbered.map(|(i, field)| field.with_name(format!("c{i}")));
        Schema::new(named.collect::<Vec<_>>())
    });
    named.prop_filter("a struct without fields", |schema| {
        !schema.to_string().contains("Struct()")
    })
}

/// What SQL says of a schema: whether the items of a list and the values of a map may be null, it
/// does not.
fn as_sql_has_it(fields: &Fields) -> Fields {
    fields.iter().map(field_as_sql_has_it).collect()
}

fn field_as_sql_has_it(field: &FieldRef) -> FieldRef {
    let nullable = |field: &FieldRef| {
        let field = field_as_sql_has_it(field);
        Arc::new(field.as_ref().clone().with_nullable(true))
    };
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(as_sql_has_it(fields)),
        DataType::List(item) => DataType::List(nullable(item)),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(parts) = entries.data_type() else {
                unreachable!("the entries of a map are structs")
            };
            let parts = vec![field_as_sql_has_it(&parts[0]), nullable(&parts[1])];
            let entries = Field::new(entries.name(), DataType::Struct(parts.into()), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x5eed),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_printed_is_read_as_the_same_table(schema in schemas()) {
        let sql = create_table_sql(&TABLE.parse().unwrap(), &schema).unwrap();
        let table = CreateTable::parse(&sql).unwrap();
        prop_assert_eq!(table.name(), TABLE);
        let delta = delta_schema(&schema).unwrap();
        prop_assert_eq!(table.schema().fields(), &as_sql_has_it(delta.fields()), "{}", sql);
    }
}
