//! Schemas that are refused when the plan is made.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, IntervalUnit, Schema, UnionFields, UnionMode};
use zb_convert::{Encoder, MAX_COLUMNS, MAX_DEPTH, Options, SchemaProblemKind};

fn problems(fields: Vec<Field>) -> Vec<(String, SchemaProblemKind)> {
    let error = Encoder::new(&Schema::new(fields), Options::default()).unwrap_err();
    error
        .problems()
        .iter()
        .map(|p| (p.path().to_owned(), p.kind().clone()))
        .collect()
}

#[test]
fn types_without_a_counterpart_are_refused_with_their_path() {
    let inner = Fields::from(vec![Field::new("nothing", DataType::Null, true)]);
    let found = problems(vec![
        Field::new("ok", DataType::Int32, true),
        Field::new("gap", DataType::Interval(IntervalUnit::DayTime), true),
        Field::new(
            "either",
            DataType::Union(UnionFields::empty(), UnionMode::Sparse),
            true,
        ),
        Field::new("outer", DataType::Struct(inner), true),
    ]);
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["gap", "either", "outer.nothing"]);
    for (_, kind) in &found {
        assert!(
            matches!(kind, SchemaProblemKind::Unsupported { .. }),
            "{kind}"
        );
    }
}

#[test]
fn nesting_that_protobuf_lacks_is_refused() {
    let list = |item| Field::new_list("x", Field::new("item", item, true), true);
    let map = |key, value| {
        Field::new_map(
            "x",
            "entries",
            Field::new("keys", key, false),
            Field::new("values", value, true),
            false,
            true,
        )
    };
    let kind = |field: Field| problems(vec![field])[0].1.clone();
    assert_eq!(
        kind(list(list(DataType::Int8).data_type().clone())),
        SchemaProblemKind::NestedList { items: "lists" }
    );
    assert_eq!(
        kind(list(
            map(DataType::Utf8, DataType::Utf8).data_type().clone()
        )),
        SchemaProblemKind::NestedList { items: "maps" }
    );
    assert_eq!(
        kind(map(DataType::Float32, DataType::Utf8)),
        SchemaProblemKind::MapKey {
            found: DataType::Float32
        }
    );
    assert_eq!(
        kind(map(
            DataType::Utf8,
            list(DataType::Int8).data_type().clone()
        )),
        SchemaProblemKind::MapValue { values: "lists" }
    );
}

#[test]
fn decimals_beyond_38_digits_are_refused() {
    let kind = |t| problems(vec![Field::new("x", t, true)])[0].1.clone();
    assert_eq!(
        kind(DataType::Decimal256(39, 0)),
        SchemaProblemKind::DecimalPrecision {
            precision: 39,
            scale: 0
        }
    );
    assert_eq!(
        kind(DataType::Decimal128(38, -1)),
        SchemaProblemKind::DecimalPrecision {
            precision: 38,
            scale: -1
        }
    );
}

#[test]
fn names_are_held_to_what_the_service_takes() {
    let int = |name: &str| Field::new(name, DataType::Int32, true);
    for name in ["", "1st", "a b", "a.b", "größe", "a-b", "a;drop"] {
        assert_eq!(
            problems(vec![int(name)])[0].1,
            SchemaProblemKind::Name {
                name: name.to_owned()
            }
        );
    }
    assert_eq!(
        problems(vec![int("a"), int("A")]),
        [("A".to_owned(), SchemaProblemKind::DuplicateName)]
    );
    let options = Options::default().message_name("not a name");
    assert!(Encoder::new(&Schema::empty(), options).is_err());
}

#[test]
fn the_limits_of_the_service_are_the_limits() {
    let wide = |n: usize| -> Vec<Field> {
        (0..n)
            .map(|i| Field::new(format!("c{i}"), DataType::Int32, true))
            .collect()
    };
    assert!(Encoder::new(&Schema::new(wide(MAX_COLUMNS)), Options::default()).is_ok());
    assert_eq!(
        problems(wide(MAX_COLUMNS + 1))[0].1,
        SchemaProblemKind::TooManyColumns {
            found: MAX_COLUMNS + 1
        }
    );
    let deep = |depth: usize| {
        (1..depth).fold(Field::new("leaf", DataType::Int32, true), |inner, _| {
            Field::new(
                "s",
                DataType::Struct(Fields::from(vec![Arc::new(inner)])),
                true,
            )
        })
    };
    assert!(Encoder::new(&Schema::new(vec![deep(MAX_DEPTH)]), Options::default()).is_ok());
    let found = problems(vec![deep(MAX_DEPTH + 1)]);
    assert_eq!(found[0].1, SchemaProblemKind::TooDeep);
}

