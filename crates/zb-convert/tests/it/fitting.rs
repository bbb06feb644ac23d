//! Batches as Arrow Flight takes them, held against what the same rows are as Protobuf, and against
//! what arrow-cast makes of them.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryViewArray, Date64Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Int16Array, Int32Array, Int64Array, LargeBinaryArray, LargeStringArray,
    ListArray, MapArray, RecordBatch, StringArray, StringViewArray, StructArray,
    Time32MillisecondArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt32Array,
    UInt64Array, cast::AsArray as _, types::Int8Type,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, i256};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use arrow_select::{concat::concat_batches, take::take};
use proptest::{prelude::*, test_runner::RngSeed};
use zb_convert::{
    ChunkLimit, Decoder, Encoder, ExtraColumns, Fitter, Options, RowError, RowErrorKind as Kind,
    SchemaProblemKind, SubMicroseconds, delta_schema,
};

use crate::random::{Case, Rows, cases};

fn options(case: &Case) -> Options {
    Options::default().sub_microseconds(if case.truncate {
        SubMicroseconds::Truncate
    } else {
        SubMicroseconds::Reject
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1_500,
        rng_seed: RngSeed::Fixed(0xf117),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Lists and maps that are null as empty ones, as Protobuf has them.
fn emptied(array: &ArrayRef) -> ArrayRef {
    // Without what there may be in those that are null.
    let rows = UInt32Array::from_iter_values(0..array.len() as u32);
    let array = &take(array, &rows, None).unwrap();
    match array.data_type() {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let values = emptied(list.values());
            Arc::new(ListArray::new(
                item.clone(),
                list.offsets().clone(),
                values,
                None,
            ))
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else {
                panic!("{entries}");
            };
            // Of a key that stands twice the last value counts, where it is read as Protobuf.
            let (keys, offsets) = (map.keys(), map.offsets());
            let (mut kept, mut lengths) = (Vec::new(), Vec::new());
            for ends in offsets.windows(2) {
                let entries = ends[0] as usize..ends[1] as usize;
                let is_last = |&at: &usize| {
                    (at + 1..entries.end).all(|later| keys.slice(later, 1) != keys.slice(at, 1))
                };
                let before = kept.len();
                kept.extend(entries.clone().filter(is_last).map(|at| at as u32));
                lengths.push(kept.len() - before);
            }
            let kept = UInt32Array::from(kept);
            let part = |array| emptied(&take(array, &kept, None).unwrap());
            let parts = vec![part(map.keys()), part(map.values())];
            let pairs = StructArray::new(fields.clone(), parts, None);
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(MapArray::new(
                entries.clone(),
                offsets,
                pairs,
                None,
                *sorted,
            ))
        }
        DataType::Struct(fields) => {
            let of = array.as_struct();
            let columns = of.columns().iter().map(emptied).collect();
            Arc::new(StructArray::new(
                fields.clone(),
                columns,
                of.nulls().cloned(),
            ))
        }
        _ => array.clone(),
    }
}

/// Whether a null may be in it anywhere, so that batches with different labels can be compared.
fn loose(field: &Field) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::List(item) => DataType::List(loose(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|f| loose(f)).collect()),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(parts) = entries.data_type() else {
                panic!("{entries}");
            };
            let parts = Fields::from(vec![parts[0].clone(), loose(&parts[1])]);
            let entries = Field::new(entries.name(), DataType::Struct(parts), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, true))
}

