//! `zb send --local`: files into Delta tables, in one process.

use std::fs;

use serde_json::Value;
use zb_tests::{Zb, data, oracle, table_dir};

use crate::{Scratch, TABLE};

#[test]
fn every_row_of_the_sample_lands_once() {
    let scratch = Scratch::new();
    let sent = Zb::send_local(&data::sample(), TABLE, &scratch.lake())
        .run()
        .exits(0);
    let report = sent.report();
    report.all_durable(data::SAMPLE_ROWS);
    assert_eq!(report.table, TABLE);

    let types = oracle::assert_table_is(&scratch.table(), &data::sample(), 1);
    assert_eq!(types["time_hour"], "timestamp");
    assert_eq!(types["dep_delay"], "long");
    assert_eq!(types["carrier"], "string");
}

#[test]
fn every_row_of_a_year_lands_once() {
    let scratch = Scratch::new();
    let year = data::grown(data::A_YEAR, scratch.path());
    let sent = Zb::send_local(&year, TABLE, &scratch.lake()).run().exits(0);
    sent.report().all_durable(data::A_YEAR * data::SAMPLE_ROWS);
    oracle::assert_table_is(&scratch.table(), &year, 1);
}

#[test]
fn every_type_keeps_its_values() {
    let scratch = Scratch::new();
    let types = data::all_types(scratch.path());
    Zb::send_local(&types, TABLE, &scratch.lake())
        .run()
        .exits(0)
        .report()
        .all_durable(4);
    oracle::assert_table_is(&scratch.table(), &types, 1);
}

#[test]
fn arrow_files_and_streams_land_like_parquet() {
    for name in ["flights-500.arrow", "flights-500.arrows"] {
        let scratch = Scratch::new();
        let file = data::file(name);
        Zb::send_local(&file, TABLE, &scratch.lake())
            .run()
            .exits(0)
            .report()
            .all_durable(500);
        oracle::assert_table_is(&scratch.table(), &file, 1);
    }
}

#[test]
fn text_files_land_with_the_types_found_in_them() {
    for (name, rows) in [("flights-2k.csv", 2000), ("flights-500.ndjson", 500)] {
        let scratch = Scratch::new();
        let sent = Zb::send_local(&data::file(name), TABLE, &scratch.lake())
            .run()
            .exits(0);
        sent.report().all_durable(rows);
        assert_eq!(oracle::rows(&scratch.table()), rows, "{name}");
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let scratch = Scratch::new();
    let file = data::file("flights-500.arrows");
    let bytes = fs::read(&file).unwrap();
    let sent = Zb::send_local("-".as_ref(), TABLE, &scratch.lake())
        .input(bytes)
        .run()
        .exits(0);
    sent.report().all_durable(500);
    oracle::assert_table_is(&scratch.table(), &file, 1);
}

#[test]
fn several_files_make_one_report() {
    let scratch = Scratch::new();
    let sample = data::sample();
    let twice = Zb::send_local(&sample, TABLE, &scratch.lake()).arg(&sample);
    twice
        .run()
        .exits(0)
        .report()
        .all_durable(2 * data::SAMPLE_ROWS);
    oracle::assert_table_is(&scratch.table(), &sample, 2);
}

#[test]
fn a_second_send_appends() {
    let scratch = Scratch::new();
    let file = data::file("flights-500.arrow");
    for times in [1, 2] {
        Zb::send_local(&file, TABLE, &scratch.lake())
            .run()
            .exits(0)
            .report()
            .all_durable(500);
        oracle::assert_table_is(&scratch.table(), &file, times);
    }
}

#[test]
fn tables_lie_by_their_three_names() {
    let scratch = Scratch::new();
    let file = data::file("flights-500.arrow");
    for table in ["main.nyc.flights", "main.nyc.copy", "other.nyc.flights"] {
        Zb::send_local(&file, table, &scratch.lake())
            .run()
            .exits(0)
            .report()
            .all_durable(500);
        assert_eq!(
            oracle::rows(&table_dir(&scratch.lake(), table)),
            500,
            "{table}"
        );
    }
}

#[test]
fn a_person_is_told_how_many_rows_went_where() {
    let scratch = Scratch::new();
    let sent = Zb::new(["send"])
        .arg(data::sample())
        .args(["--table", TABLE, "--local"])
        .arg(scratch.lake())
        .run()
        .exits(0);
    let told = format!("{}{}", sent.stdout, sent.stderr).replace([',', '_', ' '], "");
    assert!(told.contains("21049") && told.contains(TABLE), "{sent:?}");
    assert!(
        serde_json::from_str::<Value>(&sent.stdout).is_err(),
        "JSON is for those who ask"
    );
}

#[test]
fn a_dry_run_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let dry = Zb::send_local(&data::sample(), TABLE, &scratch.lake())
        .arg("--dry-run")
        .run();
    let dry = dry.exits(0);
    assert_eq!(dry.report().durable, 0);
    assert!(!scratch.table().exists());
}

#[test]
fn rows_are_stamped_where_it_is_asked_for() {
    let scratch = Scratch::new();
    let send = || Zb::send_local(&data::sample(), TABLE, &scratch.lake());
    let stamped = send().args(["--stamp-rows", "--streams", "3"]).run();
    stamped.exits(0).report().all_durable(data::SAMPLE_ROWS);
    // A table that has the stamps is not sent to without them by mistake.
    let plain = send().run();
    let plain = plain.exits(1);
    assert!(plain.stderr.contains("_zb_batch"), "{plain:?}");
}

#[test]
fn a_setting_that_cannot_be_is_named() {
    let scratch = Scratch::new();
    let send = Zb::send_local(&data::sample(), TABLE, &scratch.lake());
    let refused = send.args(["--streams", "65"]).run();
    let refused = refused.exits(2);
    assert!(refused.stderr.contains("streams"), "{refused:?}");
}
