//! pyarrow and the Protobuf of Python read the mirrors, and find in both the same rows:
//! `tests/python/mirrors_check.py`.

use std::{fs, sync::Arc};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use serde_json::{Value, json};
use zb_convert::{Encoder, Options};
use zb_debug::{Kind, Mirrors, list};
use zb_tests::python;

use crate::{Scratch, TABLE};

/// Rows with the numbers `from..from + rows`.
fn batch(from: i64, rows: i64) -> RecordBatch {
    let ids = from..from + rows;
    let names: StringArray = ids
        .clone()
        .map(|id| (id % 3 != 0).then(|| format!("row {id}")))
        .collect();
    let halves = ids.clone().map(|id| id as f64 / 2.0);
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids))),
        ("name", Arc::new(names)),
        ("half", Arc::new(Float64Array::from_iter_values(halves))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Writes ten batches of a hundred rows to both mirrors.
fn mirror(scratch: &Scratch) {
    let table = TABLE.parse().unwrap();
    // The first row has no name: the column may be null.
    let encoder = Encoder::new(&batch(0, 1).schema(), Options::default()).unwrap();
    let descriptor = Arc::new(encoder.descriptor().clone());
    let mirrors = Mirrors::builder(scratch.path()).arrow().proto();
    let mirrors = mirrors.rotate_rows(450).start().unwrap();
    for i in 0..10 {
        let batch = batch(i * 100, 100);
        let encoded = encoder.encode(&batch).unwrap();
        assert!(encoded.errors().is_empty());
        mirrors.batch(&table, &batch);
        let rows: Vec<&[u8]> = encoded.rows().collect();
        mirrors.records(&table, &descriptor, &rows);
    }
    mirrors.close().unwrap();
}

fn verdict(scratch: &Scratch) -> Value {
    let output = python::script("mirrors_check.py", [scratch.path()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("a verdict in JSON")
}

#[test]
fn python_finds_the_same_rows_in_both_mirrors() {
    let scratch = Scratch::new();
    mirror(&scratch);
    let expected = json!({"arrow_files": 3, "proto_files": 3, "rows": 1000, "records": 1000});
    assert_eq!(verdict(&scratch), expected);
}

#[test]
fn python_reads_a_cut_mirror_up_to_its_last_whole_batch() {
    let scratch = Scratch::new();
    mirror(&scratch);
    // The last file of each kind has a hundred rows, in one batch or a hundred records.
    for kind in [Kind::Arrow, Kind::Proto] {
        let entries = list(scratch.path()).unwrap();
        let last = entries.iter().rev().find(|entry| entry.kind() == kind);
        let last = last.unwrap();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(last.path())
            .unwrap();
        // Without its end mark and the end of its batch; with three bytes of its first record.
        let len = if kind == Kind::Arrow {
            last.bytes() - 20
        } else {
            3
        };
        file.set_len(len).unwrap();
    }
    let expected = json!({"arrow_files": 3, "proto_files": 3, "rows": 900, "records": 900});
    assert_eq!(verdict(&scratch), expected);
}
