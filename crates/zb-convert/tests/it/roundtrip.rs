//! Random schemas and batches: prost-reflect reads what we write, and what we read back is what
//! arrow-cast makes of the original.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, Decimal256Array, DurationMillisecondArray,
    FixedSizeBinaryArray, Float16Array, Float32Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeListArray, LargeListViewArray, ListArray, ListViewArray, MapArray,
    RecordBatch, RunArray, StringArray, StructArray, Time32SecondArray, Time64NanosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt8Array, UInt16Array, UInt64Array,
    make_array, types::Int32Type,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
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
            .clone()
            .prop_filter("no list of lists", |t| {
                !matches!(t, DataType::List(_) | DataType::Map(..))
            })
            .prop_map(|t| DataType::List(Arc::new(Field::new("item", t, false))));
        let values = inner.prop_filter("no map of lists", |t| {
            !matches!(t, DataType::List(_) | DataType::Map(..))
        });
        let keys = vec![DataType::Int32, DataType::UInt32, DataType::Utf8];
        let maps = (prop::sample::select(keys), values).prop_map(|(key, value)| {
            let entry = Fields::from(vec![
                Field::new("keys", key, false),
                Field::new("values", value, false),
            ]);
            let entries = Field::new("entries", DataType::Struct(entry), false);
            DataType::Map(Arc::new(entries), false)
        });
        prop_oneof![structs, lists, maps]
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
            let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
            let items = array(item, lengths.iter().sum(), seed);
            // Null lists come back empty, which is another test's business.
            return Arc::new(arrow_array::ListArray::new(
                item.clone(),
                offsets,
                items,
                None,
            ));
        }
        DataType::Map(entries, ordered) => {
            let DataType::Struct(parts) = entries.data_type() else {
                unreachable!("entries are structs")
            };
            let lengths: Vec<usize> = (0..len).map(|_| (next() % 4) as usize).collect();
            let count: usize = lengths.iter().sum();
            // Each key once, and not in order.
            let keys = Int32Array::from_iter_values((0..count as i32).map(|i| i ^ 5));
            let keys = cast(&keys, parts[0].data_type()).unwrap();
            let values = array(&parts[1], count, seed);
            return Arc::new(MapArray::new(
                Arc::clone(entries),
                OffsetBuffer::from_lengths(lengths),
                StructArray::new(parts.clone(), vec![keys, values], None),
                None,
                *ordered,
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

pub(crate) fn batches() -> impl Strategy<Value = RecordBatch> {
    let columns = prop::collection::vec((data_type(), any::<bool>()), 1..8);
    (columns, 0usize..20, 0usize..5, 1..u64::MAX).prop_map(|(columns, len, skip, mut seed)| {
        let fields: Vec<Field> = columns
            .into_iter()
            .enumerate()
            .map(|(i, (t, nullable))| {
                // A list or map is never null here; see `array`.
                let nullable = nullable && !matches!(t, DataType::List(_) | DataType::Map(..));
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

fn has_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::List(item) => has_map(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|f| has_map(f.data_type())),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_what_others_read(batch in batches()) {
        let (encoder, encoded) = oracle::encode(&batch);
        prop_assert_eq!(encoded.len(), batch.num_rows());

        // prost-reflect reads each row whole and writes the same bytes, but for the order of maps.
        let ordered = !batch.schema().fields().iter().any(|f| has_map(f.data_type()));
        let messages = oracle::read(encoder.descriptor(), &encoded);
        for (message, row) in messages.iter().zip(encoded.rows()) {
            prop_assert_eq!(message.unknown_fields().count(), 0);
            let written = message.encode_to_vec();
            prop_assert_eq!(written.len(), row.len());
            prop_assert!(!ordered || written == row);
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

fn there_and_back(field: Field, array: ArrayRef) -> ArrayRef {
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema, vec![array]).unwrap();
    let (encoder, encoded) = oracle::encode(&batch);
    assert_eq!(encoded.errors(), []);
    let table = delta_schema(&batch.schema()).unwrap();
    let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
    let decoded = decoder.decode(encoded.rows()).unwrap();
    assert_eq!(decoded.errors, []);
    Arc::clone(decoded.batch.column(0))
}

fn fixed<const N: usize>(values: &[[u8; N]]) -> FixedSizeBinaryArray {
    FixedSizeBinaryArray::try_from_iter(values.iter()).unwrap()
}

/// Written out, for arrow-cast has other ideas of times, or none at all of a layout.
#[test]
fn what_arrow_cast_does_not_judge_comes_back_as_deltas_own_type() {
    let decimal = |values: [Option<i128>; 3], precision, scale| -> ArrayRef {
        let array = Decimal128Array::from_iter(values);
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    };
    let day = 86_400_000;
    let three = || Int32Array::from(vec![1, 2, 3]);
    let lists = || -> ArrayRef {
        let element = Arc::new(Field::new("element", DataType::Int32, false));
        let offsets = OffsetBuffer::from_lengths([1, 0, 2]);
        Arc::new(ListArray::new(element, offsets, Arc::new(three()), None))
    };
    let item = || Arc::new(Field::new("item", DataType::Int32, false));
    let mut runs = arrow_array::builder::StringRunBuilder::<Int32Type>::new();
    runs.extend([Some("a"), Some("a"), None]);
    let runs: RunArray<Int32Type> = runs.finish();
    let cases: Vec<(ArrayRef, ArrayRef)> = vec![
        (
            Arc::new(UInt8Array::from(vec![Some(255), None, Some(0)])),
            Arc::new(Int16Array::from(vec![Some(255), None, Some(0)])),
        ),
        (
            Arc::new(UInt16Array::from(vec![Some(65_535), None, Some(0)])),
            Arc::new(Int32Array::from(vec![Some(65_535), None, Some(0)])),
        ),
        (
            Arc::new(UInt64Array::from(vec![
                Some(i64::MAX as u64),
                None,
                Some(0),
            ])),
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(0)])),
        ),
        (
            Arc::new(Int64Array::from(vec![i64::MIN, -1, 0])),
            Arc::new(Int64Array::from(vec![i64::MIN, -1, 0])),
        ),
        (
            Arc::new(Float16Array::from(vec![
                Some(half::f16::NEG_INFINITY),
                None,
                None,
            ])),
            Arc::new(Float32Array::from(vec![
                Some(f32::NEG_INFINITY),
                None,
                None,
            ])),
        ),
        (
            Arc::new(Date64Array::from(vec![Some(-day), None, Some(day)])),
            Arc::new(Date32Array::from(vec![Some(-1), None, Some(1)])),
        ),
        (
            Arc::new(Time32SecondArray::from(vec![Some(1), None, Some(0)])),
            Arc::new(Int64Array::from(vec![Some(1_000_000), None, Some(0)])),
        ),
        (
            Arc::new(Time64NanosecondArray::from(vec![
                Some(7_000),
                None,
                Some(0),
            ])),
            Arc::new(Int64Array::from(vec![Some(7), None, Some(0)])),
        ),
        (
            Arc::new(DurationMillisecondArray::from(vec![
                Some(-1),
                None,
                Some(0),
            ])),
            Arc::new(Int64Array::from(vec![Some(-1_000), None, Some(0)])),
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![-1_000, 0, 1_000]).with_timezone("UTC")),
            Arc::new(TimestampMicrosecondArray::from(vec![-1, 0, 1]).with_timezone("UTC")),
        ),
        (
            Arc::new(
                Decimal32Array::from(vec![Some(-5), None, Some(999)])
                    .with_precision_and_scale(3, 2)
                    .unwrap(),
            ),
            decimal([Some(-5), None, Some(999)], 3, 2),
        ),
        (
            Arc::new(
                Decimal64Array::from(vec![Some(-5), None, Some(7)])
                    .with_precision_and_scale(10, -2)
                    .unwrap(),
            ),
            decimal([Some(-500), None, Some(700)], 12, 0),
        ),
        (
            Arc::new(
                Decimal256Array::from(vec![Some(i256::from_i128(10_i128.pow(37))), None, None])
                    .with_precision_and_scale(38, 38)
                    .unwrap(),
            ),
            decimal([Some(10_i128.pow(37)), None, None], 38, 38),
        ),
        (
            Arc::new(fixed(&[*b"ab", *b"\0\0", *b"yz"])),
            Arc::new(BinaryArray::from(vec![b"ab".as_slice(), b"\0\0", b"yz"])),
        ),
        (
            Arc::new(runs),
            Arc::new(StringArray::from(vec![Some("a"), Some("a"), None])),
        ),
        (
            Arc::new(LargeListArray::new(
                item(),
                OffsetBuffer::from_lengths([1, 0, 2]),
                Arc::new(three()),
                None,
            )),
            lists(),
        ),
        (
            Arc::new(ListViewArray::new(
                item(),
                vec![0, 3, 1].into(),
                vec![1, 0, 2].into(),
                Arc::new(three()),
                None,
            )),
            lists(),
        ),
        (
            Arc::new(LargeListViewArray::new(
                item(),
                vec![0, 3, 1].into(),
                vec![1, 0, 2].into(),
                Arc::new(three()),
                None,
            )),
            lists(),
        ),
    ];
    for (array, expected) in cases {
        let field = Field::new("x", array.data_type().clone(), true);
        let back = there_and_back(field, Arc::clone(&array));
        assert_eq!(&back, &expected, "{}", array.data_type());
    }

    let uuid = fixed(&[[0xab; 16]]);
    let name = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
    let field = Field::new("x", uuid.data_type().clone(), true);
    let back = there_and_back(field.with_metadata([name].into()), Arc::new(uuid));
    let text = StringArray::from(vec!["abababab-abab-abab-abab-abababababab"]);
    assert_eq!(&back, &(Arc::new(text) as ArrayRef));
}
