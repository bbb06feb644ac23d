//! `zb doctor` against a server that is well, and against everything that may be wrong.

use std::{fs, net::TcpListener, path::PathBuf};

use serde_json::Value;
use zb_tests::{Finished, Serve, Zb, data};

use crate::{Scratch, TABLE};

/// All checks, in their order, as they are called with one address for everything.
const CHECKS: [&str; 11] = [
    "configuration",
    "endpoint",
    "proxy",
    "dns endpoint",
    "tcp endpoint",
    "tls endpoint",
    "workspace token",
    "table token",
    "table",
    "schema",
    "stream",
];

/// What a doctor said, with `--output json`.
struct Said(Vec<Value>);

impl Said {
    fn by(finished: &Finished) -> Self {
        let said: Value = serde_json::from_str(&finished.stdout).unwrap();
        let checks = said["checks"].as_array().unwrap().clone();
        let failed = checks.iter().any(|check| check["status"] == "failure");
        assert_eq!(said["ok"], !failed, "{said}");
        assert_eq!(finished.code(), i32::from(failed), "{said}");
        for check in &checks {
            let next = check["next_step"].as_str().unwrap();
            let must = matches!(check["status"].as_str(), Some("failure" | "warning"));
            assert!(!must || !next.is_empty(), "nothing to do: {check}");
        }
        Self(checks)
    }

    fn check(&self, name: &str) -> &Value {
        let mut checks = self.0.iter();
        let check = checks.find(|check| check["name"] == name);
        check.unwrap_or_else(|| panic!("no {name}: {:?}", self.0))
    }

    /// Holds a check against what is expected of it.
    fn is(&self, name: &str, status: &str, words: &[&str]) {
        let check = self.check(name);
        assert_eq!(check["status"], status, "{check}");
        let text = format!("{} {}", check["found"], check["next_step"]);
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {check}");
        }
    }

    /// The checks that failed.
    fn failures(&self) -> Vec<&str> {
        let failed = self.0.iter().filter(|check| check["status"] == "failure");
        failed
            .map(|check| check["name"].as_str().unwrap())
            .collect()
    }
}

fn flights(scratch: &Scratch) -> Serve {
    let create = format!("{TABLE}={}", data::sample().display());
    Serve::start(&scratch.lake(), ["--create", &create])
}

fn doctor(serve: &Serve) -> Zb {
    serve.client(["doctor", "--output", "json"])
}

/// A statement, in a file.
fn sql(scratch: &Scratch, columns: &str) -> PathBuf {
    let path = scratch.path().join("table.sql");
    fs::write(
        &path,
        format!("CREATE TABLE {TABLE} ({columns}) USING DELTA"),
    )
    .unwrap();
    path
}

#[test]
fn a_healthy_service_passes_every_check_and_nothing_is_written() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let run = doctor(&serve).args(["--table", TABLE]).arg(data::sample());
    let finished = run.run();
    let said = Said::by(&finished);
    let names: Vec<_> = said.0.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, CHECKS);
    for check in &said.0 {
        assert_eq!(check["status"], "ok", "{check}");
    }
    said.is(
        "configuration",
        "ok",
        &["ZEROBUS_SERVER_ENDPOINT", "DATABRICKS_CLIENT_SECRET", "***"],
    );
    assert!(!finished.stdout.contains(&serve.address.client_secret));
    said.is("table", "ok", &["MANAGED", "DELTA"]);
    let log = scratch.table().join("_delta_log");
    assert_eq!(
        fs::read_dir(log).unwrap().count(),
        1,
        "a version was written"
    );
}

#[test]
fn for_people_each_check_is_one_line() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let finished = serve.client(["doctor", "--table", TABLE]).run().exits(0);
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), CHECKS.len(), "{}", finished.stdout);
    for (line, name) in lines.iter().zip(CHECKS) {
        assert!(line.starts_with("ok ") && line.contains(name), "{line}");
    }
}

#[test]
fn without_a_table_what_concerns_one_is_skipped() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let said = Said::by(&doctor(&serve).run());
    said.is("workspace token", "ok", &[]);
    for name in &CHECKS[7..] {
        said.is(name, "skipped", &["--table"]);
    }
}

#[test]
fn a_wrong_secret_is_told_as_such_and_not_repeated() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let wrong = "not-the-secret-at-all";
    let run = doctor(&serve).args(["--table", TABLE]);
    let finished = run.env("DATABRICKS_CLIENT_SECRET", wrong).run();
    let said = Said::by(&finished);
    assert_eq!(said.failures(), ["workspace token"]);
    said.is("workspace token", "failure", &["invalid_client", "Secrets"]);
    for name in &CHECKS[7..] {
        said.is(name, "skipped", &["workspace token"]);
    }
    assert!(!finished.stdout.contains(wrong) && !finished.stderr.contains(wrong));
}

