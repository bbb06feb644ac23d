//! Several files as one.

use std::sync::Arc;

use arrow_ipc::writer::FileWriter;
use arrow_schema::{Field, Schema};

use super::*;

fn arrow_file(field: Field) -> Vec<u8> {
    let schema = Arc::new(Schema::new(vec![field]));
    let column: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
    let mut file = Vec::new();
    let mut writer = FileWriter::try_new(&mut file, &schema).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    file
}

fn open(paths: &[PathBuf]) -> Result<Inputs, Error> {
    Inputs::open(paths, &Options::default())
}

fn refusal(paths: &[PathBuf]) -> String {
    let text = told(&open(paths).err().unwrap());
    text.replace(paths[0].parent().unwrap().to_str().unwrap(), "FOLDER")
}

#[test]
fn files_follow_each_other_whatever_their_format() {
    let folder = Folder::new();
    let paths = [
        folder.file("a.csv", "n\n10\n11\n"),
        folder.file("b.ndjson", "{\"n\":12}\n"),
        folder.file(
            "c.arrow",
            arrow_file(Field::new("n", DataType::Int64, true)),
        ),
    ];
    let mut inputs = open(&paths).unwrap();
    let batches: Vec<_> = inputs.by_ref().map(Result::unwrap).collect();
    assert_eq!(first_column(&batches), [10, 11, 12, 0, 1, 2]);
    let progress = inputs.progress();
    assert_eq!((progress.rows, progress.total_rows), (6, None));
    assert_eq!(Some(progress.bytes), progress.total_bytes);
}

#[test]
fn a_column_nullable_in_one_file_is_nullable() {
    let folder = Folder::new();
    let paths = [
        folder.file(
            "a.arrow",
            arrow_file(Field::new("n", DataType::Int64, false)),
        ),
        folder.file(
            "b.arrow",
            arrow_file(Field::new("n", DataType::Int64, true)),
        ),
    ];
    for order in [paths.to_vec(), paths.iter().rev().cloned().collect()] {
        let inputs = open(&order).unwrap();
        let schema = inputs.schema();
        assert!(schema.field(0).is_nullable());
        for batch in inputs {
            assert_eq!(batch.unwrap().schema(), schema);
        }
    }
    let alone = open(&paths[..1]).unwrap();
    assert!(!alone.schema().field(0).is_nullable());
}

#[test]
fn a_file_with_other_columns_is_named_with_the_column() {
    let folder = Folder::new();
    let first = folder.file("a.csv", "x,y\n1,2\n");
    let check = |name: &str, content: &str, expected: &str| {
        let paths = [first.clone(), folder.file(name, content)];
        let expected =
            format!("FOLDER/{name} does not have the columns of FOLDER/a.csv: {expected}");
        assert_eq!(refusal(&paths), expected);
    };
    check("b.csv", "x,z\n1,2\n", "column 2 is `z` here and `y` there");
    check("c.csv", "y,x\n1,2\n", "column 1 is `y` here and `x` there");
    check(
        "d.csv",
        "x,y\n1,2.5\n",
        "column `y` is Float64 here and Int64 there",
    );
    check("e.csv", "x\n1\n", "it has 1, the other has 2");
    check("f.csv", "x,y,z\n1,2,3\n", "it has 3, the other has 2");
}

#[test]
fn an_extension_type_is_part_of_the_type() {
    let folder = Folder::new();
    let plain = Field::new("n", DataType::Int64, true);
    let key = arrow_schema::extension::EXTENSION_TYPE_NAME_KEY.to_owned();
    let marked = plain
        .clone()
        .with_metadata([(key, "my.id".to_owned())].into());
    let paths = [
        folder.file("a.arrow", arrow_file(plain)),
        folder.file("b.arrow", arrow_file(marked)),
    ];
    assert!(
        refusal(&paths).ends_with("column `n` has the extension type my.id here and none there")
    );
}

#[test]
fn a_file_that_changes_between_the_looks_is_noticed() {
    let folder = Folder::new();
    let paths = [
        folder.file("a.csv", "n\n1\n"),
        folder.file("b.csv", "n\n2\n"),
    ];
    let mut inputs = open(&paths).unwrap();
    folder.file("b.csv", "n\nword\n");
    assert!(inputs.next().unwrap().is_ok());
    let error = inputs.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::Schema { .. }), "{error}");
    assert!(inputs.next().is_none(), "after an error it is over");
}

#[test]
fn an_error_in_one_file_ends_all() {
    let folder = Folder::new();
    let options = Options {
        infer_rows: 1,
        ..Options::default()
    };
    let paths = [
        folder.file("a.csv", "n\n1\nx\n"),
        folder.file("b.csv", "n\n2\n"),
    ];
    let mut inputs = Inputs::open(&paths, &options).unwrap();
    assert!(inputs.next().unwrap().is_err());
    assert!(inputs.next().is_none());
}

#[test]
fn standard_input_is_read_once_and_something_must_be_read() {
    let twice = [PathBuf::from("-"), PathBuf::from("-")];
    assert!(matches!(open(&twice), Err(Error::StdinTwice)));
    assert!(matches!(open(&[]), Err(Error::Nothing)));
}
