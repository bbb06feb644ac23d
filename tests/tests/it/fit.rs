//! Files of some types into tables of others.

use std::{fs, path::PathBuf};

use zb_tests::{Serve, Zb, data, oracle};

use crate::{Scratch, TABLE};

/// The statement that makes a table for the sample, with other types for some of its columns.
fn altered(scratch: &Scratch, types: &[(&str, &str)]) -> PathBuf {
    let ddl = Zb::new(["schema"])
        .arg(data::sample())
        .args(["--table", TABLE])
        .run()
        .exits(0)
        .stdout;
    let ddl = types.iter().fold(ddl, |ddl, (column, other)| {
        let as_it_is = format!("`{column}` BIGINT");
        assert!(ddl.contains(&as_it_is), "{column}: {ddl}");
        ddl.replace(&as_it_is, &format!("`{column}` {other}"))
    });
    let path = scratch.path().join("table.sql");
    fs::write(&path, ddl).unwrap();
    path
}

fn serve(scratch: &Scratch, statement: &std::path::Path) -> Serve {
    let create = format!("{TABLE}={}", statement.display());
    Serve::start(&scratch.lake(), ["--create", &create])
}

#[test]
fn a_file_is_made_to_fit_a_table_of_other_types() {
    let scratch = Scratch::new();
    let types = [
        ("year", "SMALLINT"),
        ("month", "TINYINT"),
        ("day", "DECIMAL(10, 2)"),
        ("flight", "INT NOT NULL"),
        ("distance", "DOUBLE"),
    ];
    let serve = serve(&scratch, &altered(&scratch, &types));
    let send = || serve.send(&data::sample(), TABLE);
    // As they are, the service takes none of them.
    let refused = send().args(["--fit", "off"]).run().exits(1);
    refused.complains(&["day", "distance"]);
    let sent = send().args(["--fit", "required"]).run().exits(0);
    sent.report().all_durable(data::SAMPLE_ROWS);
    assert_eq!(oracle::rows(&scratch.table()), data::SAMPLE_ROWS);
}

#[test]
fn everything_that_does_not_fit_is_named_and_nothing_is_sent() {
    let scratch = Scratch::new();
    let types = [("year", "STRING"), ("month", "DATE"), ("day", "BOOLEAN")];
    let serve = serve(&scratch, &altered(&scratch, &types));
    let sent = serve.send(&data::sample(), TABLE).run().exits(1);
    let words = ["`year`", "STRING", "`month`", "DATE", "`day`", "BOOLEAN"];
    sent.complains(&words);
    let log = scratch.table().join("_delta_log");
    assert_eq!(fs::read_dir(log).unwrap().count(), 1);
}

#[test]
fn a_table_that_was_made_of_records_takes_more_as_they_are() {
    let scratch = Scratch::new();
    let serve = Serve::start(&scratch.lake(), ["--auto-create"]);
    let send = || serve.send(&data::sample(), TABLE);
    send()
        .run()
        .exits(0)
        .report()
        .all_durable(data::SAMPLE_ROWS);
    // An instant is a number there, and nobody has said of what.
    let refused = send().run().exits(1);
    refused.complains(&["time_hour", "BIGINT"]);
    let again = send().args(["--fit", "off"]).run().exits(0);
    again.report().all_durable(data::SAMPLE_ROWS);
}
