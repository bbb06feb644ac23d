//! AddressSanitizer, whose runtime comes with the toolchain.

use std::{path::Path, process::Command};

use crate::run::TRIPLE;

/// Has cargo build with AddressSanitizer and `flags`, in a directory of its own. The target is named, so
/// that build scripts and macros are built without the sanitizer.
///
/// The flag is one of nightly's; the pinned toolchain takes it when it is told to.
pub(crate) fn address<'a>(cargo: &'a mut Command, target: &Path, flags: &str) -> &'a mut Command {
    cargo
        .args(["--target", TRIPLE, "--target-dir"])
        .arg(target)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", format!("-Zsanitizer=address {flags}"))
}

/// Whether this machine is one for which all of it is known to work.
pub(crate) fn is_known_here() -> bool {
    cfg!(all(target_arch = "x86_64", target_os = "linux"))
}
