//! Random schemas and batches of every type, held against [`Reading`], which reads one value at a
//! time from Arrow, and prost-reflect, which reads the bytes.

use arrow_array::{Array, ArrayRef};
use arrow_cast::{can_cast_types, cast};
use arrow_schema::{DataType, TimeUnit};
use arrow_select::concat::concat;
use proptest::{prelude::*, test_runner::RngSeed};
use zb_convert::{Decoder, Encoded, Encoder, Options, RowError, RowErrorKind, SubMicroseconds};

use crate::{
    delta_types,
    expected::{self, Reading},
    oracle,
    random::{Case, Rows, case, cases, every_leaf},
};

/// The same cases every time, unless `PROPTEST_RNG_SEED` says otherwise.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x5eed),
        // A failure is printed with its seed; no file remembers it.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn encoder(case: &Case) -> Encoder {
    encoder_with(case, Options::default())
}

fn encoder_with(case: &Case, options: Options) -> Encoder {
    let options = options.sub_microseconds(if case.truncate {
        SubMicroseconds::Truncate
    } else {
        SubMicroseconds::Reject
    });
    Encoder::new(&case.planned, options).unwrap()
}

/// The rows of the batch that were encoded.
fn accepted(encoded: &Encoded) -> Vec<usize> {
    encoded.row_ranges().iter().cloned().flatten().collect()
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn each_row_is_what_its_values_say_or_an_error_that_they_give(case in cases(Rows::Mixed)) {
        let encoder = encoder(&case);
        let encoded = encoder.encode(&case.batch).unwrap();
        let message = oracle::message(encoder.descriptor());
        let mut written = oracle::read(encoder.descriptor(), &encoded).into_iter();
        let (mut errors, mut rows) = (encoded.errors().iter(), accepted(&encoded).into_iter());
        let mut null_lists = 0;
        for row in 0..case.batch.num_rows() {
            let (expected, reading) = Reading::row(
                &message, case.planned.fields(), case.batch.columns(), row, case.truncate,
            );
            if reading.faults.is_empty() {
                let found = written.next().expect("one more row");
                prop_assert_eq!(rows.next(), Some(row));
                prop_assert!(expected::same(&found, &expected), "{}: {:?}, not {:?}", row, found, expected);
                prop_assert_eq!(found.unknown_fields().count(), 0);
                null_lists += reading.null_lists;
            } else {
                let error = errors.next().expect("one more error");
                prop_assert_eq!(error.row, row);
                let fault = (error.path.to_string(), error.kind);
                prop_assert!(reading.faults.contains(&fault), "{:?} not in {:?}", fault, reading.faults);
            }
        }
        prop_assert_eq!((written.next(), errors.next(), rows.next()), (None, None, None));
        prop_assert_eq!(encoded.null_lists(), null_lists);
    }

    #[test]
    fn what_is_read_back_is_what_was_sent_in_the_types_of_delta(case in cases(Rows::Good)) {
        let encoder = encoder(&case);
        let encoded = encoder.encode(&case.batch).unwrap();
        prop_assert_eq!(encoded.errors(), &[]);

        let table = zb_convert::delta_schema(&case.planned).unwrap();
        prop_assert_eq!(&table, &delta_types::schema(&case.planned));
        let decoder = Decoder::new(encoder.descriptor(), &table).unwrap();
        let decoded = decoder.decode(encoded.rows()).unwrap();
        prop_assert_eq!(&decoded.errors, &[]);
        prop_assert_eq!(decoded.batch.num_rows(), case.batch.num_rows());
        prop_assert_eq!(decoded.batch.schema_ref().as_ref(), &table);

        let message = oracle::message(encoder.descriptor());
        for row in 0..case.batch.num_rows() {
            let (sent, _) = Reading::row(
                &message, case.planned.fields(), case.batch.columns(), row, case.truncate,
            );
            let (back, reading) = Reading::row(
                &message, table.fields(), decoded.batch.columns(), row, false,
            );
            prop_assert_eq!(&reading.faults, &[]);
            prop_assert_eq!(reading.null_lists, 0, "a null list comes back empty");
            prop_assert!(expected::same(&sent, &back), "row {}: {:?}, not {:?}", row, back, sent);
        }
        for (i, column) in case.batch.columns().iter().enumerate() {
            let truncated = case.truncate && has_nanoseconds(case.planned.field(i).data_type());
            if let Some(expected) = by_cast(column, table.field(i).data_type())
                && case.planned.field(i).metadata().is_empty()
                && !truncated
            {
                prop_assert_eq!(decoded.batch.column(i), &expected, "column {}", i);
            }
        }
    }

    #[test]
    fn a_limit_leaves_out_the_rows_that_are_larger_and_no_others(
        case in cases(Rows::Mixed), limit in 0_usize..400,
    ) {
        let unlimited = encoder(&case).encode(&case.batch).unwrap();
        let options = Options::default().max_record_bytes(limit);
        let limited = encoder_with(&case, options).encode(&case.batch).unwrap();

        let rows = accepted(&unlimited).into_iter().zip(unlimited.rows());
        let (small, large): (Vec<_>, Vec<_>) = rows.partition(|(_, bytes)| bytes.len() <= limit);
        let found: Vec<_> = accepted(&limited).into_iter().zip(limited.rows()).collect();
        prop_assert_eq!(found, small);
        prop_assert_eq!(limited.len() + limited.errors().len(), case.batch.num_rows());

        let kind_at = |row| kind_at(limited.errors(), row);
        for (row, _) in large {
            prop_assert_eq!(kind_at(row), Some(RowErrorKind::RecordTooLarge));
        }
        for error in unlimited.errors() {
            let kind = kind_at(error.row);
            prop_assert!(kind == Some(error.kind) || kind == Some(RowErrorKind::RecordTooLarge));
        }
    }
}

