//! CSV: types, nulls, places of errors.

use arrow_array::{
    Array,
    types::{Date32Type, Float64Type, TimestampMicrosecondType},
};
use arrow_schema::TimeUnit;

use super::*;

fn csv(content: &str) -> Result<Vec<RecordBatch>, Error> {
    csv_with(content, &Options::default())
}

fn csv_with(content: &str, options: &Options) -> Result<Vec<RecordBatch>, Error> {
    open(content, options)?.collect()
}

fn open(content: &str, options: &Options) -> Result<Input, Error> {
    let options = Options {
        format: Some(Format::Csv),
        ..options.clone()
    };
    Input::from_reader("f", pipe(content), &options)
}

fn check_failure(content: &str, options: &Options, expected: &str) {
    match csv_with(content, options) {
        Ok(batches) => panic!("{content:?} can be read: {batches:?}"),
        Err(error) => assert_eq!(told(&error), expected),
    }
}

#[test]
fn types_are_inferred_and_every_column_is_nullable() {
    let content = "\
b,i,f,d,t,z,s,code,empty
true,1,1.5,2013-01-31,2013-01-31 10:00:00,2013-01-31T10:00:00Z,x,007,
FALSE,-2,3,2013-02-01,2013-01-31 10:00:00.25,2013-01-31T10:00:00+02:00,\"y, z\",7,
";
    let input = open(content, &Options::default()).unwrap();
    let stamp =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let expected = [
        ("b", DataType::Boolean),
        ("i", DataType::Int64),
        ("f", DataType::Float64),
        ("d", DataType::Date32),
        ("t", stamp(None)),
        ("z", stamp(Some("UTC"))),
        ("s", DataType::Utf8),
        ("code", DataType::Utf8),
        ("empty", DataType::Utf8),
    ];
    let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
    assert_eq!(types(&input), expected);
    assert!(
        input
            .schema()
            .fields()
            .iter()
            .all(|field| field.is_nullable())
    );

    let batch = input.last().unwrap().unwrap();
    assert_eq!(
        batch.column(0).as_boolean().iter().collect::<Vec<_>>(),
        [Some(true), Some(false)]
    );
    assert_eq!(
        batch.column(1).as_primitive::<Int64Type>().values(),
        &[1, -2]
    );
    assert_eq!(
        batch.column(2).as_primitive::<Float64Type>().values(),
        &[1.5, 3.0]
    );
    assert_eq!(
        batch.column(3).as_primitive::<Date32Type>().values(),
        &[15736, 15737]
    );
    let ten = 1_359_626_400_000_000;
    let stamps = |i: usize| {
        batch
            .column(i)
            .as_primitive::<TimestampMicrosecondType>()
            .values()
    };
    assert_eq!(stamps(4), &[ten, ten + 250_000]);
    assert_eq!(stamps(5), &[ten, ten - 7_200_000_000]);
    assert_eq!(batch.column(6).as_string::<i32>().value(1), "y, z");
    assert_eq!(batch.column(7).as_string::<i32>().value(0), "007");
    assert_eq!(batch.column(8).null_count(), 2);
}

#[test]
fn nulls_are_empty_cells_and_what_the_user_says() {
    let content = "i,s\n1,a\n,\nNA,NA\nNULL,b\n";
    // Unless told, NA is a word: North American Airlines, for one.
    let input = open(content, &Options::default()).unwrap();
    assert_eq!(types(&input)[0].1, DataType::Utf8);
    let options = Options {
        null_values: vec!["NA".to_owned(), "NULL".to_owned()],
        ..Options::default()
    };
    let input = open(content, &options).unwrap();
    assert_eq!(types(&input)[0].1, DataType::Int64);
    let batch = input.last().unwrap().unwrap();
    assert_eq!(
        (batch.column(0).null_count(), batch.column(1).null_count()),
        (3, 2)
    );
}

