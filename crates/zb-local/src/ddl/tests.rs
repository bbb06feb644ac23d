//! What a `CREATE TABLE` is read as, and what is said about one that cannot be.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;

use arrow_schema::DataType;

use super::*;

/// One line per column: name, Arrow type, `!` where it is NOT NULL.
fn shown(schema: &Schema) -> String {
    schema
        .fields()
        .iter()
        .fold(String::new(), |mut all, field| {
            let required = if field.is_nullable() { "" } else { "!" };
            let _ = writeln!(all, "{} {}{required}", field.name(), field.data_type());
            all
        })
}

fn check(columns: &str, expected: &str) {
    let table = CreateTable::parse(&format!("CREATE TABLE t ({columns})")).unwrap();
    assert_eq!(shown(table.schema()).trim(), expected);
}

fn refused(sql: &str, expected: &str) {
    assert_eq!(CreateTable::parse(sql).unwrap_err().to_string(), expected);
}

#[test]
fn every_simple_type_is_known() {
    check(
        "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h STRING,
         i BINARY, j DATE, k TIMESTAMP, l TIMESTAMP_NTZ, m DECIMAL(38, 18), n DECIMAL, o LONG",
        "a Boolean\nb Int8\nc Int16\nd Int32\ne Int64\nf Float32\ng Float64\nh Utf8\n\
         i Binary\nj Date32\nk Timestamp(µs, \"UTC\")\nl Timestamp(µs)\nm Decimal128(38, 18)\n\
         n Decimal128(10, 0)\no Int64",
    );
}

#[test]
fn nested_types_close_with_two_brackets() {
    let table = CreateTable::parse(
        "CREATE TABLE t (a MAP<STRING, ARRAY<STRUCT<x: INT NOT NULL COMMENT 'x', y DATE>>>)",
    )
    .unwrap();
    let DataType::Map(entries, _) = table.schema().field(0).data_type() else {
        panic!("not a map")
    };
    assert_eq!(
        entries.data_type().to_string(),
        "Struct(\"key\": non-null Utf8, \"value\": List(Struct(\"x\": non-null Int32, \
         \"y\": Date32), field: 'element'))"
    );
}

#[test]
fn what_stands_beside_the_columns_is_read_over() {
    let table = CreateTable::parse(
        "-- flights\nCREATE OR REPLACE TABLE IF NOT EXISTS `main`.nyc.flights (
            `id` bigint NOT NULL COMMENT 'a, (b)' PRIMARY KEY,
            n INT DEFAULT (1 + 2) NOT NULL,
            constraint STRING,
            CONSTRAINT pk PRIMARY KEY (id, n),
            CHECK (n > 0)
         ) USING DELTA PARTITIONED BY (n) COMMENT 'x' TBLPROPERTIES ('a' = 'b');",
    )
    .unwrap();
    assert_eq!(table.name(), "main.nyc.flights");
    assert_eq!(
        shown(table.schema()),
        "id Int64!\nn Int32!\nconstraint Utf8\n"
    );
}

#[test]
fn what_cannot_be_read_says_where_and_why() {
    let refusals = [
        (
            "SELECT 1",
            "line 1, column 1: CREATE is expected, not SELECT",
        ),
        (
            "CREATE TABLE t (a INTERVAL)",
            "line 1, column 19: this is not a type that Zerobus can write",
        ),
        (
            "CREATE TABLE t (a DECIMAL(39))",
            "line 1, column 29: DECIMAL(39,0) is impossible: at most 38 digits",
        ),
        (
            "CREATE TABLE t (a INT",
            "line 1, column 19: the list of columns has no end",
        ),
        (
            "CREATE TABLE t",
            "line 1, column 14: ( is expected, but the statement ends",
        ),
        (
            "CREATE TABLE t (a INT); CREATE TABLE u (a INT)",
            "line 1, column 25: one statement is expected, and here is another",
        ),
        (
            "CREATE TABLE t (a INT) AS SELECT 1",
            "line 1, column 24: CREATE TABLE AS a query cannot be used: list the columns",
        ),
        (
            "CREATE TABLE t (a INT GENERATED ALWAYS AS (1))",
            "line 1, column 23: column a is generated: Zerobus cannot write such a table",
        ),
        (
            "CREATE TABLE t (a INT) PARTITIONED BY (b DATE)",
            "line 1, column 42: ) is expected, not DATE",
        ),
    ];
    for (sql, expected) in refusals {
        refused(sql, expected);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = CreateTable::from_file("/nowhere/t.sql").unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/t.sql");
}
