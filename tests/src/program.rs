//! The program `zb` and the examples, as the tests of the workspace were built.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use serde_json::Value;

use crate::cargo;

/// The path of `zb`, built on first use.
///
/// Cargo does not tell the tests of one crate where it put the program of another. So this asks
/// it to build the program together with the tests of the whole workspace: then the features are
/// those that `cargo test --workspace` has just built, and there is little more to do than link.
pub fn path() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("bin", "zb"))
}

/// The path of an example of the workspace, built on first use in the same way.
pub fn example(name: &str) -> PathBuf {
    static EXAMPLES: Mutex<Option<HashMap<String, PathBuf>>> = Mutex::new(None);
    // A build that failed has left nothing half done here.
    let mut examples = EXAMPLES.lock().unwrap_or_else(PoisonError::into_inner);
    let examples = examples.get_or_insert_default();
    let path = examples.entry(name.to_owned());
    path.or_insert_with(|| build("example", name)).clone()
}

/// Builds a program, with the features of the whole workspace's tests.
fn build(kind: &str, name: &str) -> PathBuf {
    let mut cargo = cargo::command();
    cargo
        .args(["build", "--workspace", "--bin", "zb", "--test", "it"])
        .args([format!("--{kind}").as_str(), name])
        .args(["--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo can be started");
    assert!(
        output.status.success(),
        "`cargo build --{kind} {name}` failed"
    );
    String::from_utf8(output.stdout)
        .expect("cargo prints UTF-8")
        .lines()
        .find_map(|message| executable(kind, name, message))
        .unwrap_or_else(|| panic!("cargo does not say where it put {name}"))
}

/// The path in a message of cargo's, if it is about the program.
fn executable(kind: &str, name: &str, message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_program = message["target"]["name"] == name
        && message["target"]["kind"]
            .as_array()?
            .iter()
            .any(|found| found == kind)
        && message["profile"]["test"] == false;
    is_program.then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_program_itself_is_taken() {
        let message = |kind: &str, test: bool| {
            format!(
                r#"{{"target": {{"name": "zb", "kind": ["{kind}"]}},
                     "profile": {{"test": {test}}}, "executable": "/target/debug/zb"}}"#
            )
        };
        let program = |message: &str| executable("bin", "zb", message);
        assert_eq!(
            program(&message("bin", false)),
            Some("/target/debug/zb".into())
        );
        assert_eq!(program(&message("bin", true)), None);
        assert_eq!(program(&message("test", false)), None);
        assert_eq!(program(&message("example", false)), None);
        assert_eq!(program(r#"{"reason": "build-finished"}"#), None);
        assert_eq!(program("no JSON"), None);
        assert!(executable("example", "zb", &message("example", false)).is_some());
        assert_eq!(executable("bin", "other", &message("bin", false)), None);
    }
}
