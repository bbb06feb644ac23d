//! A process that is killed leaves behind what it had flushed.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Stdio},
    time::Duration,
};

use zb_debug::{ArrowFile, Kind, Mirrors, ProtoFile, QuarantineDir, Tail, WhenFull};

use super::{
    batch, begun_and_written, child, child_directory, descriptor, flights, ids, record_ids, records,
};

/// How often a process is killed.
const KILLS: u64 = 50;

/// Says after each flush how far it is, until it is killed.
#[test]
#[ignore = "run by another test"]
fn child_that_writes_until_it_is_killed() {
    let directory = child_directory();
    let mirrors = Mirrors::builder(&directory)
        .arrow()
        .proto()
        .rotate_rows(777)
        .when_full(WhenFull::Block)
        .start()
        .unwrap();
    let quarantine = QuarantineDir::builder(directory.join("quarantine"));
    let quarantine = quarantine.rotate_rows(555).open().unwrap();
    println!();
    for from in (0..).step_by(100) {
        mirrors.batch(&flights(), &batch(from, 100));
        mirrors.records(&flights(), &descriptor(), &records(from..from + 100));
        if from % 300 == 0 {
            mirrors.flush().unwrap();
            quarantine.put(&flights(), &batch(from, 100)).unwrap();
            println!("flushed {}", from + 100);
        }
    }
}

/// How many rows were flushed before it was killed.
fn killed_after(process: &mut Child, delay: Duration) -> i64 {
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut flushed = 0;
    let mut line = String::new();
    let number = |line: &str| line.trim().strip_prefix("flushed ")?.parse::<i64>().ok();
    while flushed == 0 {
        line.clear();
        assert_ne!(
            stdout.read_line(&mut line).unwrap(),
            0,
            "the child ended by itself"
        );
        flushed = number(&line).unwrap_or(0);
    }
    std::thread::sleep(delay);
    process.kill().unwrap();
    process.wait().unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    // A line that is cut is not a whole number.
    let whole = rest.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole
        .lines()
        .filter_map(number)
        .next_back()
        .unwrap_or(flushed)
}

#[test]
fn nothing_that_was_flushed_is_lost_to_a_kill() {
    let mut rng = 0x9e37_79b9_7f4a_7c15_u64;
    let mut tails = HashMap::<Tail, usize>::new();
    for _ in 0..KILLS {
        let directory = tempfile::tempdir().unwrap();
        let test = "killed::child_that_writes_until_it_is_killed";
        let mut command = child("", test, directory.path());
        let log = File::create(directory.path().join("log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        // Any moment will do: xorshift.
        rng ^= rng << 13;
        rng ^= rng >> 7;
        rng ^= rng << 17;
        let delay = Duration::from_micros(rng % 20_000);
        let flushed = killed_after(&mut process, delay);

        for found in [ids(directory.path()), record_ids(directory.path())] {
            assert!(
                found.len() as i64 >= flushed,
                "{} of {flushed}",
                found.len()
            );
            assert_eq!(found, Vec::from_iter(0..found.len() as i64));
        }
        let quarantined = ids(&directory.path().join("quarantine"));
        let put = (0..flushed).filter(|id| id % 300 < 100);
        assert!(put.eq(quarantined.iter().copied().filter(|&id| id < flushed)));
        for path in begun_and_written(directory.path(), Kind::Arrow) {
            let mut file = ArrowFile::open(path).unwrap();
            file.by_ref().for_each(|batch| drop(batch.unwrap()));
            *tails.entry(file.tail().unwrap()).or_default() += 1;
        }
        for path in begun_and_written(directory.path(), Kind::Proto) {
            let file = ProtoFile::open(path).unwrap();
            assert!(file.map(Result::unwrap).count() > 0);
        }
    }
    println!("{tails:?}");
}
