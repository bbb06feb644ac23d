//! The Python of the tests: `target/venv`, made by `cargo xtask py`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use crate::{cargo, root};

/// The interpreter: `ZB_TEST_PYTHON` if it is set, else the one that `cargo xtask py` makes.
pub fn interpreter() -> &'static Path {
    static INTERPRETER: OnceLock<PathBuf> = OnceLock::new();
    INTERPRETER.get_or_init(|| {
        std::env::var_os("ZB_TEST_PYTHON").map_or_else(made_by_xtask, PathBuf::from)
    })
}

fn made_by_xtask() -> PathBuf {
    let output = cargo::command()
        .args(["run", "--quiet", "--package", "xtask", "--", "py"])
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "`cargo xtask py` failed");
    let printed = String::from_utf8(output.stdout).expect("a path in UTF-8");
    PathBuf::from(printed.trim())
}

/// Runs a script of `tests/python`.
pub fn script<A: AsRef<std::ffi::OsStr>>(name: &str, args: impl IntoIterator<Item = A>) -> Output {
    Command::new(interpreter())
        .arg("-B")
        .arg(root().join("tests/python").join(name))
        .args(args)
        .output()
        .expect("Python can be started")
}