/// The fitted rows with the types that a Delta table reads back.
fn as_delta(fitted: &RecordBatch, table: &Schema) -> Vec<ArrayRef> {
    let columns = fitted.columns().iter().zip(table.fields());
    columns
        .map(|(column, field)| emptied(&cast(column, loose(field).data_type()).unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rows_are_refused_and_stored_as_those_of_protobuf(case in cases(Rows::Mixed)) {
        let encoder = Encoder::new(&case.planned, options(&case)).unwrap();
        let fitter = match Fitter::new(&case.planned, options(&case)) {
            Ok(fitter) => fitter,
            Err(error) => {
                let refused = error.problems().iter().all(|problem| matches!(
                    problem.kind(),
                    SchemaProblemKind::UnsupportedExtension { .. }
                        | SchemaProblemKind::Unsupported {
                            found: DataType::FixedSizeBinary(0) | DataType::FixedSizeList(_, 0), ..
                        }
                ));
                prop_assert!(refused, "{error}");
                return Ok(());
            }
        };
        let encoded = encoder.encode(&case.batch).unwrap();
        let fitted = fitter.fit(&case.batch).unwrap();
        prop_assert_eq!(fitted.batch().schema_ref(), fitter.fitted_schema());

        // What Protobuf refuses for nulls in lists alone may pass.
        let only_null_items = |row: usize| encoded.errors().iter().any(|error| {
            error.row == row && matches!(error.kind, Kind::NullElement | Kind::NullMapValue)
        });
        let said = |errors: &[RowError]| -> Vec<_> {
            let errors = errors.iter().filter(|error| !only_null_items(error.row));
            errors.map(|error| (error.row, error.path.clone(), error.kind)).collect()
        };
        prop_assert_eq!(said(fitted.errors()), said(encoded.errors()));
        let rows: Vec<usize> = fitted.row_ranges().iter().cloned().flatten().collect();
        let refused: Vec<usize> = fitted.errors().iter().map(|error| error.row).collect();
        let mut all = [rows.clone(), refused].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..case.batch.num_rows()).collect::<Vec<_>>());
        prop_assert_eq!(rows.len(), fitted.batch().num_rows());

        let table = delta_schema(&case.planned).unwrap();
        let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
        let decoded = decoder.decode(encoded.rows()).unwrap();
        prop_assert_eq!(&decoded.errors, &[]);
        // Without the rows that Protobuf has not.
        let both = rows.iter().enumerate().filter(|(_, row)| !only_null_items(**row));
        let both: Vec<RecordBatch> = both.map(|(at, _)| fitted.batch().slice(at, 1)).collect();
        let both = concat_batches(fitter.fitted_schema(), &both).unwrap();
        prop_assert_eq!(both.num_rows(), decoded.batch.num_rows());
        let found = as_delta(&both, &table);
        for ((found, sent), field) in found.iter().zip(decoded.batch.columns()).zip(table.fields()) {
            let sent = emptied(&cast(sent, loose(field).data_type()).unwrap());
            prop_assert_eq!(found, &sent, "column {}: {}", field.name(), field.data_type());
        }
    }

    #[test]
    fn chunks_have_every_row_once_and_keep_to_their_limit(
        case in cases(Rows::Mixed), limit in 1_usize..4_000, rows in 1_usize..100,
    ) {
        let Ok(fitter) = Fitter::new(&case.planned, options(&case)) else { return Ok(()) };
        let whole = fitter.fit(&case.batch).unwrap();
        let (mut batches, mut ranges, mut errors, mut next) = (vec![], vec![], vec![], 0);
        while next < case.batch.num_rows() {
            let limit = ChunkLimit { rows, framed_bytes: limit };
            let (after, chunk) = fitter.fit_chunk(&case.batch, next, limit).unwrap();
            prop_assert!(after > next && after - next <= rows);
            prop_assert!(after - next == 1 || chunk.bytes() <= limit.framed_bytes);
            ranges.extend(chunk.row_ranges().iter().cloned().flatten());
            errors.extend(chunk.errors().to_vec());
            batches.push(chunk.into_batch());
            next = after;
        }
        prop_assert_eq!(ranges, whole.row_ranges().iter().cloned().flatten().collect::<Vec<_>>());
        prop_assert_eq!(&errors, whole.errors());
        let together = concat_batches(fitter.fitted_schema(), &batches).unwrap();
        prop_assert_eq!(&together, whole.batch());
    }
}

fn one(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([("x", column)]).unwrap()
}

/// The column as the table takes it.
fn fitted(column: ArrayRef, table: DataType) -> ArrayRef {
    let batch = one(column);
    let table = Schema::new(vec![Field::new("x", table, true)]);
    let fitter = Fitter::for_table(&batch.schema(), &table, Options::default()).unwrap();
    let fitted = fitter.fit(&batch).unwrap();
    assert_eq!(fitted.errors(), []);
    fitted.batch().column(0).clone()
}

/// Where the first buffer of an array's values begins.
fn address(array: &ArrayRef) -> *const u8 {
    let data = array.to_data();
    data.buffers().last().unwrap().as_ptr()
}

