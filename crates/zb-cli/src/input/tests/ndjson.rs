//! NDJSON: types, order, places of errors.

use arrow_array::{Array, types::Float64Type};

use super::*;

fn ndjson(content: &str) -> Result<Vec<RecordBatch>, Error> {
    open(content, 10_000)?.collect()
}

fn open(content: &str, infer_rows: usize) -> Result<Input, Error> {
    let options = Options {
        format: Some(Format::Ndjson),
        infer_rows,
        ..Options::default()
    };
    Input::from_reader("f", pipe(content), &options)
}

/// What is said, whether the line lies in the sample or after it.
fn check_failure(content: &str, expected: &str) {
    for infer_rows in [2, 10_000] {
        check_failure_after(infer_rows, content, expected);
    }
}

fn check_failure_after(infer_rows: usize, content: &str, expected: &str) {
    match open(content, infer_rows).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(batches) => panic!("{content:?} can be read: {batches:?}"),
        Err(error) => assert_eq!(told(&error), expected, "sample of {infer_rows}"),
    }
}

#[test]
fn columns_keep_the_order_in_which_they_come_up() {
    let input = open(
        "{\"z\":1,\"a\":\"x\"}\n{\"z\":2.5,\"m\":true,\"a\":null}\n",
        10,
    )
    .unwrap();
    let expected = [
        ("z", DataType::Float64),
        ("a", DataType::Utf8),
        ("m", DataType::Boolean),
    ];
    assert_eq!(
        types(&input),
        expected.map(|(name, kind)| (name.to_owned(), kind))
    );
    let batch = input.last().unwrap().unwrap();
    assert_eq!(
        batch.column(0).as_primitive::<Float64Type>().values(),
        &[1.0, 2.5]
    );
    assert_eq!(batch.column(2).null_count(), 1);
}

#[test]
fn objects_and_lists_are_read_at_any_depth() {
    let input = open("{\"o\":{\"l\":[{\"n\":1},{\"n\":null}]}}\n", 10).unwrap();
    let DataType::Struct(fields) = types(&input)[0].1.clone() else {
        panic!("no struct");
    };
    let DataType::List(item) = fields[0].data_type() else {
        panic!("no list");
    };
    assert!(matches!(item.data_type(), DataType::Struct(_)));
    assert_eq!(input.last().unwrap().unwrap().num_rows(), 1);
}

#[test]
fn a_column_of_nulls_is_text_and_loses_nothing_that_comes_later() {
    let input = open("{\"a\":null,\"l\":[]}\n{\"a\":\"x\",\"l\":[\"y\"]}\n", 1).unwrap();
    assert_eq!(types(&input)[0].1, DataType::Utf8);
    let batch = input.last().unwrap().unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(1), "x");
    assert_eq!(batch.column(1).as_list::<i32>().value_length(1), 1);
}

#[test]
fn a_column_of_several_types_is_text_as_it_was_written() {
    let batches = ndjson("{\"a\":1.50}\n{\"a\":\"x\"}\n{\"a\":true}\n").unwrap();
    let column = batches[0].column(0).as_string::<i32>();
    assert_eq!(
        column.iter().flatten().collect::<Vec<_>>(),
        ["1.50", "x", "true"]
    );
}

#[test]
fn blank_lines_line_ends_and_a_mark_do_no_harm() {
    let batches = ndjson("\u{FEFF}{\"a\":1}\r\n\r\n  \n{\"a\":2}").unwrap();
    assert_eq!(first_column(&batches), [1, 2]);
}

#[test]
fn a_malformed_line_is_named() {
    check_failure(
        "{\"a\":1}\n{\"a\":2}\n{\"a\":}\n",
        "f, line 3: no JSON object on one line, at character 6 of \"{\\\"a\\\":}\"",
    );
    check_failure(
        "{\"a\":1}\n\n[1,2]\n",
        "f, line 3: a JSON object belongs here, not \"[1,2]\"",
    );
    check_failure(
        "{\"a\":1}\n{\"a\":2}\nword\n",
        "f, line 3: a JSON object belongs here, not \"word\"",
    );
}

