//! `zb schema`: what a file becomes, before anything is sent.

use serde_json::Value;
use zb_tests::{Zb, data};

fn schema(form: &str) -> String {
    let run = Zb::new(["schema"])
        .arg(data::sample())
        .args(["--as", form])
        .run();
    run.exits(0).stdout
}

#[test]
fn as_proto_every_column_is_a_field_in_order() {
    let proto = schema("proto");
    assert!(proto.contains("proto2"), "{proto}");
    for field in ["optional int64 year = 1;", "optional string carrier = 10;"] {
        assert!(proto.contains(field), "no {field} in {proto}");
    }
    assert!(proto.contains("optional int64 time_hour = 19;"), "{proto}");
}

#[test]
fn as_ddl_every_column_has_its_delta_type() {
    let ddl = schema("ddl").replace('`', "");
    assert!(ddl.contains("CREATE TABLE"), "{ddl}");
    for column in ["year BIGINT", "carrier STRING", "time_hour TIMESTAMP"] {
        assert!(ddl.contains(column), "no {column} in {ddl}");
    }
}

#[test]
fn as_json_it_is_json() {
    let json: Value = serde_json::from_str(&schema("json")).unwrap();
    assert!(json.to_string().contains("time_hour"), "{json}");
}

#[test]
fn a_descriptor_is_bytes() {
    let descriptor = schema("descriptor");
    assert!(
        descriptor.contains("time_hour"),
        "the names are in it as they are"
    );
}