#[test]
fn what_needs_no_change_is_not_copied() {
    let micros = || TimestampMicrosecondArray::from(vec![1, 2, 3]);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let untouched: [(ArrayRef, DataType); 6] = [
        (Arc::new(Int64Array::from(vec![1, 2, 3])), DataType::Int64),
        (
            Arc::new(LargeStringArray::from(vec!["a", "b"])),
            DataType::Utf8,
        ),
        (
            Arc::new(LargeBinaryArray::from_vec(vec![b"a"])),
            DataType::Binary,
        ),
        (Arc::new(micros().with_timezone("UTC")), utc.clone()),
        // Another name of the zone is another label of the same instants.
        (Arc::new(micros().with_timezone("Europe/Berlin")), utc),
        // So is a time of day, in microseconds.
        (
            Arc::new(arrow_array::Time64MicrosecondArray::from(vec![1, 2])),
            DataType::Int64,
        ),
    ];
    for (column, table) in untouched {
        let after = fitted(column.clone(), table);
        assert_eq!(address(&after), address(&column), "{}", column.data_type());
    }
    // What is inside of another is not copied either when only its neighbour or a name changes.
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let short: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let both = StructArray::from(vec![
        (
            Arc::new(Field::new("n", DataType::Int64, true)),
            numbers.clone(),
        ),
        (Arc::new(Field::new("s", DataType::Utf8, true)), short),
    ]);
    let after = fitted(Arc::new(both.clone()), both.data_type().clone());
    assert_eq!(address(after.as_struct().column(0)), address(&numbers));
    let element = Arc::new(Field::new("element", DataType::Int64, true));
    let list = ListArray::new(
        element,
        OffsetBuffer::from_lengths([1, 1]),
        numbers.clone(),
        None,
    );
    let after = fitted(Arc::new(list.clone()), list.data_type().clone());
    assert_eq!(address(after.as_list::<i32>().values()), address(&numbers));
}

#[test]
fn every_layout_comes_to_the_tables_type() {
    let texts: ArrayRef = Arc::new(LargeStringArray::from(vec![Some("a"), None]));
    let bytes: ArrayRef = Arc::new(LargeBinaryArray::from(vec![Some(b"a".as_slice()), None]));
    let decimal =
        |values: Vec<Option<&str>>| -> ArrayRef { Arc::new(LargeStringArray::from(values)) };
    let dictionary: arrow_array::DictionaryArray<Int8Type> =
        vec![Some("a"), None].into_iter().collect();
    let mut runs = arrow_array::builder::StringRunBuilder::<arrow_array::types::Int32Type>::new();
    runs.extend([Some("a"), None]);
    let cases: Vec<(ArrayRef, DataType, ArrayRef)> = vec![
        (
            Arc::new(StringArray::from(vec![Some("a"), None])),
            DataType::Utf8,
            texts.clone(),
        ),
        (
            Arc::new(StringViewArray::from(vec![Some("a"), None])),
            DataType::Utf8,
            texts.clone(),
        ),
        (Arc::new(dictionary), DataType::Utf8, texts.clone()),
        (Arc::new(runs.finish()), DataType::Utf8, texts.clone()),
        (
            Arc::new(BinaryViewArray::from(vec![Some(b"a".as_slice()), None])),
            DataType::Utf8,
            texts,
        ),
        (
            Arc::new(BinaryViewArray::from(vec![Some(b"a".as_slice()), None])),
            DataType::Binary,
            bytes.clone(),
        ),
        (
            Arc::new(StringArray::from(vec![Some("a"), None])),
            DataType::Binary,
            bytes.clone(),
        ),
        (
            Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                    [Some(b"a"), None].into_iter(),
                    1,
                )
                .unwrap(),
            ),
            DataType::Binary,
            bytes,
        ),
        (
            Arc::new(UInt64Array::from(vec![Some(7), None])),
            DataType::Int16,
            Arc::new(Int16Array::from(vec![Some(7), None])),
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![-1_000, 2_000])),
            DataType::Timestamp(TimeUnit::Microsecond, None),
            Arc::new(TimestampMicrosecondArray::from(vec![-1, 2])),
        ),
        (
            Arc::new(Time32MillisecondArray::from(vec![Some(5), None])),
            DataType::Int64,
            Arc::new(Int64Array::from(vec![Some(5_000), None])),
        ),
        (
            Arc::new(Date64Array::from(vec![Some(-86_400_000), None])),
            DataType::Date32,
            Arc::new(arrow_array::Date32Array::from(vec![Some(-1), None])),
        ),
        (
            Arc::new(
                Decimal128Array::from(vec![Some(15), Some(-5), None])
                    .with_precision_and_scale(4, 1)
                    .unwrap(),
            ),
            DataType::Decimal128(10, 2),
            decimal(vec![Some("1.50"), Some("-0.50"), None]),
        ),
        (
            Arc::new(
                Decimal256Array::from(vec![Some(i256::from_i128(5)), None])
                    .with_precision_and_scale(4, -2)
                    .unwrap(),
            ),
            DataType::Decimal128(10, 0),
            decimal(vec![Some("500"), None]),
        ),
        (
            Arc::new(Int32Array::from(vec![Some(-7), None])),
            DataType::Decimal128(5, 2),
            decimal(vec![Some("-7.00"), None]),
        ),
        (
            Arc::new(StringArray::from(vec![Some("+1.5"), Some("0"), None])),
            DataType::Decimal128(38, 3),
            decimal(vec![Some("1.500"), Some("0.000"), None]),
        ),
    ];
    for (column, table, expected) in cases {
        let from = column.data_type().clone();
        assert_eq!(
            &fitted(column, table.clone()),
            &expected,
            "{from} to {table}"
        );
    }
}