#[test]
fn a_table_that_is_missing_is_told_with_how_to_make_it() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let run = doctor(&serve).args(["--table", "main.nyc.boats"]);
    let said = Said::by(&run.run());
    assert_eq!(said.failures(), ["table"]);
    said.is("table", "failure", &["main.nyc.boats", "404", "zb schema"]);
    said.is("stream", "skipped", &["`table`"]);
}

#[test]
fn a_file_that_does_not_fit_is_told_by_column_all_at_once() {
    let scratch = Scratch::new();
    let statement = sql(&scratch, "year STRING, month INT, gone BOOLEAN NOT NULL");
    let create = format!("{TABLE}={}", statement.display());
    let serve = Serve::start(&scratch.lake(), ["--create", &create]);
    let run = doctor(&serve).args(["--table", TABLE]).arg(data::sample());
    let said = Said::by(&run.run());
    assert_eq!(said.failures(), ["schema"]);
    let words = [
        "`year`",
        "STRING",
        "`carrier`",
        "no such column",
        "`gone`",
        "NOT NULL",
    ];
    said.is("schema", "failure", &words);
    said.is("stream", "skipped", &["`schema`"]);
    // Without the file there is nothing wrong with the table.
    let said = Said::by(&doctor(&serve).args(["--table", TABLE]).run());
    said.is("stream", "ok", &[]);
}

#[test]
fn a_file_that_lacks_columns_is_worth_a_warning() {
    let scratch = Scratch::new();
    let file = scratch.path().join("small.csv");
    fs::write(&file, "year,month\n2013,1\n").unwrap();
    let statement = sql(&scratch, "year BIGINT, month BIGINT, note STRING");
    let create = format!("{TABLE}={}", statement.display());
    let serve = Serve::start(&scratch.lake(), ["--create", &create]);
    let said = Said::by(&doctor(&serve).args(["--table", TABLE]).arg(&file).run());
    said.is("schema", "warning", &["`note`", "--allow-missing-columns"]);
    said.is("stream", "ok", &[]);
}

/// An address of this machine at which nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn where_nothing_listens_the_port_is_named() {
    let url = deserted();
    let address = url.replace("http://", "");
    let run = Zb::new(["doctor", "--output", "json", "--table", TABLE])
        .env("ZEROBUS_SERVER_ENDPOINT", &url)
        .env("DATABRICKS_HOST", &url)
        .env("DATABRICKS_CLIENT_ID", "id")
        .env("DATABRICKS_CLIENT_SECRET", "secret");
    let said = Said::by(&run.run());
    assert_eq!(said.failures(), ["tcp endpoint"]);
    said.is(
        "tcp endpoint",
        "failure",
        &[&address, "nobody listens", "zb serve"],
    );
    said.is("tls endpoint", "skipped", &["tcp endpoint"]);
    said.is("workspace token", "skipped", &["tcp endpoint"]);
    said.is("stream", "skipped", &["workspace token"]);
}

/// The certificate of an authority that no server here has.
fn another_authority(scratch: &Scratch) -> PathBuf {
    let serve = Serve::start(&scratch.path().join("other"), ["--tls"]);
    serve.address.ca.clone().unwrap()
}

#[test]
fn an_endpoint_that_is_away_leaves_the_checks_of_the_workspace() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let run = doctor(&serve)
        .args(["--table", TABLE])
        .env("ZEROBUS_SERVER_ENDPOINT", deserted());
    let said = Said::by(&run.run());
    assert_eq!(said.failures(), ["tcp endpoint"]);
    for name in ["tcp workspace", "workspace token", "table", "schema"] {
        said.is(name, "ok", &[]);
    }
    said.is("stream", "skipped", &["tcp endpoint"]);
}

#[test]
fn an_authority_that_is_not_known_is_told_from_other_certificates() {
    let scratch = Scratch::new();
    let create = format!("{TABLE}={}", data::sample().display());
    let mut serve = Serve::start(&scratch.lake(), ["--tls", "--create", &create]);
    let said = Said::by(&doctor(&serve).args(["--table", TABLE]).run());
    said.is("tls endpoint", "ok", &["TLSv1_3"]);
    said.is("stream", "ok", &[]);

    serve.address.ca = Some(another_authority(&scratch));
    let said = Said::by(&doctor(&serve).args(["--table", TABLE]).run());
    assert_eq!(said.failures(), ["tls endpoint"]);
    said.is(
        "tls endpoint",
        "failure",
        &["whom this machine trusts", "SSL_CERT_FILE"],
    );
    said.is("workspace token", "skipped", &["tls endpoint"]);
}

#[test]
fn a_port_without_tls_is_told_as_such() {
    let scratch = Scratch::new();
    let serve = flights(&scratch);
    let url = serve.address.endpoint.replace("http://", "https://");
    let run = doctor(&serve)
        .env("ZEROBUS_SERVER_ENDPOINT", &url)
        .env("DATABRICKS_HOST", &url)
        // Somebody must be trusted to come so far.
        .env("SSL_CERT_FILE", another_authority(&scratch));
    let said = Said::by(&run.run());
    said.is(
        "tls endpoint",
        "failure",
        &["does not speak TLS", "http://"],
    );
}

