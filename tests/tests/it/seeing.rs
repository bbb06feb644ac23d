//! What was handed in, sent and refused, seen and sent again.

use std::{fs, path::PathBuf, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow_ipc::writer::StreamWriter;
use serde_json::Value;
use zb_tests::{Finished, Zb, oracle, table_dir};

use crate::{Scratch, TABLE};

const ROWS: i64 = 1_000;

/// Every hundredth row has a time that no Delta table keeps.
const BAD: u64 = 10;

const COPY: &str = "main.nyc.copy";

/// Rows of which some are refused.
fn file(scratch: &Scratch) -> PathBuf {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..ROWS));
    let at = |row: i64| 1_357_000_000_000_000_000 + row * 1_000_000_000 + i64::from(row % 100 == 7);
    let times: ArrayRef = Arc::new(TimestampNanosecondArray::from_iter_values(
        (0..ROWS).map(at),
    ));
    let names = (0..ROWS).map(|row| format!("secret-{row}"));
    let names: ArrayRef = Arc::new(StringArray::from_iter_values(names));
    let batch = RecordBatch::try_from_iter([("id", ids), ("at", times), ("name", names)]).unwrap();
    let path = scratch.path().join("rows.arrows");
    let mut writer =
        StreamWriter::try_new(fs::File::create(&path).unwrap(), &batch.schema()).unwrap();
    for start in (0..ROWS as usize).step_by(100) {
        writer.write(&batch.slice(start, 100)).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// Sent with everything kept that can be.
fn sent(scratch: &Scratch) -> Finished {
    Zb::send_local(&file(scratch), TABLE, &scratch.lake())
        .arg("--debug-dir")
        .arg(scratch.path().join("debug"))
        .arg("--quarantine")
        .arg(scratch.path().join("refused"))
        .args(["--debug-hash", "name"])
        .run()
        .exits(3)
}

fn inspect(path: &std::path::Path) -> Vec<Value> {
    let shown = Zb::new(["inspect", "--as", "json", "--rows", "2"])
        .arg(path)
        .run()
        .exits(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    shown["files"].as_array().unwrap().clone()
}

fn replay(scratch: &Scratch, path: &str, table: &str, args: &[&str], code: i32) -> Finished {
    Zb::new(["replay"])
        .arg(scratch.path().join(path))
        .args(["--table", table, "--output", "json", "--local"])
        .arg(scratch.lake())
        .arg("--quarantine")
        .arg(scratch.path().join("refused again"))
        .args(args)
        .run()
        .exits(code)
}

#[test]
fn what_was_handed_in_sent_and_refused_is_there_to_see() {
    let scratch = Scratch::new();
    let report = sent(&scratch).report();
    report.adds_up();
    let good = ROWS as u64 - BAD;
    assert_eq!((report.durable, report.rejected), (good, BAD));

    let files = inspect(&scratch.path().join("debug"));
    let [arrow, proto] = &files[..] else {
        panic!("{files:?}")
    };
    let told = |file: &Value| {
        let text = |key: &str| file[key].as_str().unwrap().to_owned();
        let rows = file["rows"].as_u64().unwrap();
        (text("kind"), text("table"), text("end"), rows)
    };
    let kept = |kind: &str, rows| {
        (
            kind.to_owned(),
            TABLE.to_owned(),
            "complete".to_owned(),
            rows,
        )
    };
    let mut both = [told(arrow), told(proto)];
    both.sort();
    assert_eq!(both, [kept("arrow", ROWS as u64), kept("proto", good)]);
    let arrow = files.iter().find(|file| file["kind"] == "arrow").unwrap();
    assert_eq!(arrow["times"][0]["column"], "at");
    assert!(
        arrow["times"][0]["from"]
            .as_str()
            .unwrap()
            .starts_with("2013-01-01T")
    );
    assert_eq!(arrow["sample"].as_array().unwrap().len(), 2);
    let everything: Vec<u8> = walk(&scratch.path().join("debug"));
    let holds = |word: &[u8]| everything.windows(word.len()).any(|bytes| bytes == word);
    assert!(!holds(b"secret-"), "a hashed column is not on the disk");

    let refused = inspect(&scratch.path().join("refused"));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(told(&refused[0]), kept("quarantine", BAD));
    assert_eq!(refused[0]["rejections"]["sub_microsecond"], BAD);
    assert_eq!(refused[0]["sample"][0]["name"], "secret-7");
    assert_eq!(refused[0]["sample"][1]["_zb_error_row"], 107);

    // People see the same.
    let shown = Zb::new(["inspect"])
        .arg(scratch.path().join("refused"))
        .run()
        .exits(0);
    for words in [
        "sub_microsecond",
        "secret-107",
        "rows that were refused",
        TABLE,
    ] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
}

fn walk(directory: &std::path::Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(walk(&path));
        } else {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    bytes
}

#[test]
fn rows_that_were_refused_are_sent_again_without_their_reasons() {
    let scratch = Scratch::new();
    sent(&scratch);
    let again = replay(&scratch, "refused", TABLE, &[], 3).report();
    assert_eq!(
        (again.durable, again.rejected),
        (0, BAD),
        "nothing has changed"
    );
    let truncate = ["--sub-microseconds", "truncate"];
    let again = replay(&scratch, "refused", TABLE, &truncate, 0).report();
    again.all_durable(BAD);
    assert_eq!(oracle::rows(&scratch.table()), ROWS as u64);
}

#[test]
fn what_was_handed_in_and_what_was_sent_are_sent_again() {
    let scratch = Scratch::new();
    sent(&scratch);
    let both = replay(&scratch, "debug", COPY, &[], 1);
    both.complains(&["zerobus/arrow", "zerobus/proto"]);

    let arrow = replay(&scratch, "debug/zerobus/arrow", COPY, &[], 3).report();
    assert_eq!((arrow.durable, arrow.rejected), (ROWS as u64 - BAD, BAD));
    let copy = table_dir(&scratch.lake(), COPY);
    assert_eq!(oracle::rows(&copy), ROWS as u64 - BAD);
    // As they were sent, they fit the same table: a time is an int64 on the wire.
    let proto = replay(&scratch, "debug/zerobus/proto", COPY, &[], 0).report();
    proto.all_durable(ROWS as u64 - BAD);
    assert_eq!(oracle::rows(&copy), 2 * (ROWS as u64 - BAD));
}

#[test]
fn a_file_that_was_cut_short_is_shown_and_sent_up_to_there() {
    let scratch = Scratch::new();
    sent(&scratch);
    let proto = scratch.path().join("debug/zerobus/proto");
    let mut records: Vec<_> = fs::read_dir(&proto)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pb"))
        .collect();
    let path = records.pop().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let files = inspect(&proto);
    assert_eq!(files[0]["end"], "cut", "{files:?}");
    let rows = files[0]["rows"].as_u64().unwrap();
    assert_eq!(rows, ROWS as u64 - BAD - 1);
    let again = replay(&scratch, "debug/zerobus/proto", COPY, &[], 0);
    again.report().all_durable(rows);
    assert!(again.stderr.contains("cut short"), "{again:?}");
}

#[test]
fn files_of_another_kind_are_named() {
    let scratch = Scratch::new();
    let file = file(&scratch);
    let inspected = Zb::new(["inspect"]).arg(&file).run();
    inspected.exits(1).complains(&["rows.arrows", "zb send"]);
    let empty = Zb::new(["inspect"]).arg(scratch.path()).run();
    empty.exits(1).complains(&["no debug or quarantine file"]);
}

#[test]
fn a_dry_run_is_mirrored_too() {
    let scratch = Scratch::new();
    let debug = scratch.path().join("debug");
    let dry = Zb::send_local(&file(&scratch), TABLE, &scratch.lake())
        .arg("--dry-run")
        .arg("--debug-dir")
        .arg(&debug)
        .run()
        .exits(3);
    dry.report().adds_up();
    let rows: u64 = inspect(&debug)
        .iter()
        .map(|f| f["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(rows, 2 * ROWS as u64 - BAD);
    assert!(!scratch.table().exists());
}
