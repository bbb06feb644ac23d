//! When another file is begun.

use std::{path::Path, sync::Arc};

use arrow_array::{
    Array as _, ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch, StringViewArray,
    types::{Int32Type, Int64Type},
};
use arrow_select::concat::concat_batches;
use zb_debug::{Kind, Mirrors, Stats, WhenFull};

use super::{batch, batches, descriptor, files, flights, ids, len, record_ids, records};

/// Mirrors batches with a limit, and says how large the files are.
fn rotated(directory: &Path, limit: u64, handed: &[RecordBatch]) -> (Stats, Vec<u64>) {
    let mirrors = Mirrors::builder(directory)
        .arrow()
        .rotate_bytes(limit)
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    for batch in handed {
        mirrors.batch(&flights(), batch);
    }
    let stats = mirrors.close().unwrap();
    let sizes = files(directory, Kind::Arrow)
        .iter()
        .map(|f| len(f))
        .collect();
    (stats, sizes)
}

#[test]
fn no_file_is_larger_than_the_limit_whatever_the_batches_are() {
    for (rows, count) in [(1, 300), (10, 100), (1000, 5), (20_000, 1)] {
        let directory = tempfile::tempdir().unwrap();
        let handed: Vec<_> = (0..count).map(|i| batch(i * rows, rows)).collect();
        let (stats, sizes) = rotated(directory.path(), 20_000, &handed);
        assert!(sizes.len() > 1);
        assert!(sizes.iter().all(|&size| size <= 20_000), "{sizes:?}");
        // All but the last are well filled.
        let full = sizes.iter().rev().skip(1);
        assert!(full.clone().all(|&size| size > 5_000), "{sizes:?}");
        assert_eq!(stats.arrow.batches, count as u64);
        assert_eq!(stats.arrow.files, sizes.len() as u64);
        assert_eq!(ids(directory.path()), Vec::from_iter(0..rows * count));
    }
}

#[test]
fn a_limit_of_one_byte_gives_each_row_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .rotate_bytes(1)
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 50));
    mirrors.records(&flights(), &descriptor(), &records(0..50));
    let stats = mirrors.close().unwrap();
    assert_eq!((stats.arrow.files, stats.proto.files), (50, 50));
    assert_eq!(ids(directory.path()), Vec::from_iter(0..50));
    assert_eq!(record_ids(directory.path()), Vec::from_iter(0..50));
}

#[test]
fn files_have_exactly_as_many_rows_as_they_may() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .rotate_rows(25)
        .start()
        .unwrap();
    for i in 0..13 {
        mirrors.batch(&flights(), &batch(i * 10, 10));
        mirrors.records(&flights(), &descriptor(), &records(i * 10..i * 10 + 10));
    }
    let stats = mirrors.close().unwrap();
    assert_eq!((stats.arrow.batches, stats.proto.batches), (13, 13));
    let rows = |path| batches(path).0.iter().map(RecordBatch::num_rows).sum();
    let rows: Vec<usize> = files(directory.path(), Kind::Arrow)
        .iter()
        .map(|f| rows(f))
        .collect();
    assert_eq!(rows, [25, 25, 25, 25, 25, 5]);
    assert_eq!(files(directory.path(), Kind::Proto).len(), 6);
    assert_eq!(ids(directory.path()), Vec::from_iter(0..130));
    assert_eq!(record_ids(directory.path()), Vec::from_iter(0..130));
}

#[test]
fn records_are_never_cut_and_files_never_too_large() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .proto()
        .rotate_bytes(100)
        .start()
        .unwrap();
    mirrors.records(&flights(), &descriptor(), &records(0..300));
    mirrors.close().unwrap();
    let files = files(directory.path(), Kind::Proto);
    assert!(
        files
            .iter()
            .all(|file| (80..=100).contains(&len(file)) || file == files.last().unwrap())
    );
    assert_eq!(record_ids(directory.path()), Vec::from_iter(0..300));
}

#[test]
fn a_part_of_a_batch_does_not_bring_the_rest_of_it_along() {
    // Views and dictionaries share what they point to; lists are windows on their items.
    let text = |i: i64| format!("a string that is too long for a view, number {i}");
    let views: StringViewArray = (0..2000).map(|i| Some(text(i))).collect();
    let words: Vec<String> = (0..2000).map(text).collect();
    let words: DictionaryArray<Int32Type> = words.iter().map(String::as_str).collect();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(
        (0..2000).map(|i| Some(vec![Some(i); 10])),
    );
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("views", Arc::new(views)),
        ("words", Arc::new(words)),
        ("lists", Arc::new(lists)),
    ];
    let whole = RecordBatch::try_from_iter(columns).unwrap();
    let slices: Vec<_> = (0..20).map(|i| whole.slice(i * 100, 100)).collect();
    for handed in [vec![whole.clone()], slices] {
        let directory = tempfile::tempdir().unwrap();
        let (_, sizes) = rotated(directory.path(), 50_000, &handed);
        assert!(sizes.iter().all(|&size| size <= 50_000), "{sizes:?}");
        let all: u64 = sizes.iter().sum();
        assert!(all < 1_000_000, "{sizes:?}");
        let files = files(directory.path(), Kind::Arrow);
        let read: Vec<_> = files.iter().flat_map(|file| batches(file).0).collect();
        let read = concat_batches(&whole.schema(), &read).unwrap();
        assert_eq!(read.num_rows(), 2000);
        assert_eq!(read.column(0), whole.column(0));
        assert_eq!(read.column(2), whole.column(2));
        let words = |batch: &RecordBatch| {
            let words = batch
                .column(1)
                .as_any()
                .downcast_ref::<DictionaryArray<Int32Type>>();
            let words = words
                .unwrap()
                .downcast_dict::<arrow_array::StringArray>()
                .unwrap();
            words
                .into_iter()
                .map(|word| word.unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&read), words(&whole));
    }
}

#[test]
fn a_dictionary_that_cannot_be_cut_does_not_make_files_without_end() {
    let words: Vec<String> = (0..1000).map(|i| format!("word number {i}")).collect();
    let keys: DictionaryArray<Int32Type> = words.iter().map(String::as_str).collect();
    let offsets = arrow_array::Array::len(&keys);
    let field = Arc::new(arrow_schema::Field::new(
        "item",
        keys.data_type().clone(),
        true,
    ));
    let offsets = (0..=offsets as i32).collect::<Vec<_>>();
    let offsets = arrow_buffer::OffsetBuffer::new(offsets.into());
    let lists = ListArray::new(field, offsets, Arc::new(keys), None);
    let ids = Int64Array::from_iter_values(0..1000);
    let columns: Vec<(&str, ArrayRef)> = vec![("lists", Arc::new(lists)), ("id", Arc::new(ids))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (stats, sizes) = rotated(directory.path(), 1000, &[batch]);
    assert_eq!(stats.arrow.rows, 1000);
    assert!((2..200).contains(&sizes.len()), "{sizes:?}");
    assert_eq!(super::ids(directory.path()), Vec::from_iter(0..1000));
}
