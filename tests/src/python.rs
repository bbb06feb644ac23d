//! The Python of the tests: `target/venv`, made by `cargo xtask py`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, OnceLock, PoisonError},
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
    xtask(&["py"]).expect("`cargo xtask py` failed")
}

/// What runs an official client, in an environment of its own: the interpreter of Python, the module
/// for Node. Made by `cargo xtask client NAME`.
pub fn client(name: &'static str) -> PathBuf {
    static CLIENTS: Mutex<BTreeMap<&str, Option<PathBuf>>> = Mutex::new(BTreeMap::new());
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    // What cannot be made is not tried again by every test that needs it.
    let made = clients
        .entry(name)
        .or_insert_with(|| xtask(&["client", name]));
    made.clone()
        .unwrap_or_else(|| panic!("`cargo xtask client {name}` failed, so nothing was tested"))
}

/// What an xtask makes: the path that it prints. None, where it fails and says why.
fn xtask(args: &[&str]) -> Option<PathBuf> {
    let output = cargo::command()
        .args(["run", "--quiet", "--package", "xtask", "--"])
        .args(args)
        .output()
        .expect("cargo can be started");
    let printed = String::from_utf8(output.stdout).expect("a path in UTF-8");
    output
        .status
        .success()
        .then(|| PathBuf::from(printed.trim()))
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
