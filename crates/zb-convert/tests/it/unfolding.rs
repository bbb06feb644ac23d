//! A few bytes that mean much: memory, time and stack have bounds all the same.

use std::sync::Arc;

use arrow_array::{Array, cast::AsArray};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use zb_convert::{
    DecodeLimit, Decoded, Decoder, Encoder, MAX_COLUMNS, MAX_DEPTH, Options, RowErrorKind,
};

use crate::allocations::{count, peak_bytes};

/// What the documentation of the decoder says about memory.
const TIMES: usize = 3;
const PER_COLUMN: usize = 600;

fn columns(count: usize, data_type: &DataType) -> Vec<Field> {
    (0..count)
        .map(|i| Field::new(format!("c{i}"), data_type.clone(), true))
        .collect()
}

fn list(name: &str, fields: Vec<Field>) -> Field {
    let item = Field::new("element", DataType::Struct(fields.into()), false);
    Field::new_list(name, item, true)
}

fn map(name: &str, value: DataType) -> Field {
    Field::new_map(
        name,
        "key_value",
        Field::new("key", DataType::Int32, false),
        Field::new("value", value, true),
        false,
        true,
    )
}

fn decoder(fields: Vec<Field>) -> Decoder {
    let schema = Schema::new(fields);
    let encoder = Encoder::new(&schema, Options::default()).unwrap();
    Decoder::new(encoder.descriptor(), &schema).unwrap()
}

/// A field of bytes: number, length, content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut len = content.len();
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
    out.extend_from_slice(content);
    out
}

fn allowance(row: usize) -> usize {
    Decoder::UNFOLD_FLOOR + Decoder::UNFOLD_FACTOR * row
}

fn columns_in(fields: &Fields) -> usize {
    fields
        .iter()
        .map(|field| match field.data_type() {
            DataType::Struct(children) => 1 + columns_in(children),
            DataType::List(item) | DataType::Map(item, _) => {
                1 + columns_in(&Fields::from(vec![Arc::clone(item)]))
            }
            _ => 1,
        })
        .sum()
}

/// Decodes one row and holds the memory against what the documentation says of any row.
fn decode(decoder: &Decoder, row: &[u8]) -> Decoded {
    decode_slots(decoder, row, allowance(row.len()))
}

/// The same of a row whose items and entries are known to take so many bytes.
fn decode_slots(decoder: &Decoder, row: &[u8], slots: usize) -> Decoded {
    let (decoded, peak) = peak_bytes(|| decoder.decode([row]));
    let counted = decoder.row_bytes() + slots + row.len();
    let fixed = PER_COLUMN * columns_in(decoder.schema().fields());
    assert!(
        peak <= TIMES * counted + fixed,
        "{peak} bytes for {} of a row, {counted} counted, {fixed} fixed",
        row.len()
    );
    decoded.unwrap()
}

#[test]
fn a_list_of_empty_structs_has_its_measure() {
    let decoder = decoder(vec![list("items", columns(MAX_COLUMNS, &DataType::Int64))]);
    // Eight bytes and one for the validity in each column, and one for that of the struct.
    let item = 9 * MAX_COLUMNS + 1;
    let most = Decoder::UNFOLD_FLOOR / (item - 2 * Decoder::UNFOLD_FACTOR);
    let row = field(1, &[]).repeat(most);

    let decoded = decode(&decoder, &row);
    assert_eq!(decoded.errors, []);
    let items = decoded.batch.column(0).as_list::<i32>().value(0);
    assert_eq!(items.len(), most);
    for column in items.as_struct().columns() {
        assert_eq!(column.null_count(), most);
    }

    let row = field(1, &[]).repeat(most + 1);
    let error = decode(&decoder, &row).errors.remove(0);
    assert_eq!((error.row, &*error.path), (0, "items"));
    assert_eq!(
        (error.kind, error.kind.name()),
        (RowErrorKind::Unfolds, "unfolds")
    );
    assert_eq!(
        error.to_string(),
        format!(
            "row 0, column `items`: a row that unfolds to far more than its length \
             (found over {} bytes from {})",
            allowance(row.len()),
            row.len()
        )
    );

    for len in [1_000, 100_000, 3_000_000] {
        let decoded = decode(&decoder, &field(1, &[]).repeat(len));
        assert_eq!(decoded.errors[0].kind, RowErrorKind::Unfolds);
    }
}

#[test]
fn lists_in_structs_in_lists_share_one_measure() {
    let mut fields = columns(60, &DataType::Utf8);
    for _ in 0..4 {
        let mut outer = columns(60, &DataType::Decimal128(38, 2));
        outer.insert(0, list("deeper", fields.clone()));
        outer.push(Field::new("twin", DataType::Struct(fields.into()), true));
        fields = outer;
    }
    let decoder = decoder(fields);
    let mut row = Vec::new();
    for count in [200, 50, 20, 10] {
        row = field(1, &row).repeat(count);
    }
    assert_eq!(decode(&decoder, &row).errors[0].kind, RowErrorKind::Unfolds);
    row.truncate(0);
    for count in [3, 2, 1, 1] {
        row = field(1, &row).repeat(count);
    }
    assert_eq!(decode(&decoder, &row).errors, []);
}

