//! Cargo, as it is started from a shell.

use std::{
    env,
    process::{Command, Stdio},
};

use crate::root;

/// What cargo tells a test, and a build script of a dependency may ask for. Inherited, it would have
/// that script run again, and everything built anew that depends on it.
const OF_THIS_PACKAGE: [&str; 4] = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_CFG_", "OUT_DIR"];

/// A cargo in the root of the repository, whose messages are seen.
pub(crate) fn command() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).stderr(Stdio::inherit());
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| OF_THIS_PACKAGE.iter().any(|of| name.starts_with(of))) {
        cargo.env_remove(name);
    }
    cargo
}
