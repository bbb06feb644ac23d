//! Rows that cannot be sent: left out, explained, and nobody else harmed.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Date64Array, Decimal128Array, DictionaryArray,
    FixedSizeListArray, Int32Array, ListArray, RecordBatch, StringArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
    builder::{Int64Builder, MapBuilder, StringBuilder},
    types::Int32Type,
};
use arrow_buffer::{BooleanBufferBuilder, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema};
use zb_convert::{
    ChunkLimit, Encoded, Encoder, Options, RowErrorKind, SchemaProblemKind, SubMicroseconds,
};

fn errors(array: ArrayRef) -> Vec<(usize, String, RowErrorKind)> {
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    assert_eq!(encoded.len() + encoded.errors().len(), batch.num_rows());
    encoded
        .errors()
        .iter()
        .map(|e| (e.row, e.path.to_string(), e.kind))
        .collect()
}

#[test]
fn a_bad_row_leaves_alone_and_names_row_column_cause_and_value() {
    let x = |row, kind| (row, "x".to_owned(), kind);
    assert_eq!(
        errors(Arc::new(UInt64Array::from(vec![1, u64::MAX, 2, 1 << 63]))),
        [
            x(1, RowErrorKind::IntegerRange),
            x(3, RowErrorKind::IntegerRange)
        ]
    );
    assert_eq!(
        errors(Arc::new(TimestampSecondArray::from(vec![i64::MAX, 0]))),
        [x(0, RowErrorKind::TimeRange)]
    );
    assert_eq!(
        errors(Arc::new(TimestampNanosecondArray::from(vec![1_000, 1_001]))),
        [x(1, RowErrorKind::SubMicrosecond)]
    );
    assert_eq!(
        errors(Arc::new(Date64Array::from(vec![
            1,
            0,
            i64::MAX - i64::MAX % 86_400_000
        ]))),
        [
            x(0, RowErrorKind::PartialDay),
            x(2, RowErrorKind::TimeRange)
        ]
    );
    let decimal = Decimal128Array::from(vec![999, 1_000])
        .with_precision_and_scale(3, 1)
        .unwrap();
    assert_eq!(
        errors(Arc::new(decimal)),
        [x(1, RowErrorKind::DecimalRange)]
    );
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        Some(vec![Some(1)]),
    ]);
    assert_eq!(
        errors(Arc::new(lists)),
        [(0, "x[]".to_owned(), RowErrorKind::NullElement)]
    );
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    map.keys().append_value("a");
    map.values().append_null();
    map.append(true).unwrap();
    assert_eq!(
        errors(Arc::new(map.finish())),
        [(0, "x.value".to_owned(), RowErrorKind::NullMapValue)]
    );
}

#[test]
fn a_null_where_the_plan_has_none_is_that_rows_error() {
    let planned = Schema::new(vec![Field::new("x", DataType::Int32, false)]);
    let encoder = Encoder::new(&planned, Options::default()).unwrap();
    let array: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    assert_eq!(encoded.bytes(), [0x08, 1, 0x08, 3]);
    assert_eq!(encoded.row_ranges(), [0..1, 2..3]);
    assert_eq!(
        encoded.errors()[0].to_string(),
        "row 1, column `x`: a null in a column that is not nullable"
    );
    assert_eq!(
        encoded.error_counts().iter().collect::<Vec<_>>(),
        [(&RowErrorKind::NullInRequired, &1)]
    );
}

#[test]
fn a_record_over_the_limit_is_refused_alone() {
    let big = "x".repeat(1_000);
    let array: ArrayRef = Arc::new(StringArray::from(vec!["a", big.as_str(), "b"]));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let options = Options::default().max_record_bytes(1_002);
    let encoder = Encoder::new(&batch.schema(), options).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    assert_eq!(encoded.len(), 2);
    assert_eq!(encoded.errors()[0].kind, RowErrorKind::RecordTooLarge);
    assert_eq!(
        encoded.errors()[0].to_string(),
        "row 1: a record over the size limit (found 1003 bytes, limit 1002 bytes)"
    );
    let roomy = Options::default().max_record_bytes(1_003);
    let encoder = Encoder::new(&batch.schema(), roomy).unwrap();
    assert_eq!(encoder.encode(&batch).unwrap().len(), 3);
}

#[test]
fn a_few_bytes_that_stand_for_many_are_stopped_on_the_way() {
    // A million items, all of them the same megabyte: a terabyte if it were written.
    let megabyte: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(1 << 20)]));
    let keys = Int32Array::from_iter_values(std::iter::repeat_n(0, 1 << 20));
    let items = DictionaryArray::<Int32Type>::new(keys, megabyte);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths([1, items.len() - 2, 1]);
    let lists = ListArray::new(field, offsets, Arc::new(items), None);
    assert_eq!(
        errors(Arc::new(lists)),
        [(1, "x".to_owned(), RowErrorKind::RecordTooLarge)]
    );
}

