//! `cargo xtask memcheck`: the unit tests of zb-convert where each read and write of memory is
//! looked at, for the unsafe code in its `raw.rs`.
//!
//! AddressSanitizer sees what lies outside of an allocation, and valgrind what was never set.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{apt, run, sanitizer};

/// Fewer random batches than usual: each costs twice to thirty times as much here.
const SANITIZED_CASES: &str = "300";
const VALGRIND_CASES: &str = "60";

/// The modules with unsafe code, and those that call it.
const TESTS: [&str; 3] = ["raw::", "varint::", "block::"];

/// Within valgrind, not the test that makes hundreds of batches whatever it is told.
const TOO_LONG: &str = "the_random_batches_have_good_rows";

/// What needs no second build of everything, as a step of continuous integration: there, the
/// fuzzing sees to what lies outside of allocations.
pub(crate) fn briefly() -> Result<()> {
    if sanitizer::is_known_here() {
        return valgrind();
    }
    println!("memcheck skipped: it is for x86-64 and Linux");
    Ok(())
}

/// Both, one after the other.
pub(crate) fn run() -> Result<()> {
    if sanitizer::is_known_here() {
        sanitized()?;
    }
    briefly()
}

fn sanitized() -> Result<()> {
    let directory = run::root().join("target/memcheck");
    let mut test = run::cargo(&["test", "--locked", "-p", "zb-convert", "--lib"]);
    sanitizer::address(&mut test, &directory, "");
    test.env("PROPTEST_CASES", SANITIZED_CASES)
        .arg("--")
        .args(TESTS);
    run::stream(&mut test)
}

fn valgrind() -> Result<()> {
    if !run::succeeds(&mut run::program("valgrind", &["--version"])) {
        apt::install("valgrind is missing", &["valgrind"])?;
    }
    let mut test = run::program("valgrind", &["--quiet", "--error-exitcode=9"]);
    test.args(["--errors-for-leak-kinds=none", "--undef-value-errors=yes"])
        .arg(test_program()?)
        .args(["--test-threads=1", "--skip", TOO_LONG])
        .args(TESTS)
        .env("PROPTEST_CASES", VALGRIND_CASES);
    run::stream(&mut test)
}

/// The unit tests, built as `cargo test` builds them.
fn test_program() -> Result<PathBuf> {
    let mut build: Command = run::cargo(&["test", "--locked", "-p", "zb-convert", "--lib"]);
    build.args(["--no-run", "--message-format", "json-render-diagnostics"]);
    let messages = run::output(&mut build)?;
    let path = messages.lines().filter_map(executable).next_back();
    path.context("cargo does not say where it put the tests of zb-convert")
}

/// The path in a message of cargo's, if it is about a test program.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let of_tests = message["profile"]["test"] == true;
    of_tests.then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_the_tests_is_taken_and_no_other() {
        let message = |test: bool| {
            format!(r#"{{"profile": {{"test": {test}}}, "executable": "/target/it"}}"#)
        };
        assert_eq!(executable(&message(true)), Some("/target/it".into()));
        assert_eq!(executable(&message(false)), None);
        assert_eq!(executable(r#"{"reason": "build-finished"}"#), None);
    }
}
