//! Plans toward a given target: by name, without loss, and every misfit named.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Decimal256Array, DictionaryArray,
    Float16Array, Float32Array, Int8Array, Int16Array, Int32Array, Int64Array,
    IntervalYearMonthArray, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray,
    StringViewArray, StructArray, TimestampMillisecondArray, TimestampSecondArray, UInt8Array,
    UInt32Array, UInt64Array,
    types::{Int32Type, UInt8Type},
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};
use half::f16;
use proptest::prelude::*;
use zb_convert::{
    Decoder, Encoder, ExtraColumns, Options, RowErrorKind, SchemaProblemKind, delta_schema,
};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn table(fields: Vec<(&str, DataType)>) -> Schema {
    let field = |(name, t): (&str, DataType)| Field::new(name, t, true);
    Schema::new(fields.into_iter().map(field).collect::<Vec<_>>())
}

/// Sends a column to a column of the table, and reads back what arrived, with the kinds of errors.
fn arrive(array: ArrayRef, into: DataType) -> (ArrayRef, Vec<(usize, RowErrorKind)>) {
    let batch = batch(vec![("x", array)]);
    let table = table(vec![("x", into)]);
    let encoder = Encoder::for_table(&batch.schema(), &table, Options::default()).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
    let decoded = decoder.decode(encoded.rows()).unwrap();
    assert_eq!(decoded.errors, [], "the endpoint takes what was sent");
    assert_eq!(encoded.len() + encoded.errors().len(), batch.num_rows());
    let errors = encoded.errors().iter().map(|e| (e.row, e.kind)).collect();
    (decoded.batch.column(0).clone(), errors)
}

fn same(array: impl Array + 'static, expected: impl Array + 'static) {
    let into = expected.data_type().clone();
    let (found, errors) = arrive(Arc::new(array), into);
    assert_eq!(errors, []);
    assert_eq!(&*found, &expected as &dyn Array);
}

fn decimal(values: Vec<i128>, precision: u8, scale: i8) -> Decimal128Array {
    let array = Decimal128Array::from(values);
    array.with_precision_and_scale(precision, scale).unwrap()
}

#[test]
fn what_loses_nothing_arrives() {
    same(
        UInt8Array::from(vec![0, 255]),
        Int64Array::from(vec![0, 255]),
    );
    same(
        Int64Array::from(vec![-128, 127]),
        Int8Array::from(vec![-128, 127]),
    );
    same(UInt64Array::from(vec![7]), Int16Array::from(vec![7]));
    same(
        Float32Array::from(vec![1.5, f32::INFINITY]),
        arrow_array::Float64Array::from(vec![1.5, f64::INFINITY]),
    );
    same(
        Float16Array::from(vec![f16::from_f32(0.25)]),
        arrow_array::Float64Array::from(vec![0.25]),
    );
    same(
        Int32Array::from(vec![i32::MIN, 3]),
        arrow_array::Float64Array::from(vec![f64::from(i32::MIN), 3.0]),
    );
    same(Int16Array::from(vec![-5]), Float32Array::from(vec![-5.0]));
    same(
        LargeStringArray::from(vec!["ä"]),
        StringArray::from(vec!["ä"]),
    );
    same(
        StringViewArray::from(vec!["a"]),
        BinaryArray::from_vec(vec![b"a"]),
    );
    same(
        BinaryArray::from_vec(vec!["ä".as_bytes()]),
        StringArray::from(vec!["ä"]),
    );
    let seconds = TimestampSecondArray::from(vec![1, -1]).with_timezone("+02:00");
    let micros = arrow_array::TimestampMicrosecondArray::from(vec![1_000_000, -1_000_000]);
    same(seconds, micros.with_timezone("UTC"));
    same(
        decimal(vec![150, -5], 5, 2),
        decimal(vec![15_000, -500], 9, 4),
    );
    same(decimal(vec![15_000], 9, 4), decimal(vec![150], 5, 2));
    same(Int32Array::from(vec![-12]), decimal(vec![-1200], 6, 2));
    same(
        StringArray::from(vec!["1.5", "-2"]),
        decimal(vec![150, -200], 6, 2),
    );
    let wide = Decimal256Array::from(vec![i256::from(12_i64)]);
    same(
        wide.with_precision_and_scale(60, 1).unwrap(),
        decimal(vec![120], 10, 2),
    );
    let keys = arrow_array::PrimitiveArray::<UInt8Type>::from(vec![Some(1), None, Some(0)]);
    let of_large = DictionaryArray::new(keys, Arc::new(Int64Array::from(vec![5, 6])));
    same(of_large, Int8Array::from(vec![Some(6), None, Some(5)]));
}

