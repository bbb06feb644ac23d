//! The program `zb`, as the tests of the workspace were built.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
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
    PROGRAM.get_or_init(build)
}

fn build() -> PathBuf {
    let mut cargo = cargo::command();
    cargo
        .args(["build", "--workspace", "--bin", "zb", "--test", "it"])
        .args(["--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().expect("cargo can be started");
    assert!(output.status.success(), "`cargo build --bin zb` failed");
    String::from_utf8(output.stdout)
        .expect("cargo prints UTF-8")
        .lines()
        .find_map(executable)
        .expect("cargo says where it put zb")
}

/// The path in a message of cargo's, if it is about the program.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_program = message["target"]["name"] == "zb"
        && message["target"]["kind"]
            .as_array()?
            .iter()
            .any(|kind| kind == "bin")
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
        assert_eq!(
            executable(&message("bin", false)),
            Some("/target/debug/zb".into())
        );
        assert_eq!(executable(&message("bin", true)), None);
        assert_eq!(executable(&message("test", false)), None);
        assert_eq!(executable(r#"{"reason": "build-finished"}"#), None);
        assert_eq!(executable("no JSON"), None);
    }
}