#[test]
fn a_map_of_structs_has_its_measure() {
    for value in [
        DataType::Struct(columns(1_000, &DataType::Float64).into()),
        DataType::Struct(columns(1_000, &DataType::Boolean).into()),
    ] {
        let decoder = decoder(vec![map("m", value)]);
        let row = field(1, &[]).repeat(1_000_000);
        let error = decode(&decoder, &row).errors.remove(0);
        assert_eq!((error.kind, &*error.path), (RowErrorKind::Unfolds, "m"));
        // All with the key 0: one is left.
        let decoded = decode(&decoder, &field(1, &[]).repeat(50));
        assert_eq!(decoded.batch.column(0).as_map().value_length(0), 1);
    }
}

const MANY: usize = 1_000_000;

#[test]
fn what_scalars_unfold_to_is_always_accepted() {
    let item = |t| Field::new("element", t, false);
    let decoder = decoder(vec![
        Field::new_list("strings", item(DataType::Utf8), true),
        Field::new_list("floats", item(DataType::Float64), true),
        Field::new_list("bits", item(DataType::Boolean), true),
        map("m", DataType::Decimal128(38, 0)),
    ]);
    for (row, slot) in [
        (field(1, &[]).repeat(MANY), 8 + 1),
        (field(2, &vec![0; 8 * MANY]), 8 + 1),
        (field(3, &vec![1; MANY]), 1 + 1),
        (field(4, &[]).repeat(MANY), (4 + 1) + (16 + 1) + 8),
    ] {
        assert_eq!(decode_slots(&decoder, &row, MANY * slot).errors, []);
    }
}

#[test]
fn items_with_two_values_in_200_columns_are_honest() {
    let decoder = decoder(vec![list("items", columns(200, &DataType::Int64))]);
    // 12 bytes each, as many as the floor is for.
    let item = field(1, &[0x08, 0x81, 0x80, 0x80, 0x80, 0x08, 0x10, 7, 0x18, 9]);
    assert_eq!(decode(&decoder, &item.repeat(500)).errors, []);
    // 29 bytes each, as many as there can be.
    let mut long = vec![];
    for number in [1, 2] {
        long.extend([
            number << 3,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0xff,
            0x7f,
        ]);
    }
    long.extend([0x18, 0x81, 1, 0x20, 1, 0x28, 1]);
    let item = field(1, &long);
    assert_eq!(item.len(), 29);
    let slots = 20_000 * (200 * 9 + 1);
    let decoded = decode_slots(&decoder, &item.repeat(20_000), slots);
    assert_eq!(decoded.errors, []);
}

/// Decodes rows in chunks, holds each against the limit, and counts rows and errors.
fn chunks(decoder: &Decoder, rows: &[&[u8]], limit: DecodeLimit) -> (usize, usize) {
    let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let beyond = decoder.row_bytes() + allowance(longest) + longest;
    let fixed = PER_COLUMN * columns_in(decoder.schema().fields());
    let mut rest = rows.iter().copied();
    let (mut taken, mut errors) = (0, 0);
    loop {
        let (chunk, peak) = peak_bytes(|| decoder.decode_chunk(&mut rest, limit));
        assert!(
            peak <= TIMES * (limit.decoded_bytes + beyond) + fixed,
            "{peak}"
        );
        let Some(chunk) = chunk.unwrap() else {
            return (taken, errors);
        };
        assert!(chunk.rows() > 0 && chunk.rows() <= limit.rows);
        taken += chunk.rows();
        errors += chunk.errors.len();
        assert_eq!(taken + rest.len(), rows.len());
    }
}

#[test]
fn chunks_bound_rows_without_anything_in_them() {
    let decoder = decoder(columns(MAX_COLUMNS, &DataType::Int32));
    let limit = DecodeLimit {
        decoded_bytes: 2 << 20,
        ..DecodeLimit::NONE
    };
    assert_eq!(decoder.row_bytes(), 5 * MAX_COLUMNS);
    assert_eq!(
        chunks(&decoder, &vec![[].as_slice(); 2_000], limit),
        (2_000, 0)
    );
    // Broken ones cost the room of an error.
    assert_eq!(
        chunks(&decoder, &vec![[0x08].as_slice(); 20_000], limit),
        (20_000, 20_000)
    );
}

#[test]
fn chunks_bound_rows_that_each_stay_below_the_floor() {
    let decoder = decoder(vec![
        list("items", columns(MAX_COLUMNS, &DataType::Int64)),
        list("more", columns(MAX_COLUMNS, &DataType::Int64)),
    ]);
    let limit = DecodeLimit {
        decoded_bytes: 4 << 20,
        ..DecodeLimit::NONE
    };
    let good = field(1, &[]).repeat(50);
    assert_eq!(chunks(&decoder, &[good.as_slice(); 60], limit), (60, 0));
    // What was taken back counts, too: the room is there until the chunk ends.
    let bad = [1, 2].map(|number| [field(number, &[]).repeat(50), vec![0x0a]].concat());
    let rows: Vec<&[u8]> = bad.iter().cycle().take(60).map(Vec::as_slice).collect();
    assert_eq!(chunks(&decoder, &rows, limit), (60, 60));
}

