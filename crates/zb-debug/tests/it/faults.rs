//! Directories and disks that do not do as they should.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::fmt::MakeWriter;
use zb_debug::{ErrorKind, Kind, Mirrors, QuarantineDir, Tail, WhenFull};

use super::{
    batch, batches, child_directory, descriptor, files, flights, ids, record_ids, records,
    run_child,
};

fn refusal(directory: &Path) -> ErrorKind {
    let started = Mirrors::builder(directory).arrow().proto().start();
    started.unwrap_err().kind()
}

#[test]
fn a_directory_that_cannot_be_written_is_said_at_the_start() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(refusal(&file), ErrorKind::Directory);
    assert_eq!(refusal(&file.join("below")), ErrorKind::Directory);
    // Not even root makes directories there.
    assert_eq!(refusal(Path::new("/proc/zb")), ErrorKind::Directory);

    let locked = scratch.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::metadata(&locked).unwrap().uid() == 0 {
        println!("root may write everywhere: permissions are not tested");
    } else {
        assert_eq!(refusal(&locked), ErrorKind::Directory);
    }
}

#[test]
fn links_and_files_in_place_of_our_directories_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let elsewhere = scratch.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for name in ["zerobus", "zerobus/arrow", "zerobus/proto"] {
        let directory = tempfile::tempdir().unwrap();
        let planted = directory.path().join(name);
        fs::create_dir_all(planted.parent().unwrap()).unwrap();
        symlink(&elsewhere, &planted).unwrap();
        assert_eq!(refusal(directory.path()), ErrorKind::Unsafe);
        fs::remove_file(&planted).unwrap();
        fs::write(&planted, "").unwrap();
        assert_eq!(refusal(directory.path()), ErrorKind::Unsafe);
    }
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn a_directory_of_another_user_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let ours = directory.path().join("zerobus");
    fs::create_dir(&ours).unwrap();
    match std::os::unix::fs::chown(&ours, Some(12345), None) {
        Ok(()) => assert_eq!(refusal(directory.path()), ErrorKind::Unsafe),
        Err(error) => println!("only root gives directories away: {error}"),
    }
}

#[test]
fn a_deleted_directory_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("debug");
    let mirrors = Mirrors::builder(&root).arrow().proto().start().unwrap();
    mirrors.batch(&flights(), &batch(0, 5));
    mirrors.records(&flights(), &descriptor(), &records(0..5));
    mirrors.flush().unwrap();
    fs::remove_dir_all(&root).unwrap();
    mirrors.batch(&flights(), &batch(5, 5));
    mirrors.records(&flights(), &descriptor(), &records(5..10));
    mirrors.close().unwrap();
    assert_eq!(ids(&root), Vec::from_iter(5..10));
    assert_eq!(record_ids(&root), Vec::from_iter(5..10));
}

#[test]
fn rows_that_waited_for_a_deleted_file_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .rotate_rows(8)
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 5));
    while files(directory.path(), Kind::Arrow).is_empty() {
        std::thread::yield_now();
    }
    fs::remove_file(&files(directory.path(), Kind::Arrow)[0]).unwrap();
    mirrors.flush().unwrap();
    let lost = mirrors.stats().arrow;
    assert_eq!((lost.rows, lost.dropped_rows, lost.failures), (0, 5, 1));
    mirrors.batch(&flights(), &batch(5, 5));
    mirrors.flush().unwrap();
    assert_eq!(ids(directory.path()), Vec::from_iter(5..10));
}

/// Lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn count(&self, text: &str) -> usize {
        let log = self.0.lock().unwrap();
        String::from_utf8_lossy(&log).matches(text).count()
    }
}

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: bytes,
        maximum,
    };
    setrlimit(Resource::Fsize, limit).unwrap();
}

/// Every file is full at a few bytes: it is for `write` as if the disk were. The signal that comes
/// with it is ignored by the shell before.
#[test]
#[ignore = "run by another test"]
fn child_with_a_full_disk() {
    let directory = child_directory();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mirrors = Mirrors::builder(&directory)
        .arrow()
        .proto()
        .start()
        .unwrap();
    let hand_over = |id: i64| {
        mirrors.batch(&flights(), &batch(id, 1));
        mirrors.records(&flights(), &descriptor(), &records([id]));
        mirrors.flush().unwrap();
    };
    hand_over(0);
    let before = mirrors.stats();
    assert_eq!((before.arrow.rows, before.proto.rows), (1, 1));

    // Both files and the descriptor are longer than that.
    for round in 0..2 {
        limit_files(Some(10));
        for id in 1..20 {
            hand_over(100 * round + id);
        }
        let failed = mirrors.stats();
        limit_files(None);
        // Nothing is tried for a second after two failures in a row.
        let rows = failed.arrow.rows;
        let mut id = 100 * round + 20;
        while mirrors.stats().arrow.rows == rows || mirrors.stats().proto.rows == failed.proto.rows
        {
            std::thread::sleep(Duration::from_millis(20));
            hand_over(id);
            id += 1;
        }
        assert_eq!(
            log.count("a mirror cannot be written"),
            2 * (round as usize + 1)
        );
        assert_eq!(
            log.count("the mirror is written again"),
            2 * (round as usize + 1)
        );
        assert!(failed.arrow.dropped_rows >= 19 && failed.proto.dropped_rows >= 19);
    }
    let stats = mirrors.stats();
    mirrors.close().unwrap_err();
    let found = (ids(&directory), record_ids(&directory));
    assert_eq!(found.0.len() as u64, stats.arrow.rows);
    assert_eq!(found.1.len() as u64, stats.proto.rows);
    assert_eq!((found.0[0], found.1[0]), (0, 0));
    // What could not be written has left nothing behind.
    for path in files(&directory, Kind::Arrow) {
        assert!(!matches!(batches(&path).1, Tail::Cut { .. }));
    }
}

