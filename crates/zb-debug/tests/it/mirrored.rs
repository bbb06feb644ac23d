//! What is in the files is what was handed over.

use std::{fs, sync::Arc, time::Duration};

use arrow_array::{
    ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    StringViewArray, StructArray, UInt32Array,
    types::{Int8Type, Int32Type},
};
use arrow_schema::{DataType, Field, Schema};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use zb_debug::{ArrowFile, ErrorKind, Kind, Mirrors, ProtoFile, Tail, WhenFull, list};

use super::{batch, batches, descriptor, files, flights, ids, record_ids, records, table};

#[test]
fn batches_come_back_as_they_were_handed_in() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).arrow().start().unwrap();
    let handed: Vec<_> = [(0, 10), (10, 1), (11, 0), (11, 500)]
        .map(|(from, rows)| batch(from, rows))
        .into();
    for batch in &handed {
        mirrors.batch(&flights(), batch);
    }
    // This mirror is not switched on.
    mirrors.records(&flights(), &descriptor(), &records(0..3));
    let stats = mirrors.close().unwrap();

    assert_eq!(stats.arrow.batches, 4);
    assert_eq!(stats.arrow.rows, 511);
    assert_eq!(stats.arrow.files, 1);
    assert_eq!(stats.proto, zb_debug::Counts::default());
    let [file] = &files(directory.path(), Kind::Arrow)[..] else {
        panic!("one file");
    };
    assert_eq!(batches(file), (handed, Tail::Complete));
    assert_eq!(super::len(file), stats.arrow.bytes);
    assert!(!directory.path().join("zerobus/proto").exists());
}

#[test]
fn unusual_batches_come_back_as_they_were_handed_in() {
    let words: DictionaryArray<Int8Type> = ["a", "b", "a", "c"].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(2)]),
    ]);
    let field = Arc::new(Field::new("n", DataType::UInt32, true));
    let inner: ArrayRef = Arc::new(UInt32Array::from(vec![Some(1), None, Some(3), Some(4)]));
    let views = StringViewArray::from(vec![
        Some("short"),
        None,
        Some("a string too long for a view"),
        Some(""),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("words", Arc::new(words)),
        ("lists", Arc::new(lists)),
        ("structs", Arc::new(StructArray::from(vec![(field, inner)]))),
        ("views", Arc::new(views)),
    ];
    let whole = RecordBatch::try_from_iter(columns).unwrap();
    let none = Arc::new(Schema::empty());
    let options = RecordBatchOptions::new().with_row_count(Some(3));
    let without_columns = RecordBatch::try_new_with_options(none, vec![], &options).unwrap();
    let handed = [
        whole.clone(),
        whole.slice(1, 2),
        without_columns,
        whole.slice(3, 1),
    ];

    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).arrow().start().unwrap();
    for batch in &handed {
        mirrors.batch(&flights(), batch);
    }
    assert_eq!(mirrors.close().unwrap().arrow.rows, 10);
    // One schema a file.
    let [first, second] = &files(directory.path(), Kind::Arrow)[..] else {
        panic!("two files");
    };
    assert_eq!(batches(first).0, [&handed[..2], &handed[3..]].concat());
    assert_eq!(batches(second).0, &handed[2..3]);
}

#[test]
fn records_come_back_as_they_were_sent_with_what_they_mean() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).proto().start().unwrap();
    let sent = records(0..1000);
    mirrors.records(&flights(), &descriptor(), &sent[..600]);
    mirrors.records(&flights(), &descriptor(), &sent[600..]);
    mirrors.records::<Vec<u8>>(&flights(), &descriptor(), &[]);
    mirrors.batch(&flights(), &batch(0, 5));
    let stats = mirrors.close().unwrap();
    assert_eq!((stats.proto.batches, stats.proto.rows), (3, 1000));
    assert_eq!((stats.proto.files, stats.arrow.files), (1, 0));

    let [path] = &files(directory.path(), Kind::Proto)[..] else {
        panic!("one file");
    };
    let mut file = ProtoFile::open(path).unwrap();
    let read: Vec<_> = file.by_ref().map(Result::unwrap).collect();
    assert_eq!(read, sent);
    assert_eq!(file.tail(), Some(Tail::Complete));
    assert_eq!(file.descriptor(), &*descriptor());

    // A reader that shares no code with the writer.
    let set = fs::read(path.with_extension("desc")).unwrap();
    let pool = DescriptorPool::decode(set.as_slice()).unwrap();
    let message = pool.get_message_by_name("Flights").unwrap();
    let mut left = fs::read(path).unwrap();
    for id in 0..1000 {
        let mut bytes = left.as_slice();
        let mut row = DynamicMessage::new(message.clone());
        row.merge_length_delimited(&mut bytes).unwrap();
        let read = row.get_field_by_name("id").unwrap().as_i64().unwrap();
        assert_eq!(read, id);
        left = bytes.to_vec();
    }
    assert!(left.is_empty());
}

#[test]
fn what_is_flushed_can_be_read_while_the_mirrors_run() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .flush_every(Duration::from_hours(1))
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 7));
    mirrors.records(&flights(), &descriptor(), &records(0..7));
    mirrors.flush().unwrap();
    assert_eq!(ids(directory.path()), Vec::from_iter(0..7));
    assert_eq!(record_ids(directory.path()), Vec::from_iter(0..7));
    let path = &files(directory.path(), Kind::Arrow)[0];
    assert_eq!(batches(path).1, Tail::Open);
    mirrors.batch(&flights(), &batch(7, 3));
    drop(mirrors);
    assert_eq!(ids(directory.path()), Vec::from_iter(0..10));
    assert_eq!(batches(path).1, Tail::Complete);
}

