//! The official clients, unmodified, against `zb serve` over plain HTTP: what they send is what the
//! table holds, read by `deltalake`. One file for each client.

mod node;
mod python;

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use zb_tests::{Serve, python as interpreters, root};

use crate::Scratch;

const TABLE: &str = "main.conformance.rows";

/// A server with the table that all clients write to.
fn serve(scratch: &Scratch, faults: Option<&str>) -> Serve {
    let create = format!("{TABLE}={}", scripts().join("table.sql").display());
    let mut args = vec!["--create".to_owned(), create];
    if let Some(script) = faults {
        let file = scratch.path().join("faults.toml");
        std::fs::write(&file, script).unwrap();
        args.extend(["--faults".to_owned(), file.display().to_string()]);
    }
    Serve::start(&scratch.lake(), args)
}

/// Where the scripts of the clients are.
fn scripts() -> std::path::PathBuf {
    root().join("tests/python/conformance")
}

/// Runs a client with the server's address on its standard input, and gives what it says last:
/// some print their log.
fn run<A: AsRef<OsStr>>(
    program: &Path,
    args: impl IntoIterator<Item = A>,
    server: &Serve,
) -> Value {
    let mut client = Command::new(program)
        .args(args)
        // A proxy is not for this machine.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let address = json!({
        "endpoint": server.address.endpoint,
        "unity_catalog_url": server.address.unity_catalog_url,
        "client_id": server.address.client_id,
        "client_secret": server.address.client_secret,
    });
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(address.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = client.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
}

/// Asserts that the table holds the first rows of `rows.py`, each of them once, and nothing else.
fn assert_landed(scratch: &Scratch, rows: u64) {
    let table = zb_tests::table_dir(&scratch.lake(), TABLE);
    let args = [table.into_os_string(), rows.to_string().into()];
    let output = interpreters::script("conformance/judge.py", args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict, json!({"rows": rows, "wrong": []}));
}
