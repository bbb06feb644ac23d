//! What each Arrow type is on the wire, value by value.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{
    ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Date64Array, Decimal32Array,
    Decimal64Array, Decimal128Array, Decimal256Array, DictionaryArray, DurationMillisecondArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray,
    ListArray, RecordBatch, RunArray, StringArray, StringViewArray, StructArray, Time32SecondArray,
    Time64NanosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
    builder::{Int64Builder, MapBuilder, StringBuilder},
    types::{Int8Type, Int32Type, UInt64Type},
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, Fields, Schema};
use half::f16;
use prost_reflect::{MapKey, ReflectMessage, Value};

use crate::oracle;

/// The values of a column of one, `None` for a field that is not there.
fn values(array: impl Into<ArrayRef>) -> Vec<Option<Value>> {
    let field = array.into();
    let schema = Schema::new(vec![Field::new("x", field.data_type().clone(), true)]);
    column(&RecordBatch::try_new(Arc::new(schema), vec![field]).unwrap())
}

fn column(batch: &RecordBatch) -> Vec<Option<Value>> {
    let (encoder, encoded) = oracle::encode(batch);
    oracle::read(encoder.descriptor(), &encoded)
        .iter()
        .map(|row| {
            row.has_field_by_name("x")
                .then(|| row.get_field_by_name("x").unwrap().into_owned())
        })
        .collect()
}

fn arc<A: arrow_array::Array + 'static>(array: A) -> ArrayRef {
    Arc::new(array)
}

#[expect(clippy::unnecessary_wraps, reason = "what `values` gives")]
fn text(s: &str) -> Option<Value> {
    Some(Value::String(s.to_owned()))
}

#[expect(clippy::unnecessary_wraps, reason = "what `values` gives")]
fn bytes(b: &'static [u8]) -> Option<Value> {
    Some(Value::Bytes(b.into()))
}

#[test]
fn integers_keep_their_value_at_both_ends() {
    use Value::{I32, I64};
    let (i32s, i64s) = (
        |v: [i32; 3]| vec![Some(I32(v[0])), Some(I32(v[1])), Some(I32(v[2])), None],
        |v: [i64; 3]| vec![Some(I64(v[0])), Some(I64(v[1])), Some(I64(v[2])), None],
    );
    macro_rules! check {
        ($array:ty, $values:expr, $expected:expr) => {{
            let [a, b, c] = $values;
            let array = <$array>::from(vec![Some(a), Some(b), Some(c), None]);
            assert_eq!(values(arc(array)), $expected);
        }};
    }
    check!(Int8Array, [i8::MIN, 0, i8::MAX], i32s([-128, 0, 127]));
    check!(
        Int16Array,
        [i16::MIN, 0, i16::MAX],
        i32s([-32768, 0, 32767])
    );
    check!(
        Int32Array,
        [i32::MIN, 0, i32::MAX],
        i32s([i32::MIN, 0, i32::MAX])
    );
    check!(
        Int64Array,
        [i64::MIN, 0, i64::MAX],
        i64s([i64::MIN, 0, i64::MAX])
    );
    check!(UInt8Array, [0, 128, u8::MAX], i32s([0, 128, 255]));
    check!(UInt16Array, [0, 300, u16::MAX], i32s([0, 300, 65_535]));
    check!(UInt32Array, [0, 1, u32::MAX], i64s([0, 1, 4_294_967_295]));
    check!(UInt64Array, [0, 1, i64::MAX as u64], i64s([0, 1, i64::MAX]));
}

#[test]
fn floats_keep_every_bit() {
    let odd = f64::from_bits(0x7ff8_0000_0000_1234);
    let doubles = values(arc(Float64Array::from(vec![
        Some(odd),
        Some(-0.0),
        Some(f64::NEG_INFINITY),
        None,
    ])));
    let bits: Vec<_> = doubles
        .iter()
        .map(|v| v.as_ref().map(|v| v.as_f64().unwrap().to_bits()))
        .collect();
    assert_eq!(
        bits,
        [
            Some(odd.to_bits()),
            Some((-0.0_f64).to_bits()),
            Some(f64::NEG_INFINITY.to_bits()),
            None
        ]
    );
    let nan = f32::from_bits(0x7fc0_0001);
    let floats = values(arc(Float32Array::from(vec![nan, 1.5])));
    assert_eq!(
        floats[0].as_ref().unwrap().as_f32().unwrap().to_bits(),
        nan.to_bits()
    );
    let halves = values(arc(Float16Array::from(vec![
        f16::from_f32(0.1),
        f16::NEG_ZERO,
    ])));
    assert_eq!(halves[0], Some(Value::F32(f16::from_f32(0.1).to_f32())));
    assert_eq!(
        halves[1].as_ref().unwrap().as_f32().unwrap().to_bits(),
        (-0.0_f32).to_bits()
    );
}

