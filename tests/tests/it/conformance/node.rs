//! The official SDK for Node from npm.
//!
//! `@databricks/zerobus-ingest-sdk` itself has no `index.js` in its package. What that would load is
//! a package of its own for each platform, and this is what runs here: the module with everything in it.

use std::fs;

use serde_json::json;
use zb_tests::{python, root};

use super::{assert_landed, run, scripts, serve};
use crate::Scratch;

fn sends(form: &str) {
    let scratch = Scratch::new();
    let script = scripts().join("payload.py");
    let output = std::process::Command::new(python::client("python-1.10.0"))
        .arg("-B")
        .arg(script)
        .args([form, "200"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let payload = scratch.path().join("payload.json");
    fs::write(&payload, output.stdout).unwrap();

    let server = serve(&scratch, None);
    let module = python::client("node-1.3.0");
    let script = root().join("tests/node/send.js");
    let args = [
        script.as_os_str(),
        module.as_os_str(),
        form.as_ref(),
        payload.as_os_str(),
    ];
    let said = run("node".as_ref(), args, &server);
    assert_eq!(said, json!({"rows": 200}));
    assert_landed(&scratch, 200);
    server.stop();
}

#[test]
fn json_lands() {
    sends("json");
}

#[test]
fn protobuf_lands() {
    sends("proto");
}