#[test]
fn fixed_size_lists_are_found_beyond_32_bits() {
    // 2^31 values and a few more, at a bit each.
    let (size, rows) = (1 << 10, (1 << 21) + 2);
    let mut values = BooleanBufferBuilder::new(size * rows);
    values.append_n(size * (rows - 1), false);
    values.append_n(size, true);
    let values: ArrayRef = Arc::new(BooleanArray::new(values.finish(), None));
    let field = Arc::new(Field::new("item", DataType::Boolean, true));
    let lists: ArrayRef = Arc::new(FixedSizeListArray::new(field, size as i32, values, None));
    let batch = RecordBatch::try_from_iter([("x", lists)]).unwrap();
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let mut chunk = Encoded::default();
    let end = encoder
        .encode_chunk(&batch, rows - 2, ChunkLimit::NONE, &mut chunk)
        .unwrap();
    assert_eq!((end, chunk.len()), (rows, 2));
    let found: Vec<_> = chunk.rows().map(|row| row == [8, 1].repeat(size)).collect();
    assert_eq!(found, [false, true]);
}

#[test]
fn finer_times_are_rounded_down_only_when_asked() {
    let array: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-1, 1_999]));
    let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
    let options = Options::default().sub_microseconds(SubMicroseconds::Truncate);
    let encoder = Encoder::new(&batch.schema(), options).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    let rows: Vec<_> = encoded.rows().map(<[u8]>::to_vec).collect();
    assert_eq!(
        rows[0][1..],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
    );
    assert_eq!(rows[1], [0x08, 1]);
}

#[test]
fn chunks_stay_within_the_limit_and_come_to_the_whole_batch() {
    let values =
        UInt64Array::from_iter_values((0..1_000).map(|i| if i % 10 == 7 { u64::MAX } else { i }));
    let batch = RecordBatch::try_from_iter([("x", Arc::new(values) as ArrayRef)]).unwrap();
    let encoder = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let whole = encoder.encode(&batch).unwrap();

    let limit = ChunkLimit {
        rows: 64,
        framed_bytes: 100,
    };
    let mut chunk = Encoded::default();
    let (mut next, mut bytes, mut errors, mut rows) = (0, Vec::new(), Vec::new(), Vec::new());
    while next < batch.num_rows() {
        let before = next;
        next = encoder
            .encode_chunk(&batch, next, limit, &mut chunk)
            .unwrap();
        assert!(next > before && next - before <= 64);
        assert!(chunk.framed_len() <= 100, "{}", chunk.framed_len());
        assert_eq!(chunk.len() + chunk.errors().len(), next - before);
        let framed: usize = chunk.rows().map(|r| 2 + r.len()).sum();
        assert_eq!(framed, chunk.framed_len());
        bytes.extend_from_slice(chunk.bytes());
        rows.extend(chunk.row_ranges().iter().cloned().flatten());
        errors.extend(chunk.take_errors());
    }
    assert_eq!(bytes, whole.bytes());
    assert_eq!(errors, whole.errors());
    assert_eq!(rows, (0..1_000).filter(|i| i % 10 != 7).collect::<Vec<_>>());
}

#[test]
fn columns_are_found_by_name_and_what_is_not_fitting_is_all_named() {
    let planned = Schema::new(vec![
        Field::new("a", DataType::Int32, false),
        Field::new("b", DataType::Utf8, true),
    ]);
    let encoder = Encoder::new(&planned, Options::default()).unwrap();
    let a: ArrayRef = Arc::new(Int32Array::from(vec![5]));
    let b: ArrayRef = Arc::new(StringArray::from(vec!["x"]));

    let turned = RecordBatch::try_from_iter([("b", b.clone()), ("a", a.clone())]).unwrap();
    assert_eq!(
        encoder.encode(&turned).unwrap().bytes(),
        [0x08, 5, 0x12, 1, b'x'],
        "the values stay with their names"
    );
    let without = RecordBatch::try_from_iter([("a", a.clone())]).unwrap();
    assert_eq!(encoder.encode(&without).unwrap().bytes(), [0x08, 5]);

    let fields = ["a", "a"].map(|name| Field::new(name, DataType::Int32, true));
    let twice = Arc::new(Schema::new(fields.to_vec()));
    let twice = RecordBatch::try_new(twice, vec![a.clone(), a.clone()]).unwrap();
    assert_eq!(
        encoder.encode(&twice).unwrap_err().problems()[0].kind(),
        &SchemaProblemKind::DuplicateName
    );

    let wrong = RecordBatch::try_from_iter([("b", a.clone()), ("c", a)]).unwrap();
    let error = encoder.encode(&wrong).unwrap_err();
    let kinds: Vec<_> = error
        .problems()
        .iter()
        .map(|p| (p.path(), p.kind().clone()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("a", SchemaProblemKind::MissingColumn),
            (
                "b",
                SchemaProblemKind::ColumnType {
                    expected: DataType::Utf8,
                    found: DataType::Int32
                }
            ),
            ("c", SchemaProblemKind::UnknownColumn),
        ]
    );
}