#[test]
fn without_any_configuration_all_of_it_is_named() {
    let finished = Zb::new(["doctor", "--output", "json"]).run();
    let said = Said::by(&finished);
    assert_eq!(said.failures(), ["configuration"]);
    let variables = [
        "ZEROBUS_SERVER_ENDPOINT",
        "DATABRICKS_HOST",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
        "--profile",
    ];
    said.is("configuration", "failure", &variables);
    for name in [
        "endpoint",
        "dns endpoint",
        "tls workspace",
        "workspace token",
    ] {
        said.is(name, "skipped", &["`configuration`"]);
    }
}

#[test]
fn a_name_that_does_not_resolve_is_told() {
    let run = Zb::new(["doctor", "--output", "json"])
        .env("ZEROBUS_SERVER_ENDPOINT", "https://12.zerobus.x.invalid")
        .env("DATABRICKS_HOST", "https://x.invalid")
        .env("DATABRICKS_CLIENT_ID", "id")
        .env("DATABRICKS_CLIENT_SECRET", "secret");
    let said = Said::by(&run.run());
    assert_eq!(said.failures(), ["dns endpoint", "dns workspace"]);
    said.is("endpoint", "warning", &["form"]);
    said.is("dns endpoint", "failure", &["12.zerobus.x.invalid"]);
    said.is("tcp workspace", "skipped", &["dns workspace"]);
    said.is("workspace token", "skipped", &["dns workspace"]);
}

#[test]
fn flags_win_over_the_environment_and_proxies_are_seen_without_their_passwords() {
    let run = Zb::new(["doctor", "--output", "json"])
        .env("ZEROBUS_SERVER_ENDPOINT", "https://elsewhere.invalid")
        .env("DATABRICKS_HOST", "https://x.invalid")
        .args(["--endpoint", "https://x.invalid", "--client-id", "id"])
        .env("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:1");
    let finished = run.run();
    let said = Said::by(&finished);
    let words = [
        "endpoint = https://x.invalid (flag --endpoint)",
        "host = https://x.invalid (environment variable DATABRICKS_HOST)",
        "client_secret missing",
    ];
    said.is("configuration", "failure", &words);
    said.is("proxy", "warning", &["HTTPS_PROXY", "NO_PROXY"]);
    assert!(!finished.stdout.contains("hunter2"));
}

#[test]
fn who_may_not_look_at_the_table_may_still_write_to_it() {
    let scratch = Scratch::new();
    let script = scratch.path().join("faults.toml");
    let fault = "[[fault]]\non = \"catalog\"\ndo = \"answer\"\nstatus = 403\n";
    fs::write(&script, fault).unwrap();
    let create = format!("{TABLE}={}", data::sample().display());
    let faults = script.display().to_string();
    let serve = Serve::start(&scratch.lake(), ["--create", &create, "--faults", &faults]);
    let run = doctor(&serve).args(["--table", TABLE]).arg(data::sample());
    let said = Said::by(&run.run());
    said.is("table", "warning", &["403", "GRANT"]);
    said.is("schema", "skipped", &["`table`"]);
    said.is("stream", "ok", &[]);
}

#[test]
fn a_grant_that_is_missing_is_told_with_the_statements() {
    let scratch = Scratch::new();
    let script = scratch.path().join("faults.toml");
    let fault = "[[fault]]\non = \"open\"\ndo = \"status\"\ncode = \"PERMISSION_DENIED\"\n\
                 message = \"error 4024\"\n";
    fs::write(&script, fault).unwrap();
    let create = format!("{TABLE}={}", data::sample().display());
    let faults = script.display().to_string();
    let serve = Serve::start(&scratch.lake(), ["--create", &create, "--faults", &faults]);
    let said = Said::by(&doctor(&serve).args(["--table", TABLE]).run());
    assert_eq!(said.failures(), ["stream"]);
    let grant = "GRANT SELECT, MODIFY ON TABLE `main`.`nyc`.`flights`";
    said.is("stream", "failure", &["4024", grant, "Workspace access"]);
}

#[test]
fn what_cannot_be_read_is_wrong_usage() {
    let scratch = Scratch::new();
    let config = scratch.path().join("zb.toml");
    fs::write(&config, "endpoint = ").unwrap();
    let doctor = || Zb::new(["doctor", "--output", "json"]);
    let broken = doctor().arg("--config").arg(&config).run().exits(2);
    broken.complains(&["zb.toml"]);
    let missing = doctor().args(["--config", "nowhere.toml"]).run().exits(2);
    missing.complains(&["nowhere.toml"]);
    // A file has to be held against something.
    doctor().arg(data::sample()).run().exits(2);
    doctor()
        .args(["--table", TABLE])
        .arg(scratch.path().join("nowhere.parquet"))
        .run()
        .exits(1)
        .complains(&["nowhere.parquet"]);
    doctor().args(["--local", "lake"]).run().exits(2);
}
