//! Debian packages, where something is missing and we may install it.

use anyhow::{Result, bail};

use crate::run;

/// Installs packages with `apt-get`, as root on Debian and its kin; elsewhere says what is missing.
pub(crate) fn install(why: &str, packages: &[&str]) -> Result<()> {
    let wanted = packages.join(" ");
    let root = run::output(&mut run::program("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || !run::succeeds(&mut run::program("apt-get", &["--version"])) {
        bail!("{why}: install it first (on Debian: apt-get install {wanted})");
    }
    eprintln!("{why}: installing {wanted}");
    run::stream(&mut run::program("apt-get", &["update", "-q"]))?;
    let mut install = run::program(
        "apt-get",
        &["install", "-q", "-y", "--no-install-recommends"],
    );
    run::stream(
        install
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
