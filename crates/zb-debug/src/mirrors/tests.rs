//! With a clock of our own, so that the names of files are known before.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use arrow_array::Int64Array;

use super::*;
use crate::{ArrowFile, Entry, Kind, file_name::FileName, list, stamp::Stamps, stem};

fn table() -> TableName {
    "main.nyc.flights".parse().unwrap()
}

fn batch(id: i64) -> RecordBatch {
    let ids = Arc::new(Int64Array::from(vec![id])) as _;
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

fn with_clock(
    directory: &Path,
    clock: impl Fn() -> SystemTime + Send + Sync + 'static,
) -> MirrorsBuilder {
    let mut builder = Mirrors::builder(directory).arrow().rotate_rows(1);
    builder.stamps = Arc::new(Stamps::new(clock));
    builder
}

/// The ids in the files, in the order of their names.
fn ids(entries: &[Entry]) -> Vec<i64> {
    let batches = entries
        .iter()
        .flat_map(|e| ArrowFile::open(e.path()).unwrap());
    let ids = batches.map(|batch| {
        let batch = batch.unwrap();
        let ids = batch.column(0).as_any().downcast_ref::<Int64Array>();
        ids.unwrap().value(0)
    });
    ids.collect()
}

#[test]
fn files_keep_their_order_when_the_clock_goes_back() {
    let directory = tempfile::tempdir().unwrap();
    let ticks = Mutex::new(0);
    // An hour back with every file.
    let clock = move || {
        let mut ticks = ticks.lock().unwrap();
        *ticks += 1;
        UNIX_EPOCH + Duration::from_secs(3600 * (1000 - *ticks))
    };
    let mirrors = with_clock(directory.path(), clock).start().unwrap();
    (0..100).for_each(|id| mirrors.batch(&table(), &batch(id)));
    mirrors.close().unwrap();
    let entries = list(directory.path()).unwrap();
    assert_eq!(ids(&entries), (0..100).collect::<Vec<_>>());
    // By name alone, too.
    assert!(entries.is_sorted_by_key(|entry| entry.path().to_owned()));
}

#[test]
fn two_clocks_that_agree_make_no_file_twice() {
    let directory = tempfile::tempdir().unwrap();
    let start = || with_clock(directory.path(), || UNIX_EPOCH).start().unwrap();
    let (one, other) = (start(), start());
    for id in 0..30 {
        one.batch(&table(), &batch(2 * id));
        other.batch(&table(), &batch(2 * id + 1));
    }
    one.close().unwrap();
    other.close().unwrap();
    let entries = list(directory.path()).unwrap();
    let mut found = ids(&entries);
    found.sort_unstable();
    assert_eq!(found, (0..60).collect::<Vec<_>>());
}

#[cfg(unix)]
#[test]
fn what_is_planted_at_the_name_of_a_file_is_left_alone() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    let directory = tempfile::tempdir().unwrap();
    let clock = || UNIX_EPOCH + Duration::from_secs(1);
    // The names that will be tried first.
    let stamps = Stamps::new(clock);
    let arrow = directory.path().join("zerobus/arrow");
    fs::create_dir_all(&arrow).unwrap();
    let name = || {
        let stem = stem::of(table().as_str());
        let name = FileName::new(&stem, stamps.next(), Kind::Arrow);
        arrow.join(name.to_string())
    };
    let (link, dangling, pipe, file) = (name(), name(), name(), name());
    let target = directory.path().join("target");
    fs::write(&target, "as it was").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let missing = directory.path().join("missing");
    std::os::unix::fs::symlink(&missing, &dangling).unwrap();
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::write(&file, "as it was").unwrap();
    let written = name();

    let mirrors = with_clock(directory.path(), clock).start().unwrap();
    mirrors.batch(&table(), &batch(7));
    mirrors.close().unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"as it was");
    assert_eq!(fs::read(&file).unwrap(), b"as it was");
    assert!(!missing.exists());
    assert_eq!(ArrowFile::open(written).unwrap().count(), 1);
}