#[test]
fn booleans_and_empty_values_are_there_and_nulls_are_not() {
    let booleans = values(arc(BooleanArray::from(vec![Some(true), Some(false), None])));
    assert_eq!(
        booleans,
        [Some(Value::Bool(true)), Some(Value::Bool(false)), None]
    );
    assert_eq!(
        values(arc(StringArray::from(vec![Some(""), None]))),
        [text(""), None]
    );
}

#[test]
fn strings_and_bytes_of_every_layout() {
    let long = "läng".repeat(100);
    let v = || vec![Some("a"), None, Some(long.as_str())];
    let expected = [text("a"), None, text(&long)];
    assert_eq!(values(arc(StringArray::from(v()))), expected);
    assert_eq!(values(arc(LargeStringArray::from(v()))), expected);
    assert_eq!(values(arc(StringViewArray::from(v()))), expected);

    let v = || vec![Some(b"\x00\xff".as_slice()), None];
    let expected = [bytes(b"\x00\xff"), None];
    assert_eq!(values(arc(BinaryArray::from(v()))), expected);
    assert_eq!(values(arc(LargeBinaryArray::from(v()))), expected);
    assert_eq!(values(arc(BinaryViewArray::from(v()))), expected);
    let fixed = FixedSizeBinaryArray::try_from_sparse_iter_with_size(v().into_iter(), 2).unwrap();
    assert_eq!(values(arc(fixed)), expected);
}

#[test]
fn a_uuid_is_text_in_canonical_form() {
    let id = *b"\xf8\x1d\x4f\xae\x7d\xec\x11\xd0\xa7\x65\x00\xa0\xc9\x1e\x6b\xf6";
    let array = FixedSizeBinaryArray::try_from_iter([id].into_iter()).unwrap();
    let name = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
    let field =
        Field::new("x", DataType::FixedSizeBinary(16), true).with_metadata(HashMap::from([name]));
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(array)]).unwrap();
    assert_eq!(
        column(&batch),
        [text("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]
    );
}

#[test]
fn dates_are_days_and_times_are_microseconds() {
    let days = [Some(Value::I32(-1)), Some(Value::I32(15_706)), None];
    let date32 = Date32Array::from(vec![Some(-1), Some(15_706), None]);
    assert_eq!(values(arc(date32)), days);
    let date64 = Date64Array::from(vec![Some(-86_400_000), Some(15_706 * 86_400_000), None]);
    assert_eq!(values(arc(date64)), days);

    let us = |v: i64| vec![Some(Value::I64(v))];
    assert_eq!(
        values(arc(TimestampSecondArray::from(vec![-1]))),
        us(-1_000_000)
    );
    assert_eq!(
        values(arc(TimestampMillisecondArray::from(vec![-1]))),
        us(-1_000)
    );
    assert_eq!(
        values(arc(TimestampMicrosecondArray::from(vec![-1]))),
        us(-1)
    );
    assert_eq!(
        values(arc(TimestampNanosecondArray::from(vec![-1_000]))),
        us(-1)
    );
    let zoned = TimestampSecondArray::from(vec![7]).with_timezone("America/New_York");
    assert_eq!(values(arc(zoned)), us(7_000_000));
    assert_eq!(
        values(arc(Time32SecondArray::from(vec![60]))),
        us(60_000_000)
    );
    assert_eq!(values(arc(Time64NanosecondArray::from(vec![5_000]))), us(5));
    assert_eq!(
        values(arc(DurationMillisecondArray::from(vec![-3]))),
        us(-3_000)
    );
}

#[test]
fn decimals_are_exact_text_with_their_scale() {
    let narrow = Decimal128Array::from(vec![12_345, -5, 0, 100])
        .with_precision_and_scale(10, 2)
        .unwrap();
    assert_eq!(
        values(arc(narrow)),
        [text("123.45"), text("-0.05"), text("0.00"), text("1.00")]
    );
    let widest = Decimal128Array::from(vec![-(10_i128.pow(38) - 1)])
        .with_precision_and_scale(38, 38)
        .unwrap();
    assert_eq!(
        values(arc(widest)),
        [text(&format!("-0.{}", "9".repeat(38)))]
    );
    let negative = Decimal128Array::from(vec![12, 0, -7])
        .with_precision_and_scale(5, -3)
        .unwrap();
    assert_eq!(
        values(arc(negative)),
        [text("12000"), text("0"), text("-7000")]
    );
    let d32 = Decimal32Array::from(vec![-999])
        .with_precision_and_scale(3, 1)
        .unwrap();
    assert_eq!(values(arc(d32)), [text("-99.9")]);
    let d64 = Decimal64Array::from(vec![42])
        .with_precision_and_scale(18, 0)
        .unwrap();
    assert_eq!(values(arc(d64)), [text("42")]);
    let d256 = Decimal256Array::from(vec![i256::from_i128(-1)])
        .with_precision_and_scale(38, 2)
        .unwrap();
    assert_eq!(values(arc(d256)), [text("-0.01")]);
}

#[test]
fn a_struct_is_a_message_and_a_null_struct_is_none() {
    let fields = Fields::from(vec![
        Field::new("a", DataType::Int32, false),
        Field::new("b", DataType::Utf8, true),
    ]);
    // The null parent hides a null in a column that is not nullable.
    let children: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![1, 0])),
        Arc::new(StringArray::from(vec![Some("x".repeat(200)), None])),
    ];
    let nulls = Some(vec![true, false].into());
    let found = values(arc(StructArray::new(fields, children, nulls)));
    let message = found[0].as_ref().unwrap().as_message().unwrap();
    assert_eq!(message.descriptor().full_name(), "Record.X");
    assert_eq!(*message.get_field_by_name("a").unwrap(), Value::I32(1));
    assert_eq!(
        *message.get_field_by_name("b").unwrap(),
        Value::String("x".repeat(200))
    );
    assert_eq!(found[1], None);
}

