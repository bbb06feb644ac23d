//! Says of each argument whether it is the name of a table, and where such a table would lie:
//! `cargo run -p zb-types --example names main.nyc.flights ../etc/passwd`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use zb_types::TableName;

fn main() {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = ["main.nyc.flights", "main.nyc", "main.nyc.../../x"]
            .map(str::to_owned)
            .into();
    }
    for name in names {
        match name.parse::<TableName>() {
            Ok(table) => {
                let (catalog, schema, table) = (table.catalog(), table.schema(), table.table());
                println!("{name}: {catalog}/{schema}/{table}");
            }
            Err(error) => println!("{error}"),
        }
    }
}
