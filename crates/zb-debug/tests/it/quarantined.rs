//! Refused rows are kept.

use std::{fs, os::unix::fs::PermissionsExt as _};

use zb_debug::{ErrorKind, QuarantineDir, Tail, list};

use super::{batch, batches, flights, ids, table};

#[test]
fn rows_can_be_read_as_soon_as_they_are_put() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("quarantine");
    let quarantine = QuarantineDir::builder(&directory).open().unwrap();
    quarantine.put(&flights(), &batch(0, 0)).unwrap();
    assert!(!directory.exists(), "no rows, no directory");
    for i in 0..5 {
        quarantine.put(&flights(), &batch(i * 2, 2)).unwrap();
        assert_eq!(ids(&directory), Vec::from_iter(0..i * 2 + 2));
    }
    let files = quarantine.files();
    assert_eq!(files.len(), 1);
    assert_eq!(
        batches(&files[0]),
        ((0..5).map(|i| batch(i * 2, 2)).collect(), Tail::Open)
    );
    quarantine.close().unwrap();
    assert_eq!(batches(&files[0]).1, Tail::Complete);
    quarantine.put(&flights(), &batch(10, 1)).unwrap();
    assert_eq!(quarantine.files().len(), 2);

    let entries = list(&directory).unwrap();
    assert_eq!(entries[0].path(), files[0]);
    assert_eq!(entries[0].table(), Some(flights()));
    assert_eq!(entries[0].bytes(), super::len(&files[0]));
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&files[0])), (0o700, 0o600));
}

#[test]
fn files_rotate_and_none_is_deleted() {
    let scratch = tempfile::tempdir().unwrap();
    let quarantine = QuarantineDir::builder(scratch.path()).rotate_rows(3);
    let quarantine = quarantine.open().unwrap();
    quarantine.put(&flights(), &batch(0, 10)).unwrap();
    quarantine
        .put(&table("main.nyc.weather"), &batch(10, 1))
        .unwrap();
    quarantine.put(&flights(), &batch(11, 10)).unwrap();
    assert_eq!(quarantine.files().len(), 4 + 1 + 3);
    let mut found = ids(scratch.path());
    found.sort_unstable();
    assert_eq!(found, Vec::from_iter(0..21));

    let quarantine = QuarantineDir::builder(scratch.path()).rotate_bytes(3000);
    let quarantine = quarantine.open().unwrap();
    quarantine.put(&flights(), &batch(21, 500)).unwrap();
    let sizes: Vec<u64> = quarantine
        .files()
        .iter()
        .map(|path| super::len(path))
        .collect();
    assert!(
        sizes.len() > 3 && sizes.iter().all(|&size| size <= 3000),
        "{sizes:?}"
    );
    assert_eq!(ids(scratch.path()).len(), 521);
}

#[test]
fn what_cannot_be_kept_is_an_error_and_the_next_may_be_kept() {
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("quarantine");
    fs::write(&directory, "in the way").unwrap();
    let quarantine = QuarantineDir::builder(&directory).open().unwrap();
    let error = quarantine.put(&flights(), &batch(0, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Directory);
    assert!(error.to_string().contains("quarantine"), "{error}");
    fs::remove_file(&directory).unwrap();
    quarantine.put(&flights(), &batch(1, 1)).unwrap();
    // Deleted under its hands: the next rows are kept again.
    fs::remove_dir_all(&directory).unwrap();
    quarantine.put(&flights(), &batch(2, 1)).unwrap();
    assert_eq!(ids(&directory), [2]);
    assert_eq!(quarantine.files().len(), 1);
}
