//! Zig as the linker: it brings the C libraries of other machines along, old ones and musl.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{py, run};

/// The linker, from Python's package index.
pub(crate) const ZIG: &str = "ziglang==0.17.1";

/// What lets cargo use it.
const ZIGBUILD: &str = "cargo-zigbuild==0.24.0";

/// A program for it needs nothing of the machine that it runs on.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// Where there is no standard library for musl: the lowest glibc that Rust itself has.
const OLD_GLIBC: &str = "x86_64-unknown-linux-gnu.2.17";

/// Builds a program for release, and gives the machine that it is for and where it is.
pub(crate) fn build_program(python: &Path, package: &str, bin: &str) -> Result<(String, PathBuf)> {
    py::pip(python, &[ZIG, ZIGBUILD])?;
    let musl = run::succeeds(&mut run::program("rustup", &["target", "add", MUSL]));
    let target = if musl { MUSL } else { OLD_GLIBC };
    if !musl {
        println!("{MUSL} is not to be had here: {bin} is built for {OLD_GLIBC}");
    }
    let mut build = run::cargo(&["zigbuild", "--release", "--locked", "--target", target]);
    build.args(["--package", package, "--bin", bin, "--target-dir", "target"]);
    run::stream(build.env("PATH", path(python)?))?;
    let triple = target.strip_suffix(".2.17").unwrap_or(target);
    let built = run::root()
        .join("target")
        .join(triple)
        .join("release")
        .join(bin);
    if musl && is_dynamic(&fs::read(&built)?)? {
        bail!("{} is linked dynamically", built.display());
    }
    Ok((target.to_owned(), built))
}

/// Where programs are looked for: those in the environment of `python` are found first.
pub(crate) fn path(python: &Path) -> Result<OsString> {
    let bin = python
        .parent()
        .context("an interpreter lies in a directory")?;
    let others = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(bin.to_path_buf()).chain(env::split_paths(&others));
    Ok(env::join_paths(all)?)
}

/// Whether a program for 64 bits asks for a dynamic linker.
fn is_dynamic(program: &[u8]) -> Result<bool> {
    const INTERPRETER: u64 = 3;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let bytes = program.get(at..at.checked_add(bytes)?)?;
        let value = bytes.iter().rev();
        Some(value.fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let headers = || {
        // The ELF header says where the program headers are, how long one is and how many there are.
        let (start, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kinds = (0..count).map(|n| number(usize::try_from(start + n * size).ok()?, 4));
        kinds.collect::<Option<Vec<_>>>()
    };
    let is_elf = program.starts_with(b"\x7fELF\x02\x01");
    let kinds = is_elf.then(headers).flatten();
    let kinds = kinds.context("this is no program for 64 bits")?;
    Ok(kinds.contains(&INTERPRETER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_linker_is_seen() {
        // The tests themselves are linked dynamically.
        let own = fs::read(env::current_exe().unwrap()).unwrap();
        assert!(is_dynamic(&own).unwrap());
        let mut header = [0_u8; 64 + 56];
        header[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (header[32], header[54], header[56], header[64]) = (64, 56, 1, 1);
        assert!(!is_dynamic(&header).unwrap());
        header[64] = 3;
        assert!(is_dynamic(&header).unwrap());
        assert!(is_dynamic(b"#!/bin/sh").is_err());
        assert!(is_dynamic(&header[..100]).is_ok() && is_dynamic(&header[..60]).is_err());
    }
}
