//! Other programs, run from the root of the repository.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// The machine that releases are made for, and that sanitizers are known to work on.
pub(crate) const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo says at run time where the manifest is; the path at build time is for direct calls.
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest
        .parent()
        .map_or(manifest.clone(), Path::to_path_buf)
}

/// What cargo tells this program about its package, and a build script of a dependency may ask for.
/// A cargo that inherits it would run that script again, and build everything anew that depends on
/// it. (`tests/src/cargo.rs` does the same for tests.)
const OF_THIS_PACKAGE: [&str; 4] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_CFG_", "OUT_DIR"];

/// A program with its arguments, to be run in the root as if from a shell: it may start a cargo.
pub(crate) fn program<A: AsRef<OsStr>>(name: impl AsRef<OsStr>, args: &[A]) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(root());
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| OF_THIS_PACKAGE.iter().any(|of| name.starts_with(of))) {
        command.env_remove(name);
    }
    command
}

/// The cargo that runs this program.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: &[A]) -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args)
}

/// Shows the command, runs it with its output unchanged, and fails if it does.
pub(crate) fn stream(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Runs a command for what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed: {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))
}

/// Whether a command can be started and succeeds; what it prints is of no interest.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// `cargo metadata`, with the dependencies that the lockfile resolves.
pub(crate) fn metadata() -> Result<Value> {
    let json = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]))?;
    serde_json::from_str(&json).context("cargo metadata printed no JSON")
}

/// A command as a person would type it, without the directory of the program.
pub(crate) fn show(command: &Command) -> String {
    let name = Path::new(command.get_program());
    let name = name.file_name().unwrap_or(name.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