#[test]
fn a_time_is_rounded_down_where_that_is_asked_for() {
    let batch = one(Arc::new(TimestampNanosecondArray::from(vec![-1, 1_999])));
    let options = Options::default().sub_microseconds(SubMicroseconds::Truncate);
    let fitted = Fitter::new(&batch.schema(), options)
        .unwrap()
        .fit(&batch)
        .unwrap();
    let expected: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![-1, 1]));
    assert_eq!(fitted.batch().column(0), &expected);
}

#[test]
fn columns_come_in_the_order_of_the_table_with_nulls_for_those_that_are_missing() {
    let inner = Fields::from(vec![Field::new("b", DataType::Int32, true)]);
    let table_inner = Fields::from(vec![
        Field::new("a", DataType::Utf8, true),
        Field::new("b", DataType::Int32, true),
    ]);
    let table = Schema::new(vec![
        Field::new("late", DataType::Decimal128(5, 1), true),
        Field::new("Name", DataType::Utf8, false),
        Field::new("part", DataType::Struct(table_inner), true),
    ]);
    let part = StructArray::new(inner, vec![Arc::new(Int32Array::from(vec![1, 2]))], None);
    let batch = RecordBatch::try_from_iter([
        ("part", Arc::new(part) as ArrayRef),
        ("name", Arc::new(StringArray::from(vec![Some("x"), None]))),
    ])
    .unwrap();
    let fitter = Fitter::for_table(&batch.schema(), &table, Options::default()).unwrap();
    let fitted = fitter.fit(&batch).unwrap();
    let names: Vec<_> = fitter
        .fitted_schema()
        .fields()
        .iter()
        .map(|f| f.name())
        .collect();
    assert_eq!(names, ["late", "Name", "part"]);
    let [error] = fitted.errors() else {
        panic!("{:?}", fitted.errors())
    };
    assert_eq!(
        (error.row, error.kind, &*error.path),
        (1, Kind::NullInRequired, "Name")
    );
    let batch = fitted.batch();
    assert_eq!((batch.num_rows(), batch.column(0).null_count()), (1, 1));
    let part = batch.column(2).as_struct();
    assert_eq!(
        (part.column(0).null_count(), part.column(1).null_count()),
        (1, 0)
    );

    // What the table lacks is refused when the fitter is made, or dropped.
    let extra = one(Arc::new(Int32Array::from(vec![1])));
    let narrow = Schema::new(vec![Field::new("y", DataType::Int32, true)]);
    let error = Fitter::for_table(&extra.schema(), &narrow, Options::default()).unwrap_err();
    assert!(matches!(
        error.problems()[0].kind(),
        SchemaProblemKind::NotInTable
    ));
    let drop = Options::default().extra_columns(ExtraColumns::Drop);
    let fitter = Fitter::for_table(&extra.schema(), &narrow, drop).unwrap();
    assert_eq!(
        fitter.fit(&extra).unwrap().batch().column(0).null_count(),
        1
    );
}

#[test]
fn nulls_in_lists_stay_and_so_do_lists_that_are_null() {
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let values = Int64Array::from(vec![Some(1), None, Some(70_000), Some(5)]);
    // The second list is null, and has something in it all the same.
    let nulls = NullBuffer::from(vec![true, false, true]);
    let offsets = OffsetBuffer::from_lengths([2, 1, 1]);
    let list = ListArray::new(item, offsets, Arc::new(values), Some(nulls));
    let table = DataType::List(Arc::new(Field::new("element", DataType::Int16, true)));
    let after = fitted(Arc::new(list), table);
    let after = after.as_list::<i32>();
    let rows: Vec<_> = after.iter().collect();
    let first: ArrayRef = Arc::new(Int16Array::from(vec![Some(1), None]));
    let last: ArrayRef = Arc::new(Int16Array::from(vec![Some(5)]));
    assert_eq!(rows, [Some(first), None, Some(last)]);
    let DataType::List(item) = after.data_type() else {
        panic!()
    };
    assert_eq!(item.as_ref(), &Field::new("item", DataType::Int16, true));
}

