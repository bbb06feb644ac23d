//! `cargo xtask py`: the Python of the tests, a virtual environment in `target/venv`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::{apt, run};

/// The environment variable by which tests learn of the interpreter.
pub(crate) const VARIABLE: &str = "ZB_TEST_PYTHON";

/// What is installed into the environment, pinned.
const REQUIREMENTS: [&str; 3] = [
    "tests/python/requirements.txt",
    "bindings/python/tests/requirements.txt",
    "bindings/python/tests/engines.txt",
];

/// The OpenTelemetry collector, pinned by its hash, which is for one kind of machine.
const COLLECTOR: &str = "tests/python/collector.txt";

/// Makes the environment and prints the path of its interpreter.
pub(crate) fn run() -> Result<()> {
    println!("{}", interpreter()?.display());
    Ok(())
}

/// The interpreter, after the environment was made or brought up to date where that is needed.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let venv = run::root().join("target/venv");
    let python = venv.join("bin/python");
    let wanted: String = REQUIREMENTS.into_iter().map(read).collect::<Result<_>>()?;

    // The stamp is written last: an interrupted installation is done again.
    let stamp = venv.join("installed.txt");
    if !(python.exists() && is(&stamp, &wanted)) {
        make(Path::new("target/venv"), &REQUIREMENTS)?;
        fs::write(&stamp, wanted).context("cannot write into target/venv")?;
    }
    let wanted = read(COLLECTOR)?;
    let stamp = venv.join("collector.txt");
    if !is(&stamp, &wanted) {
        // Other tests do without it; those that do not say so.
        match collector(&python) {
            Ok(()) => fs::write(&stamp, wanted).context("cannot write into target/venv")?,
            Err(error) => eprintln!("there is no collector for this machine: {error:#}"),
        }
    }
    Ok(python)
}

fn read(requirements: &str) -> Result<String> {
    let path = run::root().join(requirements);
    fs::read_to_string(path).with_context(|| format!("cannot read {requirements}"))
}

fn is(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|installed| installed == wanted)
}

/// Makes an environment anew, below the root, with what files of requirements name.
pub(crate) fn make(venv: &Path, requirements: &[&str]) -> Result<()> {
    if !run::succeeds(&mut run::program(
        "python3",
        &["-c", "import ensurepip, venv"],
    )) {
        apt::install(
            "python3 cannot make virtual environments",
            &["python3-venv"],
        )?;
    }
    quietly(
        "python3",
        &["-m", "venv", "--clear", &venv.to_string_lossy()],
    )?;
    let python = run::root().join(venv).join("bin/python");
    let files = requirements
        .iter()
        .flat_map(|file| ["--requirement", *file]);
    pip(&python, &files.collect::<Vec<_>>())
}

/// Only the program in the package is used, which needs none of the packages that its Python needs.
/// What is installed already has no hash that could be looked at, so it is installed again.
fn collector(python: &Path) -> Result<()> {
    let pinned = ["--force-reinstall", "--no-deps", "--require-hashes"];
    pip(
        python,
        &[&pinned[..], &["--requirement", COLLECTOR]].concat(),
    )
}

/// Installs with the pip of `python`.
pub(crate) fn pip(python: &Path, args: &[&str]) -> Result<()> {
    // Without a network this is over soon.
    let patience = ["--timeout", "15", "--retries", "2"];
    let install = [&["-m", "pip", "install", "--quiet"], &patience[..]].concat();
    quietly(&python.to_string_lossy(), &[&install[..], args].concat())
}

/// Standard output is for the path alone.
fn quietly(program: &str, args: &[&str]) -> Result<()> {
    let mut command = run::program(program, args);
    eprintln!("$ {}", run::show(&command));
    eprint!("{}", run::output(&mut command)?);
    Ok(())
}
