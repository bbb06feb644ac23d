//! Bytes nobody vouches for: an error for the row, never a panic.

use std::sync::Arc;

use arrow_array::{
    Array,
    cast::AsArray,
    types::{Float64Type, Int32Type},
};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use proptest::{prelude::*, sample::Index};
use zb_convert::{DecodeLimit, Decoder, Encoder, Options, RowErrorKind, delta_schema};

use crate::roundtrip::batches;

fn table() -> Schema {
    let inner = Fields::from(vec![
        Field::new("n", DataType::Int8, false),
        Field::new_list("l", Field::new("element", DataType::Int32, true), true),
    ]);
    Schema::new(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
        Field::new("c", DataType::Decimal128(10, 2), true),
        Field::new("d", DataType::Struct(inner.clone()), true),
        Field::new_list(
            "e",
            Field::new("element", DataType::Struct(inner), true),
            true,
        ),
        Field::new_map(
            "f",
            "key_value",
            Field::new("key", DataType::Int32, false),
            Field::new("value", DataType::Utf8, true),
            false,
            true,
        ),
        Field::new(
            "g",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("h", DataType::Float64, true),
    ])
}

fn decoder() -> Decoder {
    let encoder = Encoder::new(&table(), Options::default()).unwrap();
    Decoder::new(encoder.descriptor(), &table()).unwrap()
}

/// Decodes one row between two good ones, which must come through whatever it is.
fn decode(row: &[u8]) -> Result<arrow_array::RecordBatch, RowErrorKind> {
    let good: &[u8] = &[0x08, 1, 0x12, 2, b'h', b'i'];
    let decoded = decoder().decode([good, row, good]).unwrap();
    let last = decoded.batch.num_rows() - 1;
    assert_eq!(
        decoded
            .batch
            .column(0)
            .as_primitive::<Int32Type>()
            .value(last),
        1
    );
    assert_eq!(decoded.batch.column(1).as_string::<i32>().value(last), "hi");
    match decoded.errors.as_slice() {
        [] => Ok(decoded.batch.slice(1, 1)),
        [error] => {
            assert_eq!((error.row, decoded.batch.num_rows()), (1, 2));
            Err(error.kind)
        }
        more => panic!("{more:?}"),
    }
}

#[test]
fn protobufs_freedoms_are_taken() {
    // Any order, unknown fields of every wire type, the last value of a scalar.
    let row = decode(&[
        0x12, 1, b'x', // b
        0xf8, 0x07, 5, // 127, unknown
        0x08, 7, // a
        0xfb, 0x07, 0x08, 1, 0xfc, 0x07, // a group, unknown
        0x08, 9, // a again
        0x12, 2, b'y', b'z', // b again
    ])
    .unwrap();
    assert_eq!(row.column(0).as_primitive::<Int32Type>().value(0), 9);
    assert_eq!(row.column(1).as_string::<i32>().value(0), "yz");
    assert!(row.column(2).is_null(0));

    // A message that comes twice is merged, and its list packed, unpacked and empty.
    let row = decode(&[
        0x22, 4, 0x08, 1, 0x10, 7, // d { n: 1, l: 7 }
        0x22, 6, 0x12, 2, 8, 9, 0x12, 0, // d { l: [8, 9], l: [] }
    ])
    .unwrap();
    let d = row.column(3).as_struct();
    assert_eq!(
        d.column(0)
            .as_primitive::<arrow_array::types::Int8Type>()
            .value(0),
        1
    );
    let items = d.column(1).as_list::<i32>().value(0);
    assert_eq!(items.as_primitive::<Int32Type>().values(), &[7, 8, 9]);

    // Of a key that comes twice the last value; a key that is missing is 0.
    let row = decode(&[
        0x32, 5, 0x08, 1, 0x12, 1, b'x', //
        0x32, 3, 0x12, 1, b'z', //
        0x32, 5, 0x08, 1, 0x12, 1, b'y',
    ])
    .unwrap();
    let map = row.column(5).as_map().value(0);
    let keys = map.column(0).as_primitive::<Int32Type>().values().to_vec();
    let values: Vec<_> = map
        .column(1)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        (keys, values),
        (vec![0, 1], vec!["z".to_owned(), "y".to_owned()])
    );
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(decode(&[0x08]).unwrap_err(), RowErrorKind::Truncated);
    assert_eq!(
        decode(&[0x12, 9, b'x']).unwrap_err(),
        RowErrorKind::Truncated
    );
    assert_eq!(
        decode(&[0x0d, 0, 0, 0, 0]).unwrap_err(),
        RowErrorKind::WireType
    );
    assert_eq!(decode(&[0x12, 1, 0xff]).unwrap_err(), RowErrorKind::Utf8);
    assert_eq!(
        decode(&[0x1a, 1, b'x']).unwrap_err(),
        RowErrorKind::DecimalText
    );
    assert_eq!(
        decode(&[0x22, 0]).unwrap_err(),
        RowErrorKind::MissingRequired
    );
    assert_eq!(
        decode(&[0x22, 3, 0x08, 0x80, 1]).unwrap_err(),
        RowErrorKind::IntegerRange
    );
    assert_eq!(
        decode(&[0x2a, 0]).unwrap_err(),
        RowErrorKind::MissingRequired
    );
    assert_eq!(decode(&[0x07]).unwrap_err(), RowErrorKind::Malformed);
}

