//! The classes that the real protoc makes of our .proto text read our rows, and find in them what
//! pyarrow finds in the batch: `tests/python/protoc_check.py`.

use std::{fs, path::Path};

use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Fields, Schema};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngSeed, TestRunner},
};
use prost::Message as _;
use serde_json::Value;
use zb_convert::{Encoder, Options, proto_text};
use zb_tests::python;

use crate::{
    Scratch,
    random::{Case, Rows, case, cases, every_leaf},
};

/// How many random schemas there are besides those that are chosen.
const RANDOM: usize = 60;

fn rows(fields: Vec<Field>) -> Case {
    case(Schema::new(fields), 30, 3, false, Rows::Good, 42)
}

fn named(fields: impl IntoIterator<Item = Field>) -> Vec<Field> {
    let numbered = fields.into_iter().enumerate();
    let named = numbered.map(|(i, field)| field.with_name(format!("c{i}")));
    named.collect()
}

fn structs(name: &str, inner: Vec<Field>) -> Field {
    Field::new(name, DataType::Struct(Fields::from(inner)), true)
}

fn int(name: &str) -> Field {
    Field::new(name, DataType::Int32, true)
}

fn map(name: &str, value: DataType) -> Field {
    let key = Field::new("keys", DataType::Utf8, false);
    let value = Field::new("values", value, true);
    Field::new_map(name, "entries", key, value, false, true)
}

fn list_of_structs(name: &str) -> Field {
    let item = structs("item", vec![int("a"), int("b").with_nullable(false)]);
    Field::new_list(name, item, false)
}

/// Names that get in each other's way in Protobuf, where messages and fields share their scope.
fn colliding(message: &str) -> Vec<Field> {
    let leg = || vec![int("x")];
    vec![
        structs("trip_leg", leg()),
        Field::new("TripLeg", DataType::Int64, false),
        structs("trip__leg", leg()),
        structs("_1", leg()),
        structs("tags_entry", leg()),
        map("tags", structs("v", leg()).data_type().clone()),
        structs("tags_value", leg()),
        structs(message, vec![structs(message, leg())]),
        int("foo_bar"),
        int("fooBar_"),
        list_of_structs("many"),
        list_of_structs("many_"),
    ]
}

/// Words of the Protobuf language, and of Python.
fn keywords() -> Vec<Field> {
    let words = "message optional required repeated map reserved extensions extend option oneof \
        enum group syntax edition package import public weak service rpc returns stream int32 \
        string bytes bool float double true false inf nan max to class def None self lambda";
    let scalars = words.split_whitespace().map(int);
    let messages = words.split_whitespace();
    let messages = messages.map(|word| structs(&format!("in_{word}"), vec![int(word)]));
    scalars.chain(messages).collect()
}

fn chosen() -> Vec<Case> {
    let leaves = every_leaf();
    // The Python of Protobuf takes no more than 63 required fields in one message.
    let (some, others) = leaves.split_at(leaves.len() / 2);
    let required = |leaves: &[Field]| {
        let required = leaves.iter().map(|leaf| leaf.clone().with_nullable(false));
        rows(named(required))
    };
    let in_structs = leaves.iter().map(|leaf| structs("s", vec![leaf.clone()]));
    let in_lists = leaves.iter().map(|leaf| {
        let item = leaf.clone().with_name("item");
        Field::new_list("l", item, true)
    });
    let in_maps = leaves.iter().map(|leaf| map("m", leaf.data_type().clone()));
    vec![
        rows(named(leaves.iter().cloned())),
        required(some),
        required(others),
        rows(named(in_structs)),
        rows(named(in_lists)),
        rows(named(in_maps)),
        rows(colliding("Case06")),
        rows(keywords()),
        rows(Vec::new()),
        case(Schema::new(named(leaves)), 0, 0, false, Rows::Good, 1),
    ]
}

/// pyarrow takes no extension type whose storage is a dictionary or in runs; Arrow IPC takes no
/// dictionary of dictionaries.
fn is_readable_in_python(field: &Field) -> bool {
    use DataType as T;
    let values = |values: &T| {
        let plain = field.metadata().is_empty();
        plain && is_readable_in_python(&Field::new("values", values.clone(), true))
    };
    match field.data_type() {
        T::Dictionary(_, inner) => !matches!(**inner, T::Dictionary(..)) && values(inner),
        T::RunEndEncoded(_, inner) => values(inner.data_type()),
        T::Struct(fields) => fields.iter().all(|field| is_readable_in_python(field)),
        T::List(item)
        | T::LargeList(item)
        | T::ListView(item)
        | T::LargeListView(item)
        | T::FixedSizeList(item, _)
        | T::Map(item, _) => is_readable_in_python(item),
        _ => true,
    }
}

fn random() -> Vec<Case> {
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(0x5eed),
        ..Config::default()
    });
    let readable = cases(Rows::Good).prop_filter("not for pyarrow", |case| {
        let mut fields = case.planned.fields().iter();
        !case.truncate && fields.all(|field| is_readable_in_python(field))
    });
    let mut next = || readable.new_tree(&mut runner).unwrap().current();
    (0..RANDOM).map(|_| next()).collect()
}

fn write(case: &Case, name: &str, directory: &Path) -> usize {
    let directory = directory.join(name);
    fs::create_dir(&directory).unwrap();
    let options = Options::default().message_name(name);
    let encoder = Encoder::new(&case.planned, options).unwrap();
    let encoded = encoder.encode(&case.batch).unwrap();
    assert_eq!(encoded.errors(), []);

    let descriptor = encoder.descriptor();
    let text = directory.join(format!("{name}.proto"));
    fs::write(text, proto_text(descriptor)).unwrap();
    fs::write(directory.join("descriptor.bin"), descriptor.encode_to_vec()).unwrap();
    let mut rows = Vec::new();
    for row in encoded.rows() {
        rows.extend(u32::try_from(row.len()).unwrap().to_le_bytes());
        rows.extend(row);
    }
    fs::write(directory.join("rows.bin"), rows).unwrap();
    let file = fs::File::create(directory.join("batch.arrow")).unwrap();
    let mut stream = StreamWriter::try_new(file, case.batch.schema_ref()).unwrap();
    stream.write(&case.batch).unwrap();
    stream.finish().unwrap();
    encoded.len()
}

#[test]
fn protocs_own_classes_read_the_same_values() {
    let scratch = Scratch::new();
    let cases = chosen().into_iter().chain(random());
    let (mut count, mut rows) = (0, 0);
    for (i, case) in cases.enumerate() {
        rows += write(&case, &format!("Case{i:02}"), scratch.path());
        count += 1;
    }
    let output = python::script("protoc_check.py", [scratch.path()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict in JSON");
    assert_eq!(verdict["cases"], count, "{verdict}");
    assert_eq!(verdict["rows"], rows, "{verdict}");
    assert!(verdict["values"].as_u64().unwrap() > 10_000, "{verdict}");
    println!("{verdict}");
}