fn kind_at(errors: &[RowError], row: usize) -> Option<RowErrorKind> {
    let at = errors.binary_search_by_key(&row, |error| error.row).ok()?;
    Some(errors[at].kind)
}

/// A column as arrow-cast brings it to a type of Delta, where it knows how: the third opinion.
fn by_cast(column: &ArrayRef, to: &DataType) -> Option<ArrayRef> {
    if expected::planned_values(column.data_type()).is_nested() {
        return None;
    }
    let plain = plain(column);
    let micros = match plain.data_type() {
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microsecond),
        other => other.clone(),
    };
    if !can_cast_types(plain.data_type(), &micros) || !can_cast_types(&micros, to) {
        return None;
    }
    let micros = cast(&plain, &micros).ok()?;
    cast(&micros, to).ok()
}

/// A column without dictionaries and runs, one value after another.
fn plain(column: &ArrayRef) -> ArrayRef {
    if !matches!(
        column.data_type(),
        DataType::Dictionary(..) | DataType::RunEndEncoded(..)
    ) {
        return column.clone();
    }
    let to = expected::planned_values(column.data_type());
    let null = arrow_array::new_null_array(to, 1);
    let parts: Vec<ArrayRef> = (0..column.len())
        .map(|row| match expected::locate(column.clone(), row) {
            Some((values, index)) => values.slice(index, 1),
            None => null.clone(),
        })
        .collect();
    if parts.is_empty() {
        return arrow_array::new_empty_array(to);
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    concat(&parts).unwrap()
}

fn has_nanoseconds(data_type: &DataType) -> bool {
    use DataType::{Duration, Time64, Timestamp};
    use TimeUnit::Nanosecond;
    matches!(
        expected::planned_values(data_type),
        Timestamp(Nanosecond, _) | Duration(Nanosecond) | Time64(Nanosecond)
    )
}

#[test]
fn every_leaf_but_the_uuid_has_a_third_opinion() {
    let schema = arrow_schema::Schema::new(
        every_leaf()
            .into_iter()
            .enumerate()
            .map(|(i, field)| field.with_name(format!("c{i}")))
            .collect::<Vec<_>>(),
    );
    let case = case(schema, 50, 3, false, Rows::Good, 1);
    let table = delta_types::schema(&case.planned);
    let without: Vec<_> = case
        .planned
        .fields()
        .iter()
        .zip(case.batch.columns())
        .zip(table.fields())
        .filter(|((_, column), to)| by_cast(column, to.data_type()).is_none())
        .map(|((field, _), _)| field.extension_type_name())
        .collect();
    assert_eq!(without, [Some("arrow.uuid")]);
}

#[test]
fn the_random_batches_are_of_every_kind() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::new(config(1));
    let strategy = cases(Rows::Mixed);
    let (mut shown, mut rows, mut no_columns) = (std::collections::BTreeSet::new(), 0, 0);
    for _ in 0..1_000 {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        rows += case.batch.num_rows();
        no_columns += usize::from(case.batch.num_columns() == 0 && case.batch.num_rows() > 0);
        for field in case.planned.fields() {
            // The words of the types: `List`, `Dictionary`, `UInt16` and so on.
            let text = field.data_type().to_string();
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            shown.extend(words.map(str::to_owned));
        }
    }
    assert!(rows > 20_000, "{rows}");
    assert!(no_columns > 20, "{no_columns}");
    for word in [
        "List",
        "LargeList",
        "ListView",
        "LargeListView",
        "FixedSizeList",
        "Map",
        "Struct",
        "Dictionary",
        "RunEndEncoded",
        "Utf8View",
        "BinaryView",
        "Decimal32",
        "Decimal64",
        "Decimal128",
        "Decimal256",
        "Date64",
        "Time32",
        "Time64",
        "Duration",
        "Timestamp",
    ] {
        assert!(shown.contains(word), "{word} not among {shown:?}");
    }
}

#[test]
fn the_random_batches_have_every_fault_and_good_rows() {
    let columns = every_leaf().into_iter().enumerate();
    let fields = columns.map(|(i, f)| f.with_name(format!("c{i}")).with_nullable(i % 2 == 0));
    let leaves = arrow_schema::Schema::new(fields.collect::<Vec<_>>());
    let mut kinds = std::collections::BTreeMap::new();
    let mut good = 0;
    for seed in 1..60_u64 {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let case = case(leaves.clone(), 64, 0, false, Rows::Mixed, seed);
        let encoded = encoder(&case).encode(&case.batch).unwrap();
        good += encoded.len();
        for (kind, count) in encoded.error_counts() {
            *kinds.entry(*kind).or_insert(0) += count;
        }
    }
    assert!(good > 500, "{good}");
    for kind in [
        RowErrorKind::NullInRequired,
        RowErrorKind::IntegerRange,
        RowErrorKind::TimeRange,
        RowErrorKind::SubMicrosecond,
        RowErrorKind::PartialDay,
        RowErrorKind::DecimalRange,
    ] {
        assert!(kinds.contains_key(&kind), "{kind:?} not among {kinds:?}");
    }
}
