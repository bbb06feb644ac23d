//! The judge: `tests/python/oracle.py`, which reads a table with `deltalake` and with DuckDB.

use std::{ffi::OsStr, path::Path};

use serde_json::Value;

use crate::python;

/// Asserts that a table holds exactly the rows of a file, each `times` times, in every column
/// equal and in the right Delta types. Returns the types by column.
pub fn assert_table_is(table: &Path, source: &Path, times: u32) -> Value {
    let times = times.to_string();
    let args: [&OsStr; 5] = [
        "compare".as_ref(),
        source.as_ref(),
        table.as_ref(),
        "--times".as_ref(),
        times.as_ref(),
    ];
    let output = python::script("oracle.py", args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{} is not {}:\n{stderr}",
        table.display(),
        source.display()
    );
    let mut verdict: Value = serde_json::from_slice(&output.stdout).expect("a verdict in JSON");
    assert_eq!(verdict["equal"], true, "{verdict}");
    verdict["types"].take()
}

/// How many rows a table has, read by `deltalake`.
pub fn rows(table: &Path) -> u64 {
    let args: [&OsStr; 2] = ["count".as_ref(), table.as_ref()];
    let output = python::script("oracle.py", args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "cannot read {}:\n{stderr}",
        table.display()
    );
    let count: Value = serde_json::from_slice(&output.stdout).expect("a count in JSON");
    count["rows"].as_u64().expect("a number of rows")
}