#[test]
fn a_full_disk_costs_rows_and_nothing_else_and_is_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let test = "faults::child_with_a_full_disk";
    run_child("trap '' XFSZ", test, directory.path());
}

/// A file may have room for a few batches, and is cut to the last whole one.
#[test]
#[ignore = "run by another test"]
fn child_with_files_that_fill_up() {
    let directory = child_directory();
    limit_files(Some(4000));
    let mirrors = Mirrors::builder(&directory)
        .arrow()
        .proto()
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    for i in 0..100 {
        mirrors.batch(&flights(), &batch(i * 10, 10));
        mirrors.records(&flights(), &descriptor(), &records(i * 10..i * 10 + 10));
    }
    let stats = mirrors.close().unwrap();
    assert!(stats.arrow.failures > 5 && stats.proto.failures > 0);
    assert_eq!(ids(&directory), Vec::from_iter(0..1000));
    assert_eq!(record_ids(&directory), Vec::from_iter(0..1000));
    for path in files(&directory, Kind::Arrow) {
        assert!(!matches!(batches(&path).1, Tail::Cut { .. }));
    }

    let quarantine = QuarantineDir::builder(directory.join("quarantine"))
        .open()
        .unwrap();
    let (mut kept, mut refused) = (Vec::new(), 0);
    for i in 0..100 {
        match quarantine.put(&flights(), &batch(i * 10, 10)) {
            Ok(()) => kept.extend(i * 10..i * 10 + 10),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Write);
                refused += 1;
            }
        }
    }
    assert!(refused > 5 && kept.len() > 500);
    assert_eq!(ids(quarantine.directory()), kept);
    for path in quarantine.files() {
        assert_eq!(batches(&path).1, Tail::Open);
    }
}

#[test]
fn who_blocks_loses_nothing_to_a_file_that_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let test = "faults::child_with_files_that_fill_up";
    run_child("trap '' XFSZ", test, directory.path());
}

#[test]
fn a_mirror_that_blocks_on_a_broken_disk_can_be_closed() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .queue_bytes(1)
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    let arrow = directory.path().join("zerobus/arrow");
    fs::remove_dir(&arrow).unwrap();
    fs::write(&arrow, "in the way").unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            for i in 0..5 {
                mirrors.batch(&flights(), &batch(i, 1));
            }
        });
        while mirrors.stats().arrow.failures < 2 {
            std::thread::yield_now();
        }
        let error = mirrors.close().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lost);
        waiting.join().unwrap();
    });
    assert_eq!(mirrors.stats().arrow.dropped_rows, 5);
}

#[test]
fn a_mirror_that_blocks_goes_on_when_the_disk_does() {
    let directory = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::builder(directory.path())
        .arrow()
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    let arrow = directory.path().join("zerobus/arrow");
    fs::remove_dir(&arrow).unwrap();
    fs::write(&arrow, "in the way").unwrap();
    mirrors.batch(&flights(), &batch(0, 5));
    while mirrors.stats().arrow.failures < 1 {
        std::thread::yield_now();
    }
    fs::remove_file(&arrow).unwrap();
    mirrors.flush().unwrap();
    mirrors.close().unwrap();
    assert_eq!(ids(directory.path()), Vec::from_iter(0..5));
}

/// Everything a process with this umask makes.
#[test]
#[ignore = "run by another test"]
fn child_that_makes_files() {
    let directory = child_directory();
    let mirrors = Mirrors::builder(directory.join("a/b"))
        .arrow()
        .proto()
        .start()
        .unwrap();
    mirrors.batch(&flights(), &batch(0, 5));
    mirrors.records(&flights(), &descriptor(), &records(0..5));
    mirrors.close().unwrap();
    let quarantine = QuarantineDir::builder(directory.join("q/r"))
        .open()
        .unwrap();
    quarantine.put(&flights(), &batch(0, 5)).unwrap();
}

#[test]
fn files_and_directories_are_private_under_any_umask() {
    for umask in ["000", "022", "077", "277", "777"] {
        let scratch = tempfile::tempdir().unwrap();
        let setup = format!("umask {umask}");
        run_child(&setup, "faults::child_that_makes_files", scratch.path());
        let found = Command::new("find")
            .arg(scratch.path())
            .args(["-mindepth", "1", "-printf", "%m %y\n"])
            .output()
            .unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        let (dirs, others): (Vec<_>, Vec<_>) = found.lines().partition(|line| line.ends_with('d'));
        assert_eq!(dirs, ["700 d"; 7], "umask {umask}");
        assert_eq!(others, ["600 f"; 4], "umask {umask}");
    }
}