#[test]
fn a_value_that_would_be_lost_is_its_rows_error() {
    let errors = |array: ArrayRef, into: DataType| arrive(array, into).1;
    let range = |rows: &[usize]| -> Vec<_> {
        rows.iter()
            .map(|&row| (row, RowErrorKind::IntegerRange))
            .collect()
    };
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![127, 128, -129, 0]));
    assert_eq!(errors(ints.clone(), DataType::Int8), range(&[1, 2]));
    assert_eq!(errors(ints, DataType::Int16), []);
    let big: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, 1, 1 << 40]));
    assert_eq!(errors(big.clone(), DataType::Int32), range(&[0, 2]));
    assert_eq!(
        errors(big, DataType::Float32),
        range(&[0]),
        "2^40 is a float, 2^64 - 1 is none"
    );
    let exact: ArrayRef = Arc::new(Int64Array::from(vec![1 << 53, (1 << 53) + 1, i64::MAX]));
    assert_eq!(errors(exact, DataType::Float64), range(&[1, 2]));
    let unsigned: ArrayRef = Arc::new(UInt32Array::from(vec![u32::MAX, 16_777_217]));
    assert_eq!(errors(unsigned, DataType::Float32), range(&[0, 1]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"a", b"\xff"]));
    assert_eq!(errors(bytes, DataType::Utf8), [(1, RowErrorKind::Utf8)]);
    let finer: ArrayRef = Arc::new(decimal(vec![100, 101, 99_999], 5, 2));
    assert_eq!(
        errors(finer, DataType::Decimal128(3, 1)),
        [
            (1, RowErrorKind::DecimalScale),
            (2, RowErrorKind::DecimalScale)
        ]
    );
    let larger: ArrayRef = Arc::new(Int32Array::from(vec![99, 100]));
    assert_eq!(
        errors(larger, DataType::Decimal128(4, 2)),
        [(1, RowErrorKind::DecimalRange)]
    );
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.25", "1.255", "much", "1e2"]));
    assert_eq!(
        errors(texts, DataType::Decimal128(4, 2)),
        [1, 2, 3].map(|row| (row, RowErrorKind::DecimalText))
    );
}

proptest! {
    /// Every integer to every integer, with the standard library's own conversions as the judge.
    #[test]
    fn integers_are_narrowed_when_they_fit(values in prop::collection::vec(any::<i64>(), 0..200), shift in 0..64u32) {
        let values: Vec<i64> = values.into_iter().map(|v| v >> shift).collect();
        let (found, errors) = arrive(Arc::new(Int64Array::from(values.clone())), DataType::Int16);
        let fits: Vec<i16> = values.iter().filter_map(|&v| i16::try_from(v).ok()).collect();
        prop_assert_eq!(&*found, &Int16Array::from(fits) as &dyn Array);
        let beyond: Vec<_> = (0..values.len())
            .filter(|&row| i16::try_from(values[row]).is_err())
            .map(|row| (row, RowErrorKind::IntegerRange))
            .collect();
        prop_assert_eq!(errors, beyond);
    }

    /// Decimals are rescaled as arrow-cast does it, where that is exact.
    #[test]
    fn decimals_are_rescaled_when_they_fit(values in prop::collection::vec(-1_000_000_i64..1_000_000, 1..100), from in 0..6i8, to in 0..6i8) {
        let array = decimal(values.iter().map(|&v| v.into()).collect(), 20, from);
        let into = DataType::Decimal128(8, to);
        let (found, errors) = arrive(Arc::new(array.clone()), into.clone());
        let options = arrow_cast::CastOptions { safe: true, ..arrow_cast::CastOptions::default() };
        let there = arrow_cast::cast_with_options(&array, &into, &options).unwrap();
        let back = arrow_cast::cast(&there, array.data_type()).unwrap();
        let exact = |row: usize| there.is_valid(row) && *back.slice(row, 1) == array.slice(row, 1);
        let rows: Vec<usize> = (0..values.len()).filter(|&row| exact(row)).collect();
        let bad: Vec<usize> = errors.iter().map(|(row, _)| *row).collect();
        let good: Vec<usize> = (0..values.len()).filter(|row| !bad.contains(row)).collect();
        prop_assert_eq!(&rows, &good);
        let indices = arrow_array::UInt64Array::from_iter_values(rows.iter().map(|&r| r as u64));
        let expected = arrow_select::take::take(&there, &indices, None).unwrap();
        prop_assert_eq!(&found, &expected);
    }
}

