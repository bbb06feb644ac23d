//! `cargo xtask deny`: licences, banned crates, sources and advisories, as `deny.toml` says.

use anyhow::Result;

use crate::{
    audit, run,
    tools::{self, Tool},
};

/// Of the version that reads `deny.toml` as it was written.
const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    flags: &[],
};

/// Installs cargo-deny below `target/` if it is not there, and runs it.
pub(crate) fn run() -> Result<()> {
    audit::ignored_beside("Cargo.lock")?;
    let deny = tools::installed(&CARGO_DENY)?;
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
