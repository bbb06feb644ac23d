//! Random schemas and batches: prost-reflect reads what we write, and what we read back is what
//! arrow-cast makes of the original.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Int8Array, Int32Array, RecordBatch, StructArray, UInt64Array,
    make_array,
};
use arrow_buffer::NullBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use proptest::prelude::*;
use prost::Message as _;
use zb_convert::{Decoder, Encoder, Options, delta_schema};

use crate::oracle;

fn leaf() -> impl Strategy<Value = DataType> {
    use DataType as T;
    prop::sample::select(vec![
        T::Boolean,
        T::Int8,
        T::Int16,
        T::Int32,
        T::Int64,
        T::UInt8,
        T::UInt16,
        T::UInt32,
        T::Float16,
        T::Float32,
        T::Float64,
        T::Utf8,
        T::LargeUtf8,
        T::Utf8View,
        T::Binary,
        T::LargeBinary,
        T::BinaryView,
        T::FixedSizeBinary(3),
        T::Date32,
        T::Timestamp(TimeUnit::Second, None),
        T::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        T::Timestamp(TimeUnit::Microsecond, Some("America/New_York".into())),
        T::Decimal128(20, 4),
        T::Dictionary(Box::new(T::Int8), Box::new(T::Utf8)),
    ])
}

fn data_type() -> impl Strategy<Value = DataType> {
    leaf().prop_recursive(3, 16, 4, |inner| {
        let structs =
            prop::collection::vec((inner.clone(), any::<bool>()), 1..4).prop_map(|children| {
                let fields: Fields = children
                    .into_iter()
                    .enumerate()
                    .map(|(i, (t, nullable))| Field::new(format!("f{i}"), t, nullable))
                    .collect();
                DataType::Struct(fields)
            });
        let lists = inner
            .prop_filter("no list of lists", |t| !matches!(t, DataType::List(_)))
            .prop_map(|t| DataType::List(Arc::new(Field::new("item", t, false))));
        prop_oneof![structs, lists]
    })
}

/// An array of `len` values made from `seed`, nulls where the field allows them.
fn array(field: &Field, len: usize, seed: &mut u64) -> ArrayRef {
    let mut next = || {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *seed
    };
    let nulls = field.is_nullable().then(|| {
        (0..len)
            .map(|_| !next().is_multiple_of(4))
            .collect::<NullBuffer>()
    });
    let bare: ArrayRef = match field.data_type() {
        DataType::Struct(fields) => {
            let children = fields.iter().map(|f| array(f, len, seed)).collect();
            return Arc::new(StructArray::new(fields.clone(), children, nulls));
        }
        DataType::List(item) => {
            let lengths: Vec<usize> = (0..len).map(|_| (next() % 4) as usize).collect();
            let offsets = arrow_buffer::OffsetBuffer::from_lengths(lengths.iter().copied());
            let items = array(item, lengths.iter().sum(), seed);
            // Null lists come back empty, which is another test's business.
            return Arc::new(arrow_array::ListArray::new(
                item.clone(),
                offsets,
                items,
                None,
            ));
        }
        DataType::Boolean => Arc::new(BooleanArray::from(
            (0..len).map(|_| next() % 2 == 0).collect::<Vec<_>>(),
        )),
        t => {
            // Small numbers survive the way through text to every type.
            let small = Int8Array::from_iter_values((0..len).map(|_| next() as i8));
            let small: ArrayRef = match t {
                DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Arc::new(
                    UInt64Array::from_iter_values((0..len).map(|_| next() % 256)),
                ),
                DataType::Date32 => Arc::new(Int32Array::from_iter_values(
                    (0..len).map(|_| i32::from(next() as i16)),
                )),
                _ => Arc::new(small),
            };
            match t {
                DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                    cast(&cast(&small, &DataType::Utf8).unwrap(), &DataType::Binary)
                        .and_then(|a| cast(&a, t))
                        .unwrap()
                }
                DataType::FixedSizeBinary(_) => {
                    let values = (0..len).map(|_| next().to_le_bytes()[..3].to_vec());
                    Arc::new(
                        arrow_array::FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                            values.map(Some),
                            3,
                        )
                        .unwrap(),
                    )
                }
                DataType::Timestamp(..) => {
                    cast(&cast(&small, &DataType::Int64).unwrap(), t).unwrap()
                }
                DataType::Dictionary(..) => {
                    cast(&cast(&small, &DataType::Utf8).unwrap(), t).unwrap()
                }
                _ => cast(&small, t).unwrap(),
            }
        }
    };
    let data = bare.to_data().into_builder().nulls(nulls).build().unwrap();
    make_array(data)
}

fn batches() -> impl Strategy<Value = RecordBatch> {
    let columns = prop::collection::vec((data_type(), any::<bool>()), 1..8);
    (columns, 0usize..20, 0usize..5, 1..u64::MAX).prop_map(|(columns, len, skip, mut seed)| {
        let fields: Vec<Field> = columns
            .into_iter()
            .enumerate()
            .map(|(i, (t, nullable))| {
                // A list is never null here; see `array`.
                let nullable = nullable && !matches!(t, DataType::List(_));
                Field::new(format!("c{i}"), t, nullable)
            })
            .collect();
        let arrays = fields
            .iter()
            .map(|f| array(f, len + skip, &mut seed))
            .collect();
        // A slice, so that offsets are not zero.
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .unwrap()
            .slice(skip, len)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_what_others_read(batch in batches()) {
        let (encoder, encoded) = oracle::encode(&batch);
        prop_assert_eq!(encoded.len(), batch.num_rows());

        // prost-reflect reads each row whole and writes the same bytes.
        let messages = oracle::read(encoder.descriptor(), &encoded);
        for (message, row) in messages.iter().zip(encoded.rows()) {
            prop_assert_eq!(message.unknown_fields().count(), 0);
            let written = message.encode_to_vec();
            prop_assert_eq!(written.as_slice(), row);
        }

        // Our decoder brings back what arrow-cast makes of the original.
        let table = delta_schema(&batch.schema()).unwrap();
        let decoded = Decoder::new(encoder.descriptor(), &table).unwrap().decode(encoded.rows()).unwrap();
        prop_assert_eq!(&decoded.errors, &[]);
        for (i, field) in table.fields().iter().enumerate() {
            let expected = cast(batch.column(i), field.data_type()).unwrap();
            prop_assert_eq!(decoded.batch.column(i), &expected, "column {}", i);
        }
    }

    #[test]
    fn an_encoder_is_made_for_every_such_schema(t in data_type()) {
        let schema = Schema::new(vec![Field::new("x", t, true)]);
        let encoder = Encoder::new(&schema, Options::default()).unwrap();
        oracle::message(encoder.descriptor());
    }
}
