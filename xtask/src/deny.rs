//! `cargo xtask deny`: licences, banned crates, sources and advisories, as `deny.toml` says.

use std::path::PathBuf;

use anyhow::Result;

use crate::run;

const VERSION: &str = "0.20.2";

/// Installs cargo-deny below `target/` if it is not there, and runs it.
pub(crate) fn run() -> Result<()> {
    let deny = cargo_deny()?;
    run::stream(&mut run::program(
        &deny,
        &[
            "--locked",
            "check",
            "--hide-inclusion-graph",
            "bans",
            "licenses",
            "sources",
        ],
    ))?;

    // The advisories are a git repository far away, and the only check that needs one.
    let mut fetch = run::program(&deny, &["--locked", "fetch", "db"]);
    if !run::succeeds(fetch.env("GIT_TERMINAL_PROMPT", "0")) {
        println!("advisories skipped: the advisory database cannot be reached from here");
        return Ok(());
    }
    run::stream(&mut run::program(
        &deny,
        &[
            "--locked",
            "check",
            "--disable-fetch",
            "--hide-inclusion-graph",
            "advisories",
        ],
    ))
}

/// The program, of the version that reads `deny.toml` as it was written.
fn cargo_deny() -> Result<PathBuf> {
    let program = run::root().join("target/tools/bin/cargo-deny");
    let wanted = format!("cargo-deny {VERSION}");
    let installed = program.exists()
        && run::output(&mut run::program(&program, &["--version"]))
            .is_ok_and(|version| version.trim() == wanted);
    if !installed {
        let mut install = run::cargo(&["install", "--locked", "--force", "--quiet"]);
        install.args(["--root", "target/tools", "--version", VERSION, "cargo-deny"]);
        run::stream(&mut install)?;
    }
    Ok(program)
}
