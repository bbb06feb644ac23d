//! Parquet and Arrow IPC: whole, in pieces, through a pipe, cut short.

use ::parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::SchemaRef;

use super::*;

pub(super) fn parquet(batches: &[RecordBatch], row_group: usize) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group))
        .build();
    let mut file = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut file, batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    file
}

pub(super) fn arrow_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = FileWriter::try_new(&mut file, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    file
}

pub(super) fn arrow_stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = StreamWriter::try_new(&mut file, &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    file
}

/// The same thousand rows in every binary format.
fn thousand() -> [(&'static str, Vec<u8>); 3] {
    let batches = [numbers(1000)];
    [
        ("n.parquet", parquet(&batches, 300)),
        ("n.arrow", arrow_file(&batches)),
        ("n.arrows", arrow_stream(&batches)),
    ]
}

#[test]
fn all_rows_come_in_batches_of_the_size_asked_for() {
    let folder = Folder::new();
    let options = Options {
        batch_rows: 64,
        ..Options::default()
    };
    for (name, content) in thousand() {
        let path = folder.file(name, content);
        let input = Input::open(&path, &options).unwrap();
        assert_eq!(input.schema(), numbers(1).schema(), "{name}");
        let batches: Vec<_> = input.map(Result::unwrap).collect();
        assert!(batches.iter().all(|batch| batch.num_rows() <= 64), "{name}");
        assert!(
            batches
                .iter()
                .all(|batch| batch.schema() == numbers(1).schema())
        );
        assert_eq!(
            first_column(&batches),
            (0..1000).collect::<Vec<_>>(),
            "{name}"
        );
    }
}

#[test]
fn a_pipe_needs_no_format_when_its_first_bytes_tell() {
    for (name, content) in thousand() {
        let input = Input::from_reader("pipe", pipe(content), &Options::default()).unwrap();
        assert_eq!(input.progress().total_bytes, None);
        let batches: Vec<_> = input.map(Result::unwrap).collect();
        assert_eq!(first_column(&batches).len(), 1000, "{name}");
    }
}

#[test]
fn files_and_streams_of_arrow_go_by_content_and_not_by_extension() {
    let folder = Folder::new();
    let path = folder.file("n.arrow", arrow_stream(&[numbers(5)]));
    assert_eq!(
        first_column(&read(&path, &Options::default()).unwrap()).len(),
        5
    );
    let path = folder.file("n.feather", arrow_file(&[numbers(5)]));
    assert_eq!(
        first_column(&read(&path, &Options::default()).unwrap()).len(),
        5
    );
}

#[test]
fn a_file_without_rows_has_columns_all_the_same() {
    let folder = Folder::new();
    let none = [numbers(0)];
    for (name, content) in [
        ("n.parquet", parquet(&none, 10)),
        ("n.arrow", arrow_file(&none)),
        ("n.arrows", arrow_stream(&none)),
    ] {
        let mut input = Input::open(&folder.file(name, content), &Options::default()).unwrap();
        assert_eq!(input.schema().fields().len(), 2, "{name}");
        assert_eq!(
            input
                .by_ref()
                .map(|batch| batch.unwrap().num_rows())
                .sum::<usize>(),
            0
        );
    }
}

#[test]
fn progress_ends_at_the_total() {
    let folder = Folder::new();
    for (name, content) in thousand() {
        let size = content.len() as u64;
        let path = folder.file(name, content);
        let mut input = Input::open(&path, &Options::default()).unwrap();
        assert_eq!(input.progress().rows, 0, "{name}");
        assert_eq!(input.progress().total_bytes, Some(size), "{name}");
        let rows = name.ends_with("parquet").then_some(1000);
        assert_eq!(input.progress().total_rows, rows, "{name}");
        while input.next().is_some() {}
        assert_eq!(input.progress().rows, 1000, "{name}");
        assert_eq!(input.progress().bytes, size, "{name}");
    }
}

#[test]
fn a_file_cut_short_is_damaged_and_never_a_shorter_file() {
    let folder = Folder::new();
    for (name, content) in thousand() {
        // From just after the mark at its beginning to just before the end.
        for part in [1, 2, 5, 9] {
            let cut = 16 + (content.len() - 32) * part / 10;
            let path = folder.file(name, &content[..cut]);
            let text = failure(&path, &Options::default());
            let expected = format!("FOLDER/{name} is damaged or cut short");
            assert!(text.starts_with(&expected), "{cut}: {text}");
        }
    }
}

#[test]
fn damage_in_the_middle_ends_the_file_after_what_is_whole() {
    let batches: Vec<_> = (0..10).map(|_| numbers(100)).collect();
    let content = arrow_stream(&batches);
    let cut = content.len() / 2;
    let mut input = Input::from_reader("pipe", pipe(&content[..cut]), &Options::default()).unwrap();
    let whole = input.by_ref().take_while(Result::is_ok).count();
    assert!((3..=5).contains(&whole), "{whole}");
    assert!(input.next().is_none(), "after an error it is over");
}

#[test]
fn a_schema_keeps_its_metadata() {
    let folder = Folder::new();
    let metadata = [("origin".to_owned(), "here".to_owned())].into();
    let schema = numbers(1).schema().as_ref().clone().with_metadata(metadata);
    let schema = SchemaRef::new(schema);
    let batch = numbers(1).with_schema(SchemaRef::clone(&schema)).unwrap();
    let path = folder.file("n.parquet", parquet(&[batch], 10));
    let input = Input::open(&path, &Options::default()).unwrap();
    let found = input.schema();
    assert_eq!(
        found.metadata().get("origin").map(String::as_str),
        Some("here")
    );
    assert_eq!(read(&path, &Options::default()).unwrap()[0].schema(), found);
}
