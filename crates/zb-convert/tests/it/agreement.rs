//! A descriptor held against a table, as the service holds it.

use arrow_schema::{DataType, Field, Fields, Schema};
use prost_types::{DescriptorProto, field_descriptor_proto::Label};
use zb_convert::{Decoder, Encoder, Options, SchemaProblemKind, arrow_schema};

fn descriptor(fields: Vec<Field>) -> DescriptorProto {
    Encoder::new(&Schema::new(fields), Options::default())
        .unwrap()
        .descriptor()
        .clone()
}

fn problems(descriptor: &DescriptorProto, table: Vec<Field>) -> Vec<String> {
    match Decoder::new(descriptor, &Schema::new(table)) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn every_disagreement_is_named_at_once() {
    let sent = descriptor(vec![
        Field::new("a", DataType::Utf8, true),
        Field::new("b", DataType::Int64, true),
        Field::new("extra", DataType::Int64, true),
    ]);
    let table = vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Int64, false),
        Field::new("c", DataType::Decimal128(10, 2), false),
        Field::new("d", DataType::Utf8, true),
    ];
    assert_eq!(
        problems(&sent, table),
        [
            "column `extra`: the table has no such column; add it to the table or leave it out",
            "column `a`: the descriptor has string, the table takes int32 (INT)",
            "column `b`: the table's column is NOT NULL, the descriptor's field is optional; make it \
             required",
            "column `c`: the table needs this column (NOT NULL), the descriptor lacks it",
        ]
    );
}

#[test]
fn disagreements_inside_structs_lists_and_maps_are_found() {
    let inner = |t| Fields::from(vec![Field::new("v", t, true)]);
    let list = |t| {
        let item = Field::new("item", DataType::Struct(inner(t)), true);
        Field::new_list("l", item, true)
    };
    let map = |t| {
        let key = Field::new("keys", DataType::Utf8, false);
        Field::new_map(
            "m",
            "entries",
            key,
            Field::new("values", t, true),
            false,
            true,
        )
    };
    let sent = descriptor(vec![list(DataType::Int32), map(DataType::Int32)]);
    assert_eq!(
        problems(&sent, vec![list(DataType::Int32), map(DataType::Int32)]),
        [""; 0]
    );
    assert_eq!(
        problems(&sent, vec![list(DataType::Boolean), map(DataType::Int32)]),
        ["column `l[].v`: the descriptor has int32, the table takes bool (BOOLEAN)"]
    );
    assert_eq!(
        problems(&sent, vec![list(DataType::Int32), map(DataType::Utf8)]),
        ["column `m.value`: the descriptor has int32, the table takes string (STRING)"]
    );
    let scalar = vec![Field::new("l", DataType::Int32, true), map(DataType::Int32)];
    assert_eq!(
        problems(&sent, scalar),
        ["column `l`: the descriptor has repeated message, the table takes int32 (INT)"]
    );
}

#[test]
fn nested_types_are_found_by_every_form_of_their_name() {
    let fields = || {
        let inner = Fields::from(vec![Field::new("v", DataType::Int32, true)]);
        vec![Field::new("trip", DataType::Struct(inner), true)]
    };
    let sent = descriptor(fields());
    assert_eq!(sent.field[0].type_name(), ".Record.Trip");
    for name in [
        "Trip",
        "Record.Trip",
        ".Record.Trip",
        ".some.package.Record.Trip",
    ] {
        let mut renamed = sent.clone();
        renamed.field[0].type_name = Some(name.to_owned());
        let found = problems(&renamed, fields());
        // Relative names start inside the message, so the root's own name leads nowhere.
        assert_eq!(found.is_empty(), name != "Record.Trip", "{name}: {found:?}");
    }
    let mut lost = sent.clone();
    lost.field[0].type_name = Some("Gone".to_owned());
    assert_eq!(
        problems(&lost, fields()),
        ["column `trip`: the descriptor is not valid: there is no message \"Gone\""]
    );
}

#[test]
fn a_descriptor_has_natural_types_of_its_own() {
    let sent = descriptor(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("day", DataType::Date32, true),
        Field::new_list("tags", Field::new("item", DataType::Utf8, true), true),
    ]);
    let schema = arrow_schema(&sent).unwrap();
    assert_eq!(
        schema
            .fields()
            .iter()
            .map(|f| (f.name().as_str(), f.is_nullable()))
            .collect::<Vec<_>>(),
        [("id", false), ("day", true), ("tags", true)]
    );
    assert_eq!(*schema.field(1).data_type(), DataType::Int32);
    assert!(Decoder::new(&sent, &schema).is_ok());
}

#[test]
fn a_message_that_contains_itself_is_refused_and_not_followed() {
    let inner = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Int32, true),
    ]);
    let mut sent = descriptor(vec![Field::new("s", DataType::Struct(inner), true)]);
    for field in &mut sent.nested_type[0].field {
        field.set_type(prost_types::field_descriptor_proto::Type::Message);
        field.set_label(Label::Optional);
        field.type_name = Some(".Record.S".to_owned());
    }
    let error = arrow_schema(&sent).unwrap_err();
    assert!(
        error.problems().iter().any(|p| matches!(
            p.kind(),
            SchemaProblemKind::TooDeep | SchemaProblemKind::Descriptor { .. }
        )),
        "{error}"
    );
}

#[test]
fn the_parts_of_a_map_go_by_their_numbers_and_a_field_has_a_type() {
    let key = Field::new("keys", DataType::Utf8, false);
    let value = Field::new("values", DataType::Int32, true);
    let mut sent = descriptor(vec![Field::new_map(
        "m", "entries", key, value, false, true,
    )]);
    sent.nested_type[0].field.reverse();
    let schema = arrow_schema(&sent).unwrap();
    assert!(Decoder::new(&sent, &schema).is_ok());
    let DataType::Map(entries, _) = schema.field(0).data_type() else {
        panic!("{schema}");
    };
    let DataType::Struct(parts) = entries.data_type() else {
        panic!("{entries}");
    };
    assert_eq!(*parts[0].data_type(), DataType::Utf8);

    let mut untyped = descriptor(vec![Field::new("d", DataType::Float64, true)]);
    untyped.field[0].r#type = None;
    let table = vec![Field::new("d", DataType::Float64, true)];
    assert_eq!(
        problems(&untyped, table),
        ["column `d`: the descriptor has no type, the table takes double (DOUBLE)"]
    );
    assert!(arrow_schema(&untyped).is_err());
}