#[test]
fn what_is_under_a_null_is_nobodys() {
    let number = Field::new("n", DataType::Int64, true);
    let values: ArrayRef = Arc::new(Int64Array::from(vec![70_000, 3]));
    let nulls = NullBuffer::from(vec![false, true]);
    let part = StructArray::new(vec![number].into(), vec![values], Some(nulls));
    let table: Fields = vec![Field::new("n", DataType::Int16, false)].into();
    let after = fitted(Arc::new(part), DataType::Struct(table));
    let after = after.as_struct();
    assert!(
        after.is_null(0)
            && after
                .column(0)
                .as_primitive::<arrow_array::types::Int16Type>()
                .value(1)
                == 3
    );
}

#[test]
fn what_a_list_takes_is_what_is_used_of_it() {
    let items = Int64Array::from_iter_values(0..64_000);
    let item = Arc::new(Field::new("item", DataType::Int64, true));
    let offsets = OffsetBuffer::from_lengths([64; 1_000]);
    let list = ListArray::new(item, offsets, Arc::new(items), None);
    let batch = one(Arc::new(list));
    let fitter = Fitter::new(&batch.schema(), Options::default()).unwrap();
    // 64 numbers and where they end: 516 bytes a row.
    let limit = ChunkLimit {
        rows: 1_000,
        framed_bytes: 51_600,
    };
    let (mut next, mut chunks) = (0, 0);
    while next < 1_000 {
        next = fitter.fit_chunk(&batch, next, limit).unwrap().0;
        chunks += 1;
    }
    assert!((10..=12).contains(&chunks), "{chunks} chunks");
}

#[test]
fn a_few_rows_do_not_hold_the_batch_that_they_are_of() {
    let texts: Vec<_> = (0..10_000).map(|row| format!("{row:>100}")).collect();
    let batch = one(Arc::new(LargeStringArray::from(texts)));
    let fitter = Fitter::new(&batch.schema(), Options::default()).unwrap();
    let limit = ChunkLimit {
        rows: 10,
        framed_bytes: 1 << 20,
    };
    let (_, chunk) = fitter.fit_chunk(&batch, 500, limit).unwrap();
    assert_eq!(
        chunk.batch().column(0).as_string::<i64>().value(9).trim(),
        "509"
    );
    assert!(chunk.batch().get_array_memory_size() < 4_000);
}

#[test]
fn a_row_that_is_too_large_is_refused_alone() {
    let long = "x".repeat(5_000);
    let batch = one(Arc::new(StringArray::from(vec!["a", &long, "b"])));
    let options = Options::default().max_record_bytes(1_000);
    let fitter = Fitter::new(&batch.schema(), options).unwrap();
    let limit = ChunkLimit {
        rows: 10,
        framed_bytes: 1_000,
    };
    let (mut next, mut rows, mut errors) = (0, Vec::new(), Vec::new());
    while next < 3 {
        let (after, chunk) = fitter.fit_chunk(&batch, next, limit).unwrap();
        rows.extend(chunk.row_ranges().iter().cloned().flatten());
        errors.extend(chunk.errors().iter().map(|error| (error.row, error.kind)));
        next = after;
    }
    assert_eq!(
        (rows, errors),
        (vec![0, 2], vec![(1, Kind::RecordTooLarge)])
    );
}

#[test]
fn a_variant_is_refused_wherever_it_is() {
    let marked = [(
        "ARROW:extension:name".to_owned(),
        "arrow.parquet.variant".to_owned(),
    )];
    let parts: Fields = ["metadata", "value"]
        .map(|name| Field::new(name, DataType::Binary, false))
        .into_iter()
        .collect();
    let variant = Field::new("v", DataType::Struct(parts), true).with_metadata(marked.into());
    let inside = Field::new("s", DataType::Struct(vec![variant.clone()].into()), true);
    for field in [variant, inside] {
        let name = field.name().clone();
        let error = Fitter::new(&Schema::new(vec![field]), Options::default()).unwrap_err();
        assert_eq!(error.problems()[0].path(), name);
        assert!(error.to_string().contains("as Protobuf"), "{error}");
    }
}
