//! `cargo xtask wheel`: the wheel and the source distribution, as a user would install them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{licences, msrv, py, run, zig};

/// What builds the wheel, and the linker that knows the symbols of old C libraries.
const TOOLS: [&str; 2] = ["maturin==1.16.0", zig::ZIG];

/// Where wheels are put.
const WHEELS: &str = "target/wheels";

/// The lowest glibc that the wheel must be content with: 2.17, which is the lowest that Rust itself is.
const POLICY: &str = "manylinux2014";

/// What lies in every wheel and every source distribution, beside the code.
const LICENCES: [&str; 2] = ["LICENSE", licences::FILE];

/// The five lines of the README.
const QUICK_START: &str = r#"
import sys
import pyarrow as pa
import zerobus_arrow as za

with za.Client.local(sys.argv[1]) as client:
    receipt = client.send("main.default.readings", pa.table({"celsius": [21.5, 19.0]}))
print(receipt.durable)
"#;

/// Builds a wheel for release, installs it into an empty environment and runs the quick start there;
/// makes a source distribution, and a wheel from that.
pub(crate) fn run() -> Result<()> {
    let wheel = build()?;
    println!(
        "{} ({} KiB)",
        wheel.display(),
        fs::metadata(&wheel)?.len() / 1024
    );
    try_out(&wheel)?;
    let python = py::interpreter()?;
    has_licences(&python, "zipfile", &wheel)?;
    let sdist = source(&python)?;
    from_source(&python, &sdist, "release").map(drop)
}

/// The same where there is no time to optimize: the source distribution, a wheel from that, and the quick
/// start in an empty environment.
pub(crate) fn briefly() -> Result<()> {
    let python = prepared()?;
    let sdist = source(&python)?;
    let wheel = from_source(&python, &sdist, "dev")?;
    has_licences(&python, "zipfile", &wheel)?;
    try_out(&wheel)
}

/// Makes the source distribution.
pub(crate) fn source(python: &Path) -> Result<PathBuf> {
    maturin(python, &["sdist"])?;
    let sdist = only(&run::root().join(WHEELS), "gz")?;
    has_licences(python, "tarfile", &sdist)?;
    Ok(sdist)
}

/// Whoever gets an archive gets the licences of what is in it. `reader` is Python's module for its kind.
fn has_licences(python: &Path, reader: &str, archive: &Path) -> Result<()> {
    let archive = archive.to_string_lossy();
    let files = run::output(&mut run::program(python, &["-m", reader, "-l", &*archive]))?;
    for licence in LICENCES {
        let ends = |word: &str| word.rsplit('/').next() == Some(licence);
        if !files.split_whitespace().any(ends) {
            bail!("{archive} has no {licence}");
        }
    }
    Ok(())
}

/// The Python that builds wheels, all that it needs being there, and no wheel of before.
fn prepared() -> Result<PathBuf> {
    let python = py::interpreter()?;
    py::pip(&python, &TOOLS)?;
    let list = run::root().join("bindings/python").join(licences::FILE);
    licences::write("zerobus-arrow", &list)?;
    let out = run::root().join(WHEELS);
    if out.exists() {
        fs::remove_dir_all(&out).context("cannot remove the wheels of before")?;
    }
    Ok(python)
}

/// Builds the wheel.
pub(crate) fn build() -> Result<PathBuf> {
    let python = prepared()?;
    let out = run::root().join(WHEELS);
    maturin(
        &python,
        &[
            "build",
            "--release",
            "--locked",
            "--compatibility",
            POLICY,
            "--zig",
            "--target",
            // Named, since zig links for a machine that is told.
            run::TRIPLE,
        ],
    )?;
    only(&out, "whl")
}

fn maturin(python: &Path, args: &[&str]) -> Result<()> {
    let out = run::root().join(WHEELS);
    let args: Vec<_> = ["-m", "maturin"].iter().chain(args).collect();
    let mut command = run::program(python, &args);
    command
        .arg("--out")
        .arg(out)
        .current_dir(run::root().join("bindings/python"))
        .env("PATH", zig::path(python)?);
    run::stream(&mut command)
}

/// The only file of a kind in a directory.
fn only(directory: &Path, ending: &str) -> Result<PathBuf> {
    let files = fs::read_dir(directory)?.map(|file| Ok(file?.path()));
    let files = files.collect::<Result<Vec<_>>>()?;
    let mut files = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|found| found == ending));
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        _ => bail!("there should be one .{ending} in {}", directory.display()),
    }
}

/// Installs the wheel where nothing else is, and runs the quick start.
fn try_out(wheel: &Path) -> Result<()> {
    let venv = run::root().join("target/wheel-venv");
    let path = venv.to_string_lossy();
    run::stream(&mut run::program(
        "python3",
        &["-m", "venv", "--clear", &*path],
    ))?;
    let python = venv.join("bin/python");
    py::pip(&python, &[&format!("{}[pyarrow]", wheel.display())])?;
    let lake = tempfile::tempdir()?;
    let lake = lake.path().to_string_lossy().into_owned();
    let mut start = run::program(&python, &["-c", QUICK_START, &*lake]);
    match run::output(&mut start)?.trim() {
        "2" => Ok(()),
        other => bail!("the quick start of the wheel printed {other:?}"),
    }
}

/// Makes a wheel of the source distribution, by pip, as it is done where there is no wheel.
fn from_source(python: &Path, sdist: &Path, profile: &str) -> Result<PathBuf> {
    let out = run::root().join(WHEELS).join(profile);
    let args = [
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
    ];
    let mut build = run::program(python, &args);
    build
        .arg(&out)
        .arg(sdist)
        // What was built for the wheel is used again. pip unpacks elsewhere, where no file names the
        // toolchain.
        .env("CARGO_TARGET_DIR", run::root().join("target"))
        .env(
            "MATURIN_PEP517_ARGS",
            format!("--profile {profile} --zig --target {}", run::TRIPLE),
        )
        // The program is for a machine; nobody steps through a wheel.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTUP_TOOLCHAIN", msrv::channel()?);
    run::stream(build.env("PATH", zig::path(python)?))?;
    only(&out, "whl")
}