#[test]
fn rows_do_not_wait_longer_than_the_period() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .flush_every(Duration::from_millis(1))
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 7));
    // It would be for ever, if the period did nothing.
    while mirrors.stats().arrow.rows < 7 {
        std::thread::yield_now();
    }
    assert_eq!(ids(directory.path()), Vec::from_iter(0..7));
}

#[test]
fn ten_thousand_small_batches_are_all_there() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    for id in 0..10_000 {
        mirrors.batch(&flights(), &batch(id, 1));
        mirrors.records(&flights(), &descriptor(), &records([id]));
    }
    let stats = mirrors.close().unwrap();
    assert_eq!(stats.arrow.batches, 10_000);
    assert_eq!(ids(directory.path()), Vec::from_iter(0..10_000));
    assert_eq!(record_ids(directory.path()), Vec::from_iter(0..10_000));
}

#[test]
fn what_is_dropped_is_counted_to_the_row() {
    let directory = tempfile::tempdir().unwrap();
    // Room for one batch at a time.
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .proto()
        .queue_bytes(1)
        .start()
        .unwrap();
    for i in 0..2000 {
        mirrors.batch(&flights(), &batch(i * 3, 3));
        mirrors.records(&flights(), &descriptor(), &records(i * 3..i * 3 + 3));
    }
    mirrors.flush().unwrap();
    let stats = mirrors.stats();
    for counts in [stats.arrow, stats.proto] {
        assert_eq!(counts.batches + counts.dropped_batches, 2000);
        assert_eq!(counts.rows + counts.dropped_rows, 6000);
        assert_eq!(counts.failures, 0);
    }
    // One thread hands over faster than another writes; where it does not, nothing is shown here.
    assert!(stats.dropped_rows() > 0);
    assert_eq!(ids(directory.path()).len() as u64, stats.arrow.rows);
    assert_eq!(record_ids(directory.path()).len() as u64, stats.proto.rows);
    assert_eq!(mirrors.close().unwrap_err().kind(), ErrorKind::Lost);
}

#[test]
fn who_blocks_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .queue_bytes(1)
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let mirrors = &mirrors;
            scope.spawn(move || {
                for i in 0..250 {
                    mirrors.batch(&flights(), &batch(thread * 1000 + i, 1));
                }
            });
        }
    });
    mirrors.close().unwrap();
    let mut found = ids(directory.path());
    found.sort_unstable();
    let handed = (0..4).flat_map(|thread| (0..250).map(move |i| thread * 1000 + i));
    assert_eq!(found, Vec::from_iter(handed));
}

#[test]
fn what_comes_after_the_end_is_counted_as_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).arrow().start().unwrap();
    mirrors.close().unwrap();
    mirrors.batch(&flights(), &batch(0, 5));
    mirrors.flush().unwrap();
    assert_eq!(mirrors.stats().arrow.dropped_rows, 5);
    assert_eq!(mirrors.close().unwrap_err().kind(), ErrorKind::Lost);
    assert!(list(directory.path()).unwrap().is_empty());
}

#[test]
fn handing_over_copies_no_data() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    let column = Arc::new(Int64Array::from_iter_values(0..1_000_000));
    let batch = RecordBatch::try_from_iter([("id", Arc::clone(&column) as ArrayRef)]).unwrap();
    let before = Arc::strong_count(&column);
    mirrors.batch(&flights(), &batch);
    // Either the queue holds the very same array, or it was written already.
    let held = Arc::strong_count(&column);
    assert!(
        held > before || {
            mirrors.flush().unwrap();
            mirrors.stats().arrow.rows == 1_000_000
        }
    );
    mirrors.close().unwrap();
    assert_eq!(Arc::strong_count(&column), before);
}

#[test]
fn tables_and_schemas_have_files_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).arrow().start().unwrap();
    // Names that a careless writer would make one of.
    let tables = ["a.b_c.d", "a_b.c.d", "a.b.c-d", "A.b_c.d"].map(table);
    for table in &tables {
        mirrors.batch(table, &batch(0, 2));
        mirrors.batch(table, &batch(0, 1).project(&[0]).unwrap());
        mirrors.batch(table, &batch(2, 2));
    }
    mirrors.close().unwrap();
    let entries = list(directory.path()).unwrap();
    assert_eq!(entries.len(), 8);
    for table in tables {
        let own = entries
            .iter()
            .filter(|e| e.table().as_ref() == Some(&table));
        let rows = own.map(|e| batches(e.path()).0.iter().map(RecordBatch::num_rows).sum());
        assert_eq!(Vec::<usize>::from_iter(rows), [4, 1]);
    }
    assert!(entries.is_sorted_by_key(zb_debug::Entry::started));
    assert!(entries.iter().all(|e| e.process() == std::process::id()));
}

#[test]
fn more_tables_than_files_may_be_open_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path()).arrow().start().unwrap();
    for round in 0..3 {
        for i in 0..100 {
            mirrors.batch(&table(&format!("a.b.t{i}")), &batch(round, 1));
        }
    }
    let stats = mirrors.close().unwrap();
    assert_eq!(stats.arrow.files, 300);
    assert_eq!(ids(directory.path()).len(), 300);
    let complete = |path: &std::path::PathBuf| {
        let mut file = ArrowFile::open(path).unwrap();
        assert_eq!(file.by_ref().count(), 1);
        file.tail() == Some(Tail::Complete)
    };
    assert!(files(directory.path(), Kind::Arrow).iter().all(complete));
}

#[test]
fn nothing_switched_on_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let error = Mirrors::builder(directory.path()).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingToDo);
}
