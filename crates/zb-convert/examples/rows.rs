//! A batch toward the table that it goes to: what the rows become, and which one cannot be one.
//! `cargo run -p zb-convert --example rows`.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]

use std::{error::Error, sync::Arc};

use arrow_array::{ArrayRef, Decimal128Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use zb_convert::{Decoder, Encoder, Options, create_table_sql, proto_text};

fn main() -> Result<(), Box<dyn Error>> {
    // What the table has: a SMALLINT and two digits after the point.
    let table = Schema::new(vec![
        Field::new("id", DataType::Int16, false),
        Field::new("price", DataType::Decimal128(10, 2), true),
        Field::new("note", DataType::Utf8, true),
    ]);
    println!(
        "{}\n",
        create_table_sql(&"main.shop.prices".parse()?, &table)?
    );

    // What there is: wider integers, one digit, another order.
    let prices = Decimal128Array::from(vec![15, 20, 99]).with_precision_and_scale(4, 1)?;
    let batch = RecordBatch::try_from_iter([
        (
            "note",
            Arc::new(StringArray::from(vec![Some("new"), None, None])) as ArrayRef,
        ),
        ("id", Arc::new(UInt64Array::from(vec![1, 70_000, 3]))),
        ("price", Arc::new(prices)),
    ])?;

    let encoder = Encoder::for_table(&batch.schema(), &table, Options::default())?;
    println!("{}", proto_text(encoder.descriptor()));
    let encoded = encoder.encode(&batch)?;
    for row in encoded.rows() {
        println!("{} bytes: {row:02x?}", row.len());
    }
    for error in encoded.errors() {
        println!("{error}");
    }

    // And back, as whoever reads the table sees it.
    let decoded = Decoder::new(encoder.descriptor(), &table)?.decode(encoded.rows())?;
    println!("{:?}", decoded.batch);
    Ok(())
}
