//! What must not be on disk is not.

use std::{collections::HashSet, fs, path::Path, sync::Arc};

use arrow_array::{
    Array as _, ArrayRef, BinaryArray, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray, types::Int8Type,
};
use arrow_schema::{DataType, Field, Schema};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use sha2::Digest as _;
use zb_debug::{Kind, Mirrors, MirrorsBuilder, ProtoFile, Redaction};

use super::{Row, batches, descriptor, files, flights};

fn mirror(directory: &Path, batch: &RecordBatch, set: impl Fn(MirrorsBuilder) -> MirrorsBuilder) {
    let mirrors = set(Mirrors::builder(directory).arrow()).start().unwrap();
    mirrors.batch(&flights(), batch);
    mirrors.close().unwrap();
}

/// Whether any file below a directory has the bytes.
fn has(directory: &Path, bytes: &[u8]) -> bool {
    let kinds = [Kind::Arrow, Kind::Proto];
    let files: Vec<_> = kinds
        .iter()
        .flat_map(|kind| files(directory, *kind))
        .collect();
    assert!(!files.is_empty());
    let mut contents = files.iter().map(|file| fs::read(file).unwrap());
    contents.any(|contents| contents.windows(bytes.len()).any(|window| window == bytes))
}

fn strings(column: &ArrayRef) -> Vec<Option<String>> {
    let column = column.as_any().downcast_ref::<StringArray>().unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn strings_and_bytes_of_every_type_are_hashed_alike() {
    let values = [Some("SECRET-1"), None, Some("SECRET-2"), Some("SECRET-1")];
    let words: DictionaryArray<Int8Type> = values.into_iter().collect();
    let bytes = values.map(|value| value.map(str::as_bytes));
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes.into_iter(), 8).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("a", Arc::new(StringArray::from(values.to_vec()))),
        ("b", Arc::new(LargeStringArray::from(values.to_vec()))),
        ("c", Arc::new(StringViewArray::from(values.to_vec()))),
        ("d", Arc::new(BinaryArray::from(bytes.to_vec()))),
        ("e", Arc::new(fixed)),
        ("f", Arc::new(words)),
        ("open", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let hashed = ["A", "b", "c", "d", "e", "f", "no such column"];
    mirror(directory.path(), &batch, |mirrors| {
        hashed.iter().fold(mirrors, |mirrors, name| {
            mirrors.redact(*name, Redaction::Hash)
        })
    });
    assert!(!has(directory.path(), b"SECRET"));
    let read = batches(&files(directory.path(), Kind::Arrow)[0]).0;
    let hashes = strings(read[0].column(0));
    let [Some(first), None, Some(second), third] = &hashes[..] else {
        panic!("{hashes:?}")
    };
    assert!(first.len() == 64 && first.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_ne!(first, second);
    assert_eq!(third.as_ref(), Some(first));
    for column in &read[0].columns()[1..6] {
        assert_eq!(strings(column), hashes);
    }
    assert_eq!(read[0].column(6), batch.column(6));
}

#[test]
fn a_hash_cannot_be_found_by_trying() {
    let batch = RecordBatch::try_from_iter([(
        "phone",
        Arc::new(StringArray::from(vec!["555-0100"])) as ArrayRef,
    )])
    .unwrap();
    let directory = tempfile::tempdir().unwrap();
    mirror(directory.path(), &batch, |m| {
        m.redact("phone", Redaction::Hash)
    });
    let read = batches(&files(directory.path(), Kind::Arrow)[0]).0;
    let hash = strings(read[0].column(0)).remove(0).unwrap();
    let plain = sha2::Sha256::digest(b"555-0100");
    assert_ne!(hash, format!("{plain:x}"));
}

#[test]
fn other_types_become_null_and_keep_their_type() {
    let schema = Schema::new(vec![
        Field::new("lat", DataType::Float64, false),
        Field::new("name", DataType::Utf8, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![52.5, 13.4])),
        Arc::new(StringArray::from(vec!["x", "y"])),
    ];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let directory = tempfile::tempdir().unwrap();
    mirror(directory.path(), &batch, |mirrors| {
        mirrors
            .redact("LAT", Redaction::Hash)
            .redact("name", Redaction::Null)
    });
    let read = batches(&files(directory.path(), Kind::Arrow)[0]).0;
    let types = read[0].schema();
    let types: Vec<_> = types
        .fields()
        .iter()
        .map(|f| f.data_type().clone())
        .collect();
    assert_eq!(types, [DataType::Float64, DataType::Utf8]);
    assert!(
        read[0]
            .columns()
            .iter()
            .all(|column| column.null_count() == 2)
    );
}

#[test]
fn records_stay_readable_without_what_was_redacted() {
    let rows: Vec<Row> = (0..10)
        .map(|id| Row {
            id: 7_777_777 + id,
            name: (id != 3).then(|| "SECRET".to_owned()),
            raw: Some(b"SECRET".to_vec()),
        })
        .collect();
    let records: Vec<_> = rows.iter().map(Row::encode_to_vec).collect();
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .redact("id", Redaction::Null)
        .redact("Name", Redaction::Hash)
        .redact("raw", Redaction::Hash)
        .start()
        .unwrap();
    let names: StringArray = rows.iter().map(|row| row.name.as_deref()).collect();
    let batch = RecordBatch::try_from_iter([("name", Arc::new(names) as ArrayRef)]).unwrap();
    mirrors.batch(&flights(), &batch);
    mirrors.records(&flights(), &descriptor(), &records);
    let stats = mirrors.close().unwrap();
    assert_eq!((stats.proto.rows, stats.proto.batches), (10, 1));
    assert!(!has(directory.path(), b"SECRET"));

    let path = &files(directory.path(), Kind::Proto)[0];
    let set = fs::read(path.with_extension("desc")).unwrap();
    let pool = DescriptorPool::decode(set.as_slice()).unwrap();
    let message = pool.get_message_by_name("Flights").unwrap();
    let hashes = strings(batches(&files(directory.path(), Kind::Arrow)[0]).0[0].column(0));
    let mut read = 0;
    for (record, hash) in ProtoFile::open(path).unwrap().zip(&hashes) {
        let row = DynamicMessage::decode(message.clone(), record.unwrap().as_slice()).unwrap();
        assert!(!row.has_field_by_name("id"));
        let name = row.has_field_by_name("name").then(|| {
            let name = row.get_field_by_name("name").unwrap();
            name.as_str().unwrap().to_owned()
        });
        // The same value has the same hash in both mirrors.
        assert_eq!(&name, hash);
        let raw = row.get_field_by_name("raw").unwrap();
        assert_eq!(raw.as_str(), hashes[0].as_deref());
        read += 1;
    }
    assert_eq!(read, 10);
    let distinct: HashSet<_> = hashes.into_iter().collect();
    assert_eq!(distinct.len(), 2);
}

#[test]
fn a_record_that_cannot_be_read_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .proto()
        .redact("name", Redaction::Hash)
        .start()
        .unwrap();
    let good = super::records([1]).remove(0);
    // A field of a length that it has not; a group; a string sent as a number.
    let bad = [
        b"\x12\x7fSECRET".to_vec(),
        b"\x13SECRET".to_vec(),
        b"\x10\x01SECRET".to_vec(),
    ];
    let all = [&bad[..], &[good]].concat();
    mirrors.records(&flights(), &descriptor(), &all);
    mirrors.records(&flights(), &descriptor(), &bad);
    mirrors.flush().unwrap();
    let proto = mirrors.stats().proto;
    assert_eq!((proto.rows, proto.dropped_rows), (1, 6));
    assert_eq!((proto.batches, proto.dropped_batches), (1, 1));
    assert!(!has(directory.path(), b"SECRET"));
}
