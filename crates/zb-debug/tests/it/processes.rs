//! Several processes, threads and mirrors in one directory.

use std::{collections::BTreeSet, process::Stdio, thread};

use zb_debug::{Kind, Mirrors, Tail};

use super::{batch, batches, child, child_directory, files, flights, ids};

const ROWS: i64 = 400;

/// Mirrors `ROWS` rows, each in a file, whose ids begin with the id of the process.
#[test]
#[ignore = "run by another test"]
fn child_that_rotates_fast() {
    rotate_fast(i64::from(std::process::id()) << 32);
}

fn rotate_fast(first: i64) {
    let mirrors = Mirrors::builder(child_directory())
        .arrow()
        .rotate_rows(1)
        .start()
        .unwrap();
    for id in first..first + ROWS {
        mirrors.batch(&flights(), &batch(id, 1));
    }
    mirrors.close().unwrap();
}

#[test]
fn processes_in_one_directory_never_meet_in_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let test = "processes::child_that_rotates_fast";
    let start = |_| {
        let mut command = child("", test, directory.path());
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..4).map(start).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let files = files(directory.path(), Kind::Arrow);
    assert_eq!(files.len() as i64, 4 * ROWS);
    assert!(files.iter().all(|path| batches(path).1 == Tail::Complete));
    let ids = ids(directory.path());
    let distinct: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(distinct.len() as i64, 4 * ROWS);
    // Each process's rows are in the order of the files.
    for process in distinct.iter().map(|id| id >> 32).collect::<BTreeSet<_>>() {
        let own = ids.iter().filter(|&&id| id >> 32 == process);
        assert!(own.is_sorted());
    }
}

#[test]
fn mirrors_in_one_process_never_meet_in_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let mirror = |first: i64| {
        let mirrors = Mirrors::builder(directory.path()).arrow().rotate_rows(1);
        let mirrors = mirrors.start().unwrap();
        for id in first..first + ROWS {
            mirrors.batch(&flights(), &batch(id, 1));
        }
        mirrors.close().unwrap();
    };
    thread::scope(|scope| {
        for first in [0, 1000, 2000, 3000] {
            scope.spawn(move || mirror(first));
        }
    });
    let mut found = ids(directory.path());
    assert_eq!(files(directory.path(), Kind::Arrow).len() as i64, 4 * ROWS);
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len() as i64, 4 * ROWS);
}

#[test]
fn processes_that_keep_few_files_leave_each_others_open_ones_alone() {
    let directory = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for first in [0, 1000, 2000, 3000] {
            let path = directory.path();
            scope.spawn(move || {
                let mirrors = Mirrors::builder(path).arrow().rotate_rows(1).keep_files(1);
                let mirrors = mirrors.start().unwrap();
                for id in first..first + ROWS {
                    mirrors.batch(&flights(), &batch(id, 1));
                }
                // Every row was written to a file that was there.
                assert_eq!(mirrors.close().unwrap().arrow.rows, ROWS as u64);
            });
        }
    });
    let left = files(directory.path(), Kind::Arrow);
    assert!((1..=4).contains(&left.len()), "{left:?}");
}