#[test]
fn a_chunk_takes_a_row_whatever_the_limit() -> Result<(), ArrowError> {
    let decoder = decoder(columns(2, &DataType::Int32));
    for limit in [
        DecodeLimit {
            rows: 0,
            ..DecodeLimit::NONE
        },
        DecodeLimit {
            decoded_bytes: 0,
            ..DecodeLimit::NONE
        },
    ] {
        let rows: [&[u8]; 3] = [&[0x08, 1], &[0x08], &[0x10, 2]];
        let mut rows = rows.into_iter();
        for errors in [0, 1, 0] {
            let chunk = decoder.decode_chunk(&mut rows, limit)?.unwrap();
            assert_eq!((chunk.rows(), chunk.errors.len()), (1, errors));
        }
        assert!(decoder.decode_chunk(&mut rows, limit)?.is_none());
    }
    Ok(())
}

#[test]
fn memory_is_asked_for_by_column_and_not_by_row() {
    let decoder = decoder(vec![
        Field::new("number", DataType::Int32, true),
        Field::new("text", DataType::Utf8, true),
        Field::new_list("list", Field::new("element", DataType::Int64, false), true),
        Field::new(
            "wide",
            DataType::Struct(columns(10, &DataType::Utf8).into()),
            true,
        ),
    ]);
    let mut row = vec![0x08, 1];
    row.extend(
        [
            field(2, b"abc"),
            field(3, &[1, 2, 3]),
            field(4, &field(7, b"x")),
        ]
        .concat(),
    );
    let asked = |rows| count(|| decoder.decode(vec![row.as_slice(); rows]).unwrap()).1;
    let (few, many) = (asked(4_000), asked(64_000));
    // Four doublings of two dozen vectors at most.
    assert!(many <= few + 4 * 24, "{few} {many}");
}

/// Quadratic work would take hours here.
#[test]
fn repetition_takes_no_more_than_its_length() {
    let text = Field::new("text", DataType::Utf8, true);
    let inner = Fields::from(columns(MAX_COLUMNS, &DataType::Int64));
    let decoder = decoder(vec![
        text,
        map("m", DataType::Utf8),
        Field::new("s", DataType::Struct(inner), true),
    ]);
    // A string again and again: the last one counts.
    let mut row = field(1, &[b'x'; 1_000]).repeat(2_000);
    row.extend(field(1, b"last"));
    // 400,000 entries, of four keys, and in no order.
    for key in [0, 1].into_iter().cycle().take(100_000) {
        row.extend(field(2, &[0x08, key]));
        row.extend(field(2, &[0x08, 9 - key, 0x12, 1, b'a']));
        row.extend(field(2, &[0x08, key, 0x12, 1, b'b' + key]).repeat(2));
    }
    // A message merged with itself, and nothing in it.
    row.extend(field(3, &[]).repeat(500_000));
    let decoded = decode(&decoder, &row);
    assert_eq!(decoded.errors, []);
    assert_eq!(decoded.batch.column(0).as_string::<i32>().value(0), "last");
    let map = decoded.batch.column(1).as_map().value(0);
    let values: Vec<_> = map.column(1).as_string::<i32>().iter().flatten().collect();
    let keys = map
        .column(0)
        .as_primitive::<arrow_array::types::Int32Type>();
    // In the order in which the last of each came.
    assert_eq!(keys.values(), &[9, 0, 8, 1]);
    assert_eq!(values, ["a", "b", "a", "c"]);
}

#[test]
fn the_deepest_messages_fit_the_stack_of_a_thread() {
    let deep = || {
        // The record itself is a message, too.
        let nested = (2..MAX_DEPTH).fold(Field::new("x", DataType::Int32, false), |inner, _| {
            Field::new("x", DataType::Struct(vec![inner].into()), true)
        });
        let decoder = decoder(vec![list("x", vec![nested])]);
        let mut row = vec![0x08, 7];
        for _ in 1..MAX_DEPTH {
            row = field(1, &row);
        }
        let decoded = decoder.decode([row.as_slice(), &row[..50], &row]).unwrap();
        assert_eq!(decoded.batch.num_rows(), 2);
        assert_eq!(decoded.errors.len(), 1);
        let mut array = Arc::clone(decoded.batch.column(0).as_list::<i32>().values());
        while let Some(inner) = array.as_struct_opt() {
            array = Arc::clone(inner.column(0));
        }
        let values = array.as_primitive::<arrow_array::types::Int32Type>();
        assert_eq!(values.values(), &[7, 7]);
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(deep)
        .unwrap()
        .join()
        .unwrap();
}