#[test]
fn every_misfit_is_named_at_once() {
    let inner = Fields::from(vec![
        Field::new("n", DataType::Utf8, true),
        Field::new("more", DataType::Int32, true),
    ]);
    let schema = table(vec![
        ("a", DataType::Float64),
        ("b", DataType::Utf8),
        ("s", DataType::Struct(inner)),
        ("when", DataType::Timestamp(TimeUnit::Second, None)),
        ("gap", DataType::Interval(IntervalUnit::DayTime)),
        ("extra", DataType::Int32),
        ("l", DataType::Utf8),
    ]);
    let inner = Fields::from(vec![Field::new("n", DataType::Int32, true)]);
    let mut into = table(vec![
        ("a", DataType::Float32),
        ("b", DataType::Date32),
        ("s", DataType::Struct(inner)),
        (
            "when",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ),
        ("gap", DataType::Int64),
        (
            "l",
            DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
        ),
    ])
    .fields()
    .to_vec();
    into.push(Arc::new(Field::new("needed", DataType::Int32, false)));
    let error = Encoder::for_table(&schema, &Schema::new(into), Options::default()).unwrap_err();
    let said: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "column `extra`: the table has no such column; add it to the table or leave it out",
            "column `a`: Float64 cannot become float (FLOAT) without loss; cast the column first",
            "column `b`: Utf8 cannot become int32 (DATE) without loss; cast the column first",
            "column `s.more`: the table has no such column; add it to the table or leave it out",
            "column `s.n`: Utf8 cannot become int32 (INT) without loss; cast the column first",
            "column `when`: Timestamp(s) cannot become int64 (TIMESTAMP) without loss; cast the \
             column first",
            "column `gap`: the type Interval(DayTime) has no counterpart in a Delta table; cast it \
             to a duration or to an integer",
            "column `l`: Utf8 cannot become repeated string (ARRAY<STRING>) without loss; cast the \
             column first",
            "column `needed`: the table needs this column, int32 (INT) NOT NULL, and it is not there; \
             add it",
        ]
    );
}

#[test]
fn columns_go_by_name_and_the_numbers_are_the_descriptors() {
    let sent = table(vec![
        ("id", DataType::Int64),
        ("Name", DataType::Utf8),
        ("note", DataType::Utf8),
    ]);
    let mut descriptor = Encoder::new(&sent, Options::default().message_name("Row"))
        .unwrap()
        .descriptor()
        .clone();
    for (field, number) in descriptor.field.iter_mut().zip([3, 200, 7]) {
        field.number = Some(number);
    }
    let batch = batch(vec![
        ("name", Arc::new(StringArray::from(vec!["x"])) as ArrayRef),
        ("id", Arc::new(UInt8Array::from(vec![5]))),
    ]);
    let encoder =
        Encoder::for_descriptor(&batch.schema(), descriptor.clone(), Options::default()).unwrap();
    assert_eq!(encoder.descriptor(), &descriptor);
    assert_eq!(
        encoder.encode(&batch).unwrap().bytes(),
        [3 << 3, 5, 0xc2, 0x0c, 1, b'x']
    );
    let mut twice = descriptor.clone();
    twice.field[1].number = Some(3);
    assert!(Encoder::for_descriptor(&batch.schema(), twice, Options::default()).is_err());
    let mut far = descriptor;
    far.field[1].number = Some(1 << 20);
    assert!(Encoder::for_descriptor(&batch.schema(), far, Options::default()).is_err());
}

#[test]
fn nested_columns_are_fitted_too() {
    let readings = |count| {
        let fields = Fields::from(vec![
            Field::new("code", DataType::Int64, true),
            Field::new("KEY", DataType::LargeUtf8, true),
        ]);
        let codes: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
        let keys: ArrayRef = Arc::new(LargeStringArray::from_iter_values((0..count).map(|_| "k")));
        StructArray::new(fields, vec![codes, keys], None)
    };
    let items = readings(300);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = arrow_buffer::OffsetBuffer::from_lengths([100, 200]);
    let lists: ArrayRef = Arc::new(ListArray::new(field, offsets, Arc::new(items), None));
    let one: ArrayRef = Arc::new(readings(2));
    let batch = batch(vec![("one", one), ("many", lists)]);
    let fields = Fields::from(vec![
        Field::new("key", DataType::Utf8, true),
        Field::new("gone", DataType::Boolean, true),
        Field::new("code", DataType::Int8, true),
    ]);
    let item = Arc::new(Field::new(
        "element",
        DataType::Struct(fields.clone()),
        true,
    ));
    let into = table(vec![
        ("many", DataType::List(item)),
        ("one", DataType::Struct(fields)),
    ]);
    let encoder = Encoder::for_table(&batch.schema(), &into, Options::default()).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    assert_eq!(encoded.len(), 1, "codes beyond 127 are in the second row");
    assert_eq!(
        encoded.errors()[0].to_string(),
        "row 1, column `many[].code`: an integer out of range (found 128)"
    );
    let decoded = Decoder::new(encoder.descriptor(), &into)
        .unwrap()
        .decode(encoded.rows())
        .unwrap();
    assert_eq!(decoded.errors, []);
    let many = decoded
        .batch
        .column(0)
        .as_any()
        .downcast_ref::<ListArray>()
        .unwrap();
    assert_eq!(many.value(0).len(), 100);
}