#[test]
fn fields_have_any_numbers() {
    let table = table().project(&[0, 1, 7]).unwrap();
    let mut descriptor = Encoder::new(&table, Options::default())
        .unwrap()
        .descriptor()
        .clone();
    // The least that is not the position, the largest there is, and one that another has there.
    for (field, number) in descriptor.field.iter_mut().zip([2, 536_870_911, 1]) {
        field.number = Some(number);
    }
    let decoder = Decoder::new(&descriptor, &table).unwrap();
    let row = [
        0x10, 7, // 2
        0x18, 8, // 3, unknown
        0xfa, 0xff, 0xff, 0xff, 0x0f, 1, b'x', // 536870911
        0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 1
        0x80, 0x7d, 9, // 2000, unknown
    ];
    let decoded = decoder.decode([row.as_slice()]).unwrap();
    assert_eq!(decoded.errors, []);
    let batch = &decoded.batch;
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().value(0), 7);
    assert_eq!(batch.column(1).as_string::<i32>().value(0), "x");
    let h = batch.column(2).as_primitive::<Float64Type>();
    assert_eq!(h.value(0).to_bits(), 1.0_f64.to_bits());
}

#[test]
fn a_column_that_the_descriptor_lacks_is_null() {
    let sent = Encoder::new(&table().project(&[0]).unwrap(), Options::default()).unwrap();
    let decoder = Decoder::new(sent.descriptor(), &table()).unwrap();
    let decoded = decoder.decode([&[0x08, 3][..], &[]]).unwrap();
    assert_eq!(decoded.batch.num_rows(), 2);
    for column in &decoded.batch.columns()[1..] {
        assert_eq!(column.null_count(), 2, "{}", column.data_type());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn arbitrary_bytes_never_panic(row in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = decode(&row);
    }

    /// Damaged rows get further into the decoder than noise does.
    #[test]
    fn damaged_rows_never_panic(cut in 0usize..64, at in 0usize..64, with in any::<u8>()) {
        let mut row = vec![
            0x08, 7, 0x12, 2, b'h', b'i', 0x1a, 4, b'1', b'.', b'2', b'5',
            0x22, 6, 0x08, 1, 0x12, 2, 8, 9, 0x2a, 4, 0x08, 1, 0x10, 7,
            0x32, 5, 0x08, 1, 0x12, 1, b'x', 0x38, 0x80, 1, 0x41, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        row.truncate(cut);
        if let Some(byte) = row.get_mut(at) {
            *byte = with;
        }
        let _ = decode(&row);
    }
}

/// What happens to a row on its way.
#[derive(Debug, Clone)]
enum Harm {
    Byte(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Replace(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    let noise = || prop::collection::vec(any::<u8>(), 0..24);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Byte(at, byte)),
        any::<Index>().prop_map(Harm::Cut),
        (any::<Index>(), noise()).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        noise().prop_map(Harm::Replace),
    ]
}

fn do_harm(row: &mut Vec<u8>, harm: Harm) {
    match harm {
        Harm::Byte(at, byte) if !row.is_empty() => {
            let at = at.index(row.len());
            row[at] = byte;
        }
        Harm::Byte(..) => {}
        Harm::Cut(at) => row.truncate(at.index(row.len() + 1)),
        Harm::Insert(at, bytes) => {
            let at = at.index(row.len() + 1);
            row.splice(at..at, bytes);
        }
        Harm::Replace(bytes) => *row = bytes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Of any schema: what becomes of a row has nothing to do with the rows around it, nor with
    /// where chunks end.
    #[test]
    fn every_row_is_judged_alone(
        batch in batches(),
        harms in prop::collection::vec((any::<Index>(), harm()), 0..20),
        decoded_bytes in 0usize..2_000,
    ) {
        let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
        let table = delta_schema(&batch.schema()).unwrap();
        let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
        let mut rows = encoder.encode(&batch).unwrap().to_vecs();
        rows.push(Vec::new());
        for (row, harm) in harms {
            let row = row.index(rows.len());
            do_harm(&mut rows[row], harm);
        }

        let together = decoder.decode(rows.iter().map(Vec::as_slice)).unwrap();
        prop_assert_eq!(together.rows(), rows.len());
        let mut errors = together.errors.iter();
        let mut good = 0;
        for (index, row) in rows.iter().enumerate() {
            let mut alone = decoder.decode([row.as_slice()]).unwrap();
            if let Some(mut error) = alone.errors.pop() {
                error.row = index;
                prop_assert_eq!(Some(&error), errors.next());
            } else {
                prop_assert_eq!(&alone.batch, &together.batch.slice(good, 1));
                good += 1;
            }
        }
        prop_assert_eq!(good, together.batch.num_rows());

        let limit = DecodeLimit { decoded_bytes, ..DecodeLimit::NONE };
        let mut rest = rows.iter().map(Vec::as_slice);
        let (mut taken, mut good, mut errors) = (0, 0, Vec::new());
        while let Some(chunk) = decoder.decode_chunk(&mut rest, limit).unwrap() {
            let count = chunk.batch.num_rows();
            prop_assert_eq!(&chunk.batch, &together.batch.slice(good, count));
            good += count;
            let rows = chunk.rows();
            errors.extend(chunk.errors.into_iter().map(|mut error| {
                error.row += taken;
                error
            }));
            taken += rows;
        }
        prop_assert_eq!(taken, rows.len());
        prop_assert_eq!(errors, together.errors);
    }
}

#[test]
fn schema_of_the_batches_is_shared() {
    let decoder = decoder();
    let batch = decoder.decode([]).unwrap().batch;
    assert!(Arc::ptr_eq(decoder.schema(), &batch.schema()));
}
