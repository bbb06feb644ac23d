//! `cargo xtask minimal`: built with the lowest versions that the manifests allow.
//!
//! Else a requirement may be lower than what is used of a dependency, and whoever has that version gets
//! errors of the compiler.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use crate::run;

/// A copy, since another lockfile is written.
const COPY: &str = "target/minimal";

/// Has the compiler look at all of it.
pub(crate) fn run() -> Result<()> {
    let copy = resolved()?;
    let mut check = run::cargo(&["check", "--workspace", "--lib", "--bins", "--locked"]);
    let target = run::root().join(COPY).join("build");
    run::stream(check.current_dir(&copy).arg("--target-dir").arg(target))
}

/// Only whether there are such versions together, as a step of continuous integration: it takes seconds.
pub(crate) fn briefly() -> Result<()> {
    resolved().map(drop)
}

/// A copy with the lockfile of the lowest versions.
fn resolved() -> Result<PathBuf> {
    let copy = run::root().join(COPY).join("source");
    copy_to(&copy)?;
    let mut update = run::cargo(&["update", "-Z", "direct-minimal-versions"]);
    // The flag is one of nightly's; the pinned toolchain takes it when it is told to.
    run::stream(update.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1"))?;
    Ok(copy)
}

/// Every file that git knows, as it is now.
fn copy_to(copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).context("cannot remove the copy of before")?;
    }
    let files = run::output(&mut run::program("git", &["ls-files", "-z"]))?;
    for file in files.split_terminator('\0') {
        let (from, to) = (run::root().join(file), copy.join(file));
        if !from.is_file() {
            continue;
        }
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::copy(&from, &to).with_context(|| file.to_owned())?;
    }
    Ok(())
}
