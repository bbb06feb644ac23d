//! `cargo xtask bench python`: the Python package beside the official SDK.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{py, run, wheel};

/// What it is compared with, in an environment of its own.
const REQUIREMENTS: &str = "bindings/python/benches/requirements.txt";

/// Builds what is measured, installs the others, and runs the benchmark.
pub(super) fn run() -> Result<()> {
    run::stream(&mut run::cargo(&[
        "build",
        "--release",
        "-p",
        "zb-cli",
        "--locked",
    ]))?;
    let wheel = wheel::build()?;
    let venv = PathBuf::from("target/bench-venv");
    py::make(&venv, &[REQUIREMENTS])?;
    let python = run::root().join(&venv).join("bin/python");
    py::pip(&python, &["--no-deps", &wheel.to_string_lossy()])?;
    let written = run::root().join("target/bench/python.json");
    fs::create_dir_all(written.parent().context("a file lies in a directory")?)?;
    let args = ["bindings/python/benches/send.py", "--json"];
    run::stream(run::program(&python, &args).arg(written))
}