#[test]
fn a_value_that_does_not_fit_names_its_place_and_the_way_out() {
    let options = Options {
        infer_rows: 2,
        ..Options::default()
    };
    check_failure(
        "a,b\n1,2\n3,4\n5,six\n",
        &options,
        "f, line 4, column `b`: \"six\" is no Int64, which the rows before it are; look at more rows \
         with --infer-rows, or send Parquet",
    );
    // Never rounded, cut or reinterpreted.
    for (column, later) in [
        ("1\n2", "1.5"),
        ("1\n2", "007"),
        ("1\n2", "9223372036854775808"),
        ("1.5\n2.5", "9007199254740993"),
        ("1.5\n2.5", "1e999"),
        ("true\nfalse", "1"),
        ("2013-01-31\n2013-02-01", "2013-02-01 10:00:00"),
        (
            "2013-01-31 10:00:00\n2013-01-31 10:00:01",
            "2013-01-31 10:00:00.0000001",
        ),
        (
            "2013-01-31 10:00:00\n2013-01-31 10:00:01",
            "2013-01-31 10:00:00Z",
        ),
        (
            "2013-01-31 10:00:00Z\n2013-01-31 10:00:01Z",
            "2013-01-31 10:00:00",
        ),
        ("2013-01-31 10:00:00Z\n2013-01-31 10:00:01Z", "2013-01-31"),
    ] {
        let error = csv_with(&format!("a\n{column}\n{later}\n"), &options).unwrap_err();
        assert!(
            matches!(error, Error::Value { line: 4, .. }),
            "{later}: {error}"
        );
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let options = Options {
        infer_rows: 1,
        ..Options::default()
    };
    for end in ["\n", "\r\n"] {
        let content = format!("a,b{end}1,\"two{end}lines\"{end}2,z{end}x,y{end}");
        let error = csv_with(&content, &options).unwrap_err();
        assert!(matches!(error, Error::Value { line: 5, .. }), "{error}");
        let content = format!("a,b{end}1,2{end}3{end}");
        let error = csv_with(&content, &options).unwrap_err();
        assert!(matches!(error, Error::Line { line: 3, .. }), "{error}");
    }
}

#[test]
fn a_line_with_another_number_of_cells_is_an_error() {
    for infer_rows in [1, 100] {
        let options = Options {
            infer_rows,
            ..Options::default()
        };
        check_failure(
            "a,b\n1,2\n3\n",
            &options,
            "f, line 3: it has 1 cells, the header has 2",
        );
        check_failure(
            "a,b\n1,2\n3,4,5\n",
            &options,
            "f, line 3: it has 3 cells, the header has 2",
        );
    }
}

#[test]
fn what_is_not_utf8_is_an_error() {
    let folder = Folder::new();
    let path = folder.file("a.csv", b"a,b\n1,x\n2,\xE9\n");
    assert_eq!(
        failure(&path, &Options::default()),
        "FOLDER/a.csv, line 3: it is not UTF-8"
    );
}

#[test]
fn a_header_must_name_the_columns() {
    let options = Options::default();
    check_failure("a,,c\n1,2,3\n", &options, "f, header: column 2 has no name");
    check_failure(
        "a,b,a\n1,2,3\n",
        &options,
        "f, header: two columns are named `a`",
    );
    check_failure("\n\n", &options, "f, header: there is none");
    check_failure(
        "2013,1,1.5\n2013,1,2\n",
        &options,
        "f, header: the first line looks like data; put the names of the columns before it",
    );
}

#[test]
fn a_header_alone_is_a_file_without_rows() {
    let input = open("a,b\n", &Options::default()).unwrap();
    assert_eq!(input.schema().fields().len(), 2);
    assert_eq!(input.count(), 0);
}

#[test]
fn the_last_line_needs_no_end_and_the_first_may_have_a_mark() {
    let batches = csv("\u{FEFF}a,b\n1,2").unwrap();
    assert_eq!(batches[0].schema().field(0).name(), "a");
    assert_eq!(first_column(&batches), [1]);
}

#[test]
fn a_quote_left_open_does_not_fill_the_memory() {
    let head = io::Cursor::new("a,b\n1,2\n3,\"".as_bytes());
    let endless = head.chain(io::repeat(b'x'));
    let options = Options {
        format: Some(Format::Csv),
        infer_rows: 1,
        ..Options::default()
    };
    let error = Input::from_reader("f", endless, &options)
        .and_then(|mut input| input.try_fold(0, |n, batch| batch.map(|_| n + 1)))
        .unwrap_err();
    assert_eq!(
        told(&error),
        "f, line 3: what begins here is longer than 64 MiB; is a quote left open?"
    );
}

#[test]
fn a_long_file_comes_in_batches_and_the_sample_is_not_lost() {
    let rows = (0..50_000).map(|i| format!("{i},word {i}\n"));
    let content = format!("number,word\n{}", rows.collect::<String>());
    let folder = Folder::new();
    let path = folder.file("a.csv", &content);
    let mut input = Input::open(&path, &Options::default()).unwrap();
    assert_eq!(input.progress().bytes, 0, "the sample does not count");
    let batches: Vec<_> = input.by_ref().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 7);
    assert_eq!(first_column(&batches), (0..50_000).collect::<Vec<_>>());
    let progress = input.progress();
    assert_eq!(progress.rows, 50_000);
    assert_eq!(Some(progress.bytes), progress.total_bytes);
    assert_eq!(first_column(&csv(&content).unwrap()).len(), 50_000);
}