#[test]
fn what_must_be_there_is_asked_of_schema_and_rows() {
    let into = Schema::new(vec![
        Field::new("id", DataType::Int32, false),
        Field::new(
            "tags",
            DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
            false,
        ),
    ]);
    let lacking = table(vec![("other", DataType::Utf8)]);
    let error = Encoder::for_table(
        &lacking,
        &into,
        Options::default().extra_columns(ExtraColumns::Drop),
    )
    .unwrap_err();
    let said: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "column `id`: the table needs this column, int32 (INT) NOT NULL, and it is not there; \
             add it",
            "column `tags`: the table needs this column, repeated string (ARRAY<STRING>) NOT NULL, \
             and it is not there; add it",
        ]
    );
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([]), Some([]), None]);
    let id: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
    let tags: ArrayRef = arrow_cast::cast(
        &tags,
        &DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))),
    )
    .unwrap();
    let batch = batch(vec![("id", id), ("tags", tags)]);
    let encoder = Encoder::for_table(&batch.schema(), &into, Options::default()).unwrap();
    let encoded = encoder.encode(&batch).unwrap();
    let errors: Vec<_> = encoded
        .errors()
        .iter()
        .map(|e| (e.row, &*e.path, e.kind))
        .collect();
    assert_eq!(
        errors,
        [
            (1, "id", RowErrorKind::NullInRequired),
            (2, "tags", RowErrorKind::NullInRequired)
        ]
    );
}

#[test]
fn columns_that_nobody_wants_are_refused_dropped_or_null() {
    let into = table(vec![("id", DataType::Int32)]);
    let id: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let with = |extra: ArrayRef| batch(vec![("extra", extra), ("id", id.clone())]);
    let plan = |batch: &RecordBatch, choice| {
        let options = Options::default().extra_columns(choice);
        Encoder::for_table(&batch.schema(), &into, options)
    };
    let dates = with(Arc::new(Date32Array::from(vec![1, 2])));
    let error = plan(&dates, ExtraColumns::Refuse).unwrap_err();
    assert_eq!(error.problems()[0].kind(), &SchemaProblemKind::NotInTable);
    let rows = [8, 1, 8, 2];
    assert_eq!(
        plan(&dates, ExtraColumns::Drop)
            .unwrap()
            .encode(&dates)
            .unwrap()
            .bytes(),
        rows
    );

    let nothing = with(Arc::new(NullArray::new(2)));
    assert_eq!(
        plan(&nothing, ExtraColumns::Refuse)
            .unwrap()
            .encode(&nothing)
            .unwrap()
            .bytes(),
        rows
    );
    let nulls = with(Arc::new(IntervalYearMonthArray::from(vec![None, None])));
    let encoder = plan(&nulls, ExtraColumns::Refuse).unwrap();
    assert_eq!(encoder.encode(&nulls).unwrap().bytes(), rows);
    let some = with(Arc::new(IntervalYearMonthArray::from(vec![None, Some(3)])));
    let error = encoder.encode(&some).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `extra`: a column of type Interval(YearMonth) can be skipped only while all of its \
         values are null; leave it out"
    );
    // A batch that brings a column the schema has not.
    let plain = batch(vec![("id", id.clone())]);
    let strict = Encoder::new(&plain.schema(), Options::default()).unwrap();
    assert!(strict.encode(&dates).is_err());
    let options = Options::default().extra_columns(ExtraColumns::Drop);
    let lenient = Encoder::new(&plain.schema(), options).unwrap();
    assert_eq!(lenient.encode(&dates).unwrap().bytes(), rows);
}

#[test]
fn a_null_column_may_stand_for_one_that_may_be_null() {
    let batch = batch(vec![
        ("x", Arc::new(NullArray::new(2)) as ArrayRef),
        ("y", Arc::new(Int32Array::from(vec![1, 2]))),
    ]);
    let into = table(vec![("x", DataType::Utf8), ("y", DataType::Int64)]);
    let encoder = Encoder::for_table(&batch.schema(), &into, Options::default()).unwrap();
    assert_eq!(encoder.encode(&batch).unwrap().bytes(), [16, 1, 16, 2]);
    let needed = Schema::new(vec![
        Field::new("x", DataType::Utf8, false),
        Field::new("y", DataType::Int64, true),
    ]);
    let error = Encoder::for_table(&batch.schema(), &needed, Options::default()).unwrap_err();
    assert_eq!(error.problems()[0].path(), "x");
}

