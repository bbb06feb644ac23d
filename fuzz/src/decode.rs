//! Bytes as rows of a table: each is in the batch or among the errors, and what was read can be
//! written and read again.

use std::{collections::HashMap, sync::LazyLock};

use arrow_schema::{DataType as T, Field, Fields, Schema, TimeUnit};
use zb_convert::{Decoder, Encoder, Options};

static TABLES: LazyLock<Vec<(Decoder, Encoder)>> =
    LazyLock::new(|| tables().iter().map(pair).collect());

fn pair(table: &Schema) -> (Decoder, Encoder) {
    let encoder = Encoder::new(table, Options::default()).expect("a table's schema");
    let decoder = Decoder::new(encoder.descriptor(), table).expect("the table's own descriptor");
    let again = Encoder::new(decoder.schema(), Options::default()).expect("a schema of Delta");
    (decoder, again)
}

pub(crate) fn tables() -> [Schema; 4] {
    let nested = Fields::from(vec![
        Field::new("n", T::Int8, false),
        Field::new_list("l", Field::new("element", T::Int32, true), true),
        Field::new("t", T::Utf8, true),
    ]);
    let deep = Fields::from(vec![
        Field::new("inner", T::Struct(nested.clone()), true),
        Field::new_list(
            "many",
            Field::new("element", T::Struct(nested.clone()), true),
            true,
        ),
    ]);
    let map = |name, key, value| {
        let (key, value) = (
            Field::new("key", key, false),
            Field::new("value", value, true),
        );
        Field::new_map(name, "key_value", key, value, false, true)
    };
    let uuid = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]);
    [
        Schema::new(vec![
            Field::new("a", T::Boolean, true),
            Field::new("b", T::Int8, true),
            Field::new("c", T::Int16, true),
            Field::new("d", T::Int32, true),
            Field::new("e", T::Int64, false),
            Field::new("f", T::Float32, true),
            Field::new("g", T::Float64, true),
            Field::new("h", T::Utf8, true),
            Field::new("i", T::Binary, true),
            Field::new("j", T::Date32, true),
            Field::new(
                "k",
                T::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
            Field::new("l", T::Timestamp(TimeUnit::Microsecond, None), true),
            Field::new("m", T::Decimal128(10, 2), true),
            Field::new("n", T::Decimal128(38, 38), true),
            Field::new("o", T::FixedSizeBinary(16), true).with_metadata(uuid),
            Field::new("p", T::UInt8, true),
            Field::new("q", T::UInt64, true),
        ]),
        Schema::new(vec![
            Field::new("s", T::Struct(deep.clone()), true),
            Field::new("r", T::Struct(nested.clone()), false),
        ]),
        Schema::new(vec![
            Field::new_list("a", Field::new("element", T::Boolean, true), true),
            Field::new_list("b", Field::new("element", T::Int16, true), true),
            Field::new_list("c", Field::new("element", T::Float32, true), true),
            Field::new_list("d", Field::new("element", T::Float64, true), true),
            Field::new_list("e", Field::new("element", T::Utf8, true), true),
            Field::new_list("f", Field::new("element", T::Decimal128(5, 1), true), true),
            Field::new_list("g", Field::new("element", T::Struct(deep), true), true),
        ]),
        Schema::new(vec![
            map("a", T::Utf8, T::Int64),
            map("b", T::Int8, T::Utf8),
            map("c", T::Boolean, T::Float32),
            map("d", T::Decimal128(9, 3), T::Struct(nested)),
        ]),
    ]
}

/// The first byte chooses the table; then rows, each with its length before it in one byte, the
/// last one as long as there are bytes.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, mut rest)) = data.split_first() else {
        return;
    };
    let (decoder, encoder) = &TABLES[usize::from(*choice) % TABLES.len()];
    let mut rows = Vec::new();
    while let Some((&len, bytes)) = rest.split_first() {
        let (row, after) = bytes.split_at(usize::from(len).min(bytes.len()));
        rows.push(row);
        rest = after;
    }

    let decoded = decoder
        .decode(rows.iter().copied())
        .expect("far below 2 GiB");
    assert_eq!(decoded.batch.num_rows() + decoded.errors.len(), rows.len());
    assert!(decoded.errors.is_sorted_by(|a, b| a.row < b.row));

    let written = encoder
        .encode(&decoded.batch)
        .expect("a batch of the table's schema");
    assert!(written.errors().is_empty(), "{:?}", written.errors());
    let again = decoder.decode(written.rows()).expect("far below 2 GiB");
    assert!(again.errors.is_empty(), "{:?}", again.errors);
    assert_eq!(again.batch, decoded.batch);
}
