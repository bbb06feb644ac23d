//! The program `zb`: Arrow, Parquet, CSV and NDJSON files into Delta tables.

#[cfg_attr(
    not(test),
    expect(dead_code, unused_imports, reason = "the commands that use it follow")
)]
mod input;

fn main() {}