#[test]
fn an_object_ends_on_the_line_that_it_begins_on() {
    for content in [
        "{\"a\":1}\n{\"a\":2}\n{\n\"a\":3}\n",
        "{\"a\":1}\n{\"a\":2}\n{\"a\":3}{\"a\":4}\n",
        "{\"a\":1}\n{\"a\":2}\n{\"a\":3},\n",
        "{\"a\":1}\n{\"a\":2}\n{\"a\":3\n",
    ] {
        for infer_rows in [2, 10_000] {
            let input = open(content, infer_rows);
            let error = input
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .unwrap_err();
            assert!(
                matches!(error, Error::Line { line: 3, .. }),
                "{content:?}: {error}"
            );
        }
    }
}

#[test]
fn a_value_that_does_not_fit_names_its_place_and_the_way_out() {
    check_failure_after(
        2,
        "{\"a\":1}\n{\"a\":2}\n{\"a\":1.5}\n",
        "f, line 3, column `a`: 1.5 is no Int64, which the rows before it are; look at more rows \
         with --infer-rows, or send Parquet",
    );
    // Never rounded, cut, dropped or reinterpreted.
    for (sample, later) in [
        ("1", "9223372036854775808"),
        ("1", "\"1\""),
        ("1", "true"),
        ("1", "[1]"),
        ("1", "{}"),
        ("1.5", "9007199254740993"),
        ("true", "1"),
        ("\"x\"", "[\"x\"]"),
        ("[1]", "1"),
        ("[1]", "[1.5]"),
        ("{\"b\":1}", "1"),
        ("{\"b\":1}", "{\"b\":\"x\"}"),
    ] {
        let content = format!("{{\"a\":{sample}}}\n{{\"a\":{later}}}\n");
        let error = open(&content, 1).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let error = error.unwrap_err();
        assert!(
            matches!(error, Error::Value { line: 2, .. }),
            "{later}: {error}"
        );
    }
}

#[test]
fn a_key_that_the_sample_has_not_is_never_dropped() {
    check_failure_after(
        1,
        "{\"a\":1}\n{\"a\":2,\"b\":3}\n",
        "f, line 2: the rows before it have no `b`; look at more rows with --infer-rows",
    );
    check_failure_after(
        1,
        "{\"a\":{\"x\":1}}\n{\"a\":{\"x\":1,\"y\":2}}\n",
        "f, line 2: the rows before it have no `a.y`; look at more rows with --infer-rows",
    );
}

#[test]
fn types_that_contradict_each_other_in_the_sample_name_the_line() {
    let error = open("{\"a\":1}\n{\"a\":{\"b\":1}}\n", 10).err().unwrap();
    assert!(matches!(error, Error::Types { line: 2, .. }), "{error}");
}

#[test]
fn a_long_file_comes_in_batches_and_the_sample_is_not_lost() {
    let lines = (0..20_000).map(|i| format!("{{\"number\":{i}}}\n"));
    let content = lines.collect::<Vec<_>>().concat();
    let folder = Folder::new();
    let path = folder.file("a.jsonl", &content);
    let mut input = Input::open(&path, &Options::default()).unwrap();
    let batches: Vec<_> = input.by_ref().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 3);
    assert_eq!(first_column(&batches), (0..20_000).collect::<Vec<_>>());
    assert_eq!(Some(input.progress().bytes), input.progress().total_bytes);
    assert_eq!(first_column(&ndjson(&content).unwrap()).len(), 20_000);
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let head = io::Cursor::new("{\"a\":\"x\"}\n{\"a\":\"".as_bytes());
    let options = Options {
        format: Some(Format::Ndjson),
        infer_rows: 1,
        ..Options::default()
    };
    let error = Input::from_reader("f", head.chain(io::repeat(b'x')), &options)
        .and_then(|mut input| input.try_fold(0, |n, batch| batch.map(|_| n + 1)))
        .unwrap_err();
    assert_eq!(
        told(&error),
        "f, line 2: what begins here is longer than 64 MiB; is a quote left open?"
    );
}