/// `a.b[].c`: a field of the items of a list in a struct.
fn deep_inside(found: DataType) -> Field {
    let item = Fields::from(vec![Field::new("c", found, true)]);
    let list = Field::new_list("b", Field::new("item", DataType::Struct(item), true), true);
    Field::new("a", DataType::Struct(Fields::from(vec![list])), true)
}

#[test]
fn each_refused_type_is_named_with_its_whole_path_and_what_to_do() {
    let int = || Field::new("item", DataType::Int8, true);
    let list = || DataType::new_list(DataType::Int8, true);
    let map = |key, value| {
        let (key, value) = (Field::new("k", key, false), Field::new("v", value, true));
        Field::new_map("m", "entries", key, value, false, true)
            .data_type()
            .clone()
    };
    for (refused, path, advice) in [
        (DataType::Null, "a.b[].c", "drop the column"),
        (
            DataType::Interval(IntervalUnit::MonthDayNano),
            "a.b[].c",
            "cast it to a duration",
        ),
        (
            DataType::Union(UnionFields::empty(), UnionMode::Dense),
            "a.b[].c",
            "split it into one column a type",
        ),
        (
            DataType::ListView(Arc::new(int().with_data_type(list()))),
            "a.b[].c",
            "wrap the items in a struct",
        ),
        (
            DataType::FixedSizeList(Arc::new(int().with_data_type(DataType::Null)), 2),
            "a.b[].c[]",
            "drop the column",
        ),
        (
            map(DataType::Float64, DataType::Int8),
            "a.b[].c",
            "use an integer, a boolean or a string",
        ),
        (
            map(DataType::Binary, DataType::Int8),
            "a.b[].c",
            "use an integer, a boolean or a string",
        ),
        (
            map(DataType::Int8, list()),
            "a.b[].c",
            "wrap the values in a struct",
        ),
        (
            map(DataType::Int8, DataType::Null),
            "a.b[].c.value",
            "drop the column",
        ),
        (
            DataType::Decimal256(76, 3),
            "a.b[].c",
            "cast it to a smaller precision",
        ),
        (
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Null)),
            "a.b[].c",
            "drop the column",
        ),
        (
            DataType::Struct(Fields::from(vec![Field::new("d-e", DataType::Int8, true)])),
            "a.b[].c.d-e",
            "rename the column",
        ),
    ] {
        let shown = refused.to_string();
        let schema = Schema::new(vec![deep_inside(refused)]);
        let error = Encoder::new(&schema, Options::default()).unwrap_err();
        let [problem] = error.problems() else {
            panic!("{shown}: {error}")
        };
        assert_eq!(problem.path(), path, "{shown}");
        let text = error.to_string();
        assert!(text.contains(&format!("`{path}`")), "{text}");
        assert!(text.contains(advice), "{shown}: {text}");
    }
}

#[test]
fn a_variant_that_is_shredded_is_refused_with_what_to_do() {
    for name in ["arrow.parquet.variant", "parquet.variant"] {
        let pair = ("ARROW:extension:name".to_owned(), name.to_owned());
        let storage = DataType::Struct(Fields::from(vec![
            Field::new("metadata", DataType::Binary, false),
            Field::new("value", DataType::Binary, true),
            Field::new("typed_value", DataType::Int64, true),
        ]));
        let item = Field::new("item", storage, true).with_metadata([pair].into());
        let error = Encoder::new(
            &Schema::new(vec![Field::new_list("events", item, true)]),
            Options::default(),
        );
        let text = error.unwrap_err().to_string();
        assert!(text.contains("`events[]`") && text.contains(name), "{text}");
        assert!(text.contains("put it together"), "{text}");
    }
}

#[test]
fn a_struct_without_fields_and_clashing_names_of_entries_are_refused() {
    let empty = DataType::Struct(Fields::empty());
    let found = problems(vec![Field::new("s", empty, true)]);
    assert_eq!(found, [("s".to_owned(), SchemaProblemKind::EmptyStruct)]);
    let map = |name: &str| {
        let key = Field::new("keys", DataType::Utf8, false);
        let value = Field::new("values", DataType::Int32, true);
        Field::new_map(name, "entries", key, value, false, true)
    };
    let clash = |path: &str| {
        let entry = "TagsEntry".to_owned();
        (path.to_owned(), SchemaProblemKind::MapEntryName { entry })
    };
    assert_eq!(problems(vec![map("tags"), map("tags_")]), [clash("tags_")]);
    let named = Field::new("TagsEntry", DataType::Int32, true);
    assert_eq!(problems(vec![named, map("tags")]), [clash("tags")]);
}
