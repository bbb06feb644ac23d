//! What a person may get wrong: an exit code, one clear message, and no harm done.
//!
//! Code 2 is for what is wrong with the command itself, before anything was tried; 1 is for what
//! was tried and failed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use zb_tests::{Finished, Zb, data};

use crate::{Scratch, TABLE};

/// A file with this name and content.
fn file(scratch: &Scratch, name: &str, content: &[u8]) -> PathBuf {
    let path = scratch.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Sends a file and expects that it fails, with a message that names the file.
fn fails(scratch: &Scratch, file: &Path, words: &[&str]) -> Finished {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let sent = Zb::new(["send"])
        .arg(file)
        .args(["--table", TABLE, "--local"])
        .arg(scratch.lake())
        .run()
        .exits(1)
        .complains(&[&name])
        .complains(words);
    assert!(!scratch.table().exists(), "a table out of nothing");
    sent
}

#[test]
fn an_empty_file_is_called_empty() {
    for name in [
        "flights.parquet",
        "flights.arrow",
        "flights.arrows",
        "flights.csv",
        "f.ndjson",
    ] {
        let scratch = Scratch::new();
        fails(&scratch, &file(&scratch, name, b""), &["empty"]);
    }
}

#[test]
fn a_file_is_what_its_name_says() {
    let parquet = fs::read(data::sample()).unwrap();
    let text = fs::read(data::file("flights-2k.csv")).unwrap();
    for (name, content, expected) in [
        ("text.parquet", &text, "parquet"),
        ("text.arrow", &text, "arrow"),
        ("text.arrows", &text, "arrow"),
        ("text.ndjson", &text, "json"),
        ("parquet.arrow", &parquet, "arrow"),
        ("parquet.csv", &parquet, "csv"),
        ("parquet.ndjson", &parquet, "json"),
    ] {
        let scratch = Scratch::new();
        fails(&scratch, &file(&scratch, name, content), &[expected]);
    }
}

#[test]
fn a_file_that_was_cut_short_is_an_error() {
    for name in ["flights-sample.parquet", "flights-500.arrow"] {
        let whole = fs::read(data::file(name)).unwrap();
        let scratch = Scratch::new();
        fails(
            &scratch,
            &file(&scratch, name, &whole[..whole.len() / 2]),
            &[],
        );
    }
}

#[test]
fn a_file_with_damaged_bytes_is_an_error_or_all_its_rows() {
    let intact = fs::read(data::file("flights-500.arrows")).unwrap();
    let length = |at: usize| u32::from_le_bytes(intact[at..at + 4].try_into().unwrap()) as usize;
    // The message of the batch comes after that of the schema; at its end it says where each of
    // its buffers begins, and how long it is.
    let batch = 8 + length(4);
    let end = batch + 8 + length(batch + 4);
    let mut refused = 0;
    for back in (1..=12).map(|i| i * 40) {
        let scratch = Scratch::new();
        let mut damaged = intact.clone();
        damaged[end - back + 4] ^= 0x40;
        let file = file(&scratch, "flights.arrows", &damaged);
        let sent = Zb::send_local(&file, TABLE, &scratch.lake()).run();
        match sent.code() {
            0 => sent.report().all_durable(500),
            1 => {
                sent.complains(&["flights.arrows", "damaged"]);
                refused += 1;
            }
            _ => panic!("{back} bytes before its end: {sent:?}"),
        }
    }
    assert!(refused > 0, "no byte was one that matters");
}

#[test]
fn standard_input_twice_is_wrong_usage() {
    let scratch = Scratch::new();
    Zb::send_local("-".as_ref(), TABLE, &scratch.lake())
        .arg("-")
        .run()
        .exits(2)
        .complains(&["standard input", "twice"]);
}

#[test]
fn an_address_that_is_none_is_wrong_usage() {
    let scratch = Scratch::new();
    Zb::new(["serve", "--dir"])
        .arg(scratch.lake())
        .args(["--listen", "somewhere"])
        .run()
        .exits(2)
        .complains(&["somewhere", "HOST:PORT"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    fails(&scratch, &scratch.path().join("nowhere.parquet"), &[]);
}

#[test]
fn an_unknown_ending_is_an_error_that_lists_the_known_ones() {
    let scratch = Scratch::new();
    fails(
        &scratch,
        &file(&scratch, "flights.xlsx", b"PK"),
        &["parquet", "csv"],
    );
}

#[test]
fn a_file_with_no_rows_is_no_error() {
    let scratch = Scratch::new();
    let none = data::no_rows(scratch.path());
    let report = Zb::send_local(&none, TABLE, &scratch.lake())
        .run()
        .exits(0)
        .report();
    assert_eq!((report.rows, report.durable), (0, 0));
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    // Below a file there is no directory for anyone, root included.
    let scratch = Scratch::new();
    let lake = file(&scratch, "file", b"").join("lake");
    Zb::new(["send"])
        .arg(data::sample())
        .args(["--table", TABLE, "--local"])
        .arg(&lake)
        .run()
        .exits(1)
        .complains(&[&lake.to_string_lossy()]);
    Zb::new(["serve", "--dir"])
        .arg(&lake)
        .run()
        .exits(1)
        .complains(&[&lake.to_string_lossy()]);
}

#[test]
fn a_name_with_two_parts_is_wrong_usage() {
    let scratch = Scratch::new();
    let sent = Zb::send_local(&data::sample(), "nyc.flights", &scratch.lake())
        .run()
        .exits(2);
    sent.complains(&["nyc.flights", "catalog.schema.table"]);
    assert!(!scratch.lake().exists());
}

#[test]
fn a_flag_that_does_not_exist_is_wrong_usage() {
    Zb::new(["send", "--no-such-flag"])
        .run()
        .exits(2)
        .complains(&["--no-such-flag"]);
}

#[test]
fn a_send_of_nothing_is_wrong_usage() {
    Zb::new(["send", "--table", TABLE]).run().exits(2);
}
