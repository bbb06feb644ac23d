//! `cargo xtask package`: the Python package as it was built last, in `target/python`, and its tests.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{py, run};

/// Where Python finds the package.
const PLACE: &str = "target/python";

/// Builds the package, makes it ready to be imported, and prints where it lies.
pub(crate) fn run() -> Result<()> {
    run::stream(&mut run::cargo(&[
        "build",
        "--workspace",
        "--lib",
        "--locked",
    ]))?;
    println!("{}", assemble()?.display());
    Ok(())
}

/// Formatting, types and behaviour of the package that was built before.
pub(crate) fn test() -> Result<()> {
    let python = py::interpreter()?;
    let place = assemble()?;
    let package = run::root().join("bindings/python");
    for check in [&["check"][..], &["format", "--check"]] {
        let args = [&["-m", "ruff"][..], check, &["--no-cache", "."]].concat();
        run::stream(run::program(&python, &args).current_dir(&package))?;
    }
    // Whatever hangs says where, and ends.
    let args = [
        "-m",
        "pytest",
        "-q",
        "--timeout",
        "300",
        "--durations",
        "10",
    ];
    let mut tests = run::program(&python, &args);
    tests
        .current_dir(&package)
        .env("PYTHONPATH", place)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("ZB_PROGRAM", run::root().join("target/debug/zb"));
    run::stream(&mut tests)
}

/// Puts the sources in Python and the library that was built last into one directory.
pub(crate) fn assemble() -> Result<PathBuf> {
    let place = run::root().join(PLACE);
    let package = place.join("zerobus_arrow");
    if package.exists() {
        fs::remove_dir_all(&package).context("cannot remove what target/python held")?;
    }
    fs::create_dir_all(&package).context("cannot write into target/python")?;
    let sources = run::root().join("bindings/python/python/zerobus_arrow");
    for file in fs::read_dir(&sources).context("cannot read the sources of the package")? {
        let path = file?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, package.join(name))?;
        }
    }
    let library = run::root().join("target/debug").join(format!(
        "{}zerobus_arrow{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    ));
    fs::copy(&library, package.join("_native.abi3.so"))
        .with_context(|| format!("{} was not built", library.display()))?;
    Ok(place)
}