/// A plan toward a table's own descriptor gives what the plan for the table gives.
#[test]
fn a_schema_fits_its_own_descriptor() {
    let batch = batch(vec![
        (
            "t",
            Arc::new(TimestampMillisecondArray::from(vec![Some(5), None])) as ArrayRef,
        ),
        ("d", Arc::new(Date32Array::from(vec![1, 2]))),
        ("p", Arc::new(decimal(vec![125, -5], 10, 2))),
        ("b", Arc::new(BinaryArray::from_vec(vec![b"x", b""]))),
    ]);
    let own = Encoder::new(&batch.schema(), Options::default()).unwrap();
    let expected = own.encode(&batch).unwrap();
    let toward = Encoder::for_descriptor(
        &batch.schema(),
        own.descriptor().clone(),
        Options::default(),
    )
    .unwrap();
    assert_eq!(toward.encode(&batch).unwrap().bytes(), expected.bytes());
    let table = delta_schema(&batch.schema()).unwrap();
    let toward = Encoder::for_table(&batch.schema(), &table, Options::default()).unwrap();
    assert_eq!(toward.descriptor(), own.descriptor());
    assert_eq!(toward.encode(&batch).unwrap().bytes(), expected.bytes());
}

/// A column of a table with what its catalog says of it.
fn told(field: Field, key: &str, value: &str) -> Field {
    field.with_metadata([(key.to_owned(), value.to_owned())].into())
}

#[test]
fn columns_have_the_numbers_that_the_table_gives_them() {
    let id = Field::new("id", DataType::Int64, false);
    let name = Field::new("name", DataType::Utf8, true);
    let into = Schema::new(vec![
        told(id, zb_convert::FIELD_NUMBER, "3"),
        told(name, zb_convert::FIELD_NUMBER, "7"),
    ]);
    let batch = RecordBatch::try_from_iter([
        ("name", Arc::new(StringArray::from(vec!["a"])) as ArrayRef),
        ("id", Arc::new(Int64Array::from(vec![1]))),
    ])
    .unwrap();
    let encoder = Encoder::for_table(&batch.schema(), &into, Options::default()).unwrap();
    let numbers: Vec<_> = encoder
        .descriptor()
        .field
        .iter()
        .map(prost_types::FieldDescriptorProto::number)
        .collect();
    assert_eq!(numbers, [3, 7]);
    assert_eq!(
        encoder.encode(&batch).unwrap().bytes(),
        b"\x18\x01\x3a\x01a"
    );

    for (one, other) in [("3", "3"), ("0", "1"), ("x", "1"), ("262144", "1")] {
        let field = |name: &str, number| {
            let field = Field::new(name, DataType::Int64, true);
            told(field, zb_convert::FIELD_NUMBER, number)
        };
        let into = Schema::new(vec![field("id", one), field("name", other)]);
        let error = Encoder::for_table(&batch.schema(), &into, Options::default()).unwrap_err();
        assert!(error.to_string().contains("the number"), "{error}");
    }
}

#[test]
fn a_column_that_nobody_can_send_is_left_out_and_named_when_it_is_sent() {
    let interval = |nullable| {
        let field = Field::new("wait", DataType::Null, nullable);
        told(field, zb_convert::TABLE_TYPE, "interval day to second")
    };
    let id = Field::new("id", DataType::Int64, true);
    let into = Schema::new(vec![interval(true), id.clone()]);
    let sent = Schema::new(vec![id.clone()]);
    let encoder = Encoder::for_table(&sent, &into, Options::default()).unwrap();
    let [field] = &encoder.descriptor().field[..] else {
        panic!("{:?}", encoder.descriptor())
    };
    assert_eq!((field.name(), field.number()), ("id", 2));

    let wait = Field::new("Wait", DataType::Int64, true);
    let more = Schema::new(vec![id, wait]);
    let error = Encoder::for_table(&more, &into, Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "column `Wait`: the table's column is interval day to second, which cannot be sent through \
         Zerobus; leave it out"
    );
    let needed = Schema::new(vec![interval(false)]);
    let error = Encoder::for_table(&sent, &needed, Options::default()).unwrap_err();
    assert!(error.to_string().contains("NOT NULL"), "{error}");
}