#[test]
fn lists_of_every_layout_are_repeated_and_sliced_ones_start_where_they_start() {
    let rows = || {
        vec![
            Some(vec![Some(1), Some(2)]),
            Some(vec![]),
            Some(vec![Some(3), Some(-4)]),
        ]
    };
    let list = |v: &[i32]| {
        (!v.is_empty()).then(|| Value::List(v.iter().map(|&v| Value::I32(v)).collect()))
    };
    let expected = [list(&[1, 2]), None, list(&[3, -4])];
    let small = ListArray::from_iter_primitive::<Int32Type, _, _>(rows());
    assert_eq!(values(arc(small.clone())), expected);
    assert_eq!(values(arc(small.slice(2, 1))), expected[2..]);
    let large = LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows());
    assert_eq!(values(arc(large)), expected);
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![
            Some(vec![Some(1), Some(2)]),
            None,
            Some(vec![Some(3), Some(-4)]),
        ],
        2,
    );
    assert_eq!(values(arc(fixed.slice(1, 2))), expected[1..]);
    assert_eq!(values(arc(fixed)), expected);
}

#[test]
fn a_null_list_is_an_empty_one_and_counted() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        None,
        Some(vec![]),
        Some(vec![Some(1)]),
        None,
    ]);
    let batch = RecordBatch::try_from_iter([("x", arc(lists))]).unwrap();
    let (_, encoded) = oracle::encode(&batch);
    assert_eq!(encoded.null_lists(), 2);
    assert_eq!(encoded.len(), 4);
}

#[test]
fn a_map_is_a_map() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    builder.keys().append_value("a");
    builder.values().append_value(1);
    builder.keys().append_value("b");
    builder.values().append_value(-2);
    builder.append(true).unwrap();
    builder.append(true).unwrap();
    let found = values(arc(builder.finish()));
    let expected = HashMap::from([
        (MapKey::String("a".to_owned()), Value::I64(1)),
        (MapKey::String("b".to_owned()), Value::I64(-2)),
    ]);
    assert_eq!(found, [Some(Value::Map(expected)), None]);
}

#[test]
fn dictionaries_and_runs_are_their_values_and_their_nulls_are_nulls() {
    let expected = [text("b"), None, None, text("a"), text("b")];
    let dictionary = || StringArray::from(vec![Some("a"), Some("b"), None]);
    let narrow = DictionaryArray::<Int8Type>::new(
        Int8Array::from(vec![Some(1), None, Some(2), Some(0), Some(1)]),
        Arc::new(dictionary()),
    );
    assert_eq!(values(arc(narrow.slice(3, 2))), expected[3..]);
    assert_eq!(values(arc(narrow)), expected);
    let wide = DictionaryArray::<UInt64Type>::new(
        UInt64Array::from(vec![Some(1), None, Some(2), Some(0), Some(1)]),
        Arc::new(dictionary()),
    );
    assert_eq!(values(arc(wide)), expected);

    let ends = Int32Array::from(vec![1, 3, 4, 5]);
    let runs = StringArray::from(vec![Some("b"), None, Some("a"), Some("b")]);
    let runs = RunArray::<Int32Type>::try_new(&ends, &runs).unwrap();
    assert_eq!(values(arc(runs.slice(2, 3))), expected[2..]);
    assert_eq!(values(arc(runs)), expected);
}

#[test]
fn no_rows_and_no_columns_are_fine() {
    assert_eq!(values(arc(Int32Array::from(Vec::<i32>::new()))), []);
    let empty = RecordBatch::new_empty(Arc::new(Schema::empty()));
    let (encoder, encoded) = oracle::encode(&empty);
    assert!(encoded.is_empty());
    assert_eq!(encoder.descriptor().field.len(), 0);
}
