//! Which old files go.

use std::{fs, path::Path};

use zb_debug::{Kind, Mirrors, WhenFull};

use super::{batch, descriptor, files, flights, ids, len, record_ids, records, table};

#[test]
fn the_newest_files_are_kept() {
    for keep in [0, 1, 3] {
        let directory = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::builder(directory.path())
            .arrow()
            .proto()
            .rotate_rows(10)
            .keep_files(keep)
            .start()
            .unwrap();
        mirrors.batch(&flights(), &batch(0, 100));
        mirrors.records(&flights(), &descriptor(), &records(0..100));
        let stats = mirrors.close().unwrap();
        let kept = keep.max(1);
        let rows = Vec::from_iter(100 - 10 * kept as i64..100);
        assert_eq!(ids(directory.path()), rows);
        assert_eq!(record_ids(directory.path()), rows);
        for counts in [stats.arrow, stats.proto] {
            assert_eq!((counts.files, counts.deleted_files), (10, 10 - kept));
        }
        let proto = fs::read_dir(directory.path().join("zerobus/proto")).unwrap();
        // With the descriptors beside them.
        assert_eq!(proto.count() as u64, 2 * kept);
    }
}

#[test]
fn all_files_together_are_never_larger_than_they_may_be() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .rotate_bytes(4_000)
        .keep_bytes(10_000)
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    for i in 0..300 {
        mirrors.batch(&flights(), &batch(i * 5, 5));
        let paths = files(directory.path(), Kind::Arrow);
        let sizes = paths
            .iter()
            .map(|path| fs::metadata(path).map_or(0, |m| m.len()));
        assert!(sizes.sum::<u64>() <= 10_000);
    }
    mirrors.close().unwrap();
    let kept = ids(directory.path());
    assert!(kept.len() > 20);
    assert_eq!(kept, Vec::from_iter(1500 - kept.len() as i64..1500));
}

#[test]
fn one_file_may_not_take_more_than_all_may() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .keep_bytes(5_000)
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 2_000));
    mirrors.close().unwrap();
    let sizes: Vec<u64> = files(directory.path(), Kind::Arrow)
        .iter()
        .map(|f| len(f))
        .collect();
    assert!(sizes.iter().sum::<u64>() <= 5_000, "{sizes:?}");
    assert_eq!(ids(directory.path()).last(), Some(&1_999));
}

/// Files that look like ours, and are not.
fn plant(arrow: &Path) -> Vec<String> {
    let stamp = "20200101T000000.000000Z";
    let names = [
        // Of other tables, one of which begins alike.
        format!("main.nyc.flights-2-{stamp}-1.arrows"),
        format!("main.nyc.flight-{stamp}-1.arrows"),
        format!("xmain.nyc.flights-{stamp}-1.arrows"),
        // Not spelt as ours.
        format!("main.nyc.flights-{stamp}-01.arrows"),
        format!("main.nyc.flights-{stamp}-1.arrows.bak"),
        format!("main.nyc.flights-{stamp}-1.pb"),
        "main.nyc.flights-2020-1.arrows".to_owned(),
        "main.nyc.flights.arrows".to_owned(),
        "notes.txt".to_owned(),
    ];
    for name in &names {
        fs::write(arrow.join(name), "foreign").unwrap();
    }
    names.into()
}

#[test]
fn nothing_goes_but_closed_files_of_the_same_table() {
    let directory = tempfile::tempdir().unwrap();
    let build = || Mirrors::builder(directory.path()).arrow().rotate_rows(1);
    let other = build().start().unwrap();
    other.batch(&table("main.nyc.weather"), &batch(0, 3));
    other.batch(&flights(), &batch(0, 1));
    // This one is open as long as `other` is.
    other.flush().unwrap();
    let open = files(directory.path(), Kind::Arrow).pop().unwrap();

    let arrow = directory.path().join("zerobus/arrow");
    let planted = plant(&arrow);
    let old = arrow.join("main.nyc.flights-20200101T000000.000000Z-1.arrows");
    fs::write(&old, "of an earlier process").unwrap();
    let target = directory.path().join("target");
    fs::write(&target, "not ours").unwrap();
    let link = arrow.join("main.nyc.flights-20200101T000000.000001Z-1.arrows");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let folder = arrow.join("main.nyc.flights-20200101T000000.000002Z-1.arrows");
    fs::create_dir(&folder).unwrap();

    let mirrors = build().keep_files(2).start().unwrap();
    mirrors.batch(&flights(), &batch(10, 20));
    let stats = mirrors.close().unwrap();

    assert!(!old.exists(), "a file of an earlier process is one of ours");
    for name in planted {
        assert_eq!(fs::read(arrow.join(&name)).unwrap(), b"foreign", "{name}");
    }
    assert!(link.is_symlink() && target.exists() && folder.is_dir());
    assert!(open.exists());
    // The open one counts, and stays: one is left for the other process.
    assert_eq!(stats.arrow.deleted_files, 20);
    other.close().unwrap();
    let weather = table("main.nyc.weather");
    let entries = zb_debug::list(directory.path()).unwrap();
    let of_weather = entries
        .iter()
        .filter(|e| e.table().as_ref() == Some(&weather));
    assert_eq!(of_weather.count(), 3);
}
