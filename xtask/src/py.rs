//! `cargo xtask py`: the Python of the tests, a virtual environment in `target/venv`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{apt, run};

/// The environment variable by which tests learn of the interpreter.
pub(crate) const VARIABLE: &str = "ZB_TEST_PYTHON";

/// What is installed into the environment, pinned.
const REQUIREMENTS: &str = "tests/python/requirements.txt";

/// Makes the environment and prints the path of its interpreter.
pub(crate) fn run() -> Result<()> {
    println!("{}", interpreter()?.display());
    Ok(())
}

/// The interpreter, after the environment was made or brought up to date where that is needed.
pub(crate) fn interpreter() -> Result<PathBuf> {
    let root = run::root();
    let venv = root.join("target/venv");
    let python = venv.join("bin/python");
    let wanted = fs::read_to_string(root.join(REQUIREMENTS))
        .with_context(|| format!("cannot read {REQUIREMENTS}"))?;

    // The stamp is written last: an interrupted installation is done again.
    let stamp = venv.join("installed.txt");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if !run::succeeds(&mut run::program(
        "python3",
        &["-c", "import ensurepip, venv"],
    )) {
        apt::install(
            "python3 cannot make virtual environments",
            &["python3-venv"],
        )?;
    }
    quietly("python3", &["-m", "venv", "--clear", "target/venv"])?;
    let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
    quietly(
        &python.to_string_lossy(),
        &[&pip[..], &[REQUIREMENTS]].concat(),
    )?;
    fs::write(&stamp, wanted).context("cannot write into target/venv")?;
    Ok(python)
}

/// Standard output is for the path alone.
fn quietly(program: &str, args: &[&str]) -> Result<()> {
    let mut command = run::program(program, args);
    eprintln!("$ {}", run::show(&command));
    eprint!("{}", run::output(&mut command)?);
    Ok(())
}
