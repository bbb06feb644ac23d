//! `cargo xtask semver`: what has changed in public since the last release, and whether the version says so.

use anyhow::Result;

use crate::{
    members::members,
    run,
    tools::{self, Tool},
};

const CARGO_SEMVER_CHECKS: Tool = Tool {
    name: "cargo-semver-checks",
    version: "0.51.0",
    flags: &[],
};

/// Compares every library with that of the last tag (cargo-semver-checks). Without a tag there is nothing
/// to compare with, and that is said.
pub(crate) fn run() -> Result<()> {
    let Some(tag) = last_tag() else {
        println!("semver: there is no tag yet, and nothing to compare with");
        return Ok(());
    };
    let tool = tools::installed(&CARGO_SEMVER_CHECKS)?;
    for member in members()?.iter().filter(|member| !member.is_program) {
        let mut check = run::program(&tool, &["semver-checks", "--baseline-rev", &tag]);
        run::stream(check.args(["--package", &member.name]))?;
    }
    Ok(())
}

/// The tag of the last release before this commit.
fn last_tag() -> Option<String> {
    let describe = ["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"];
    if !run::succeeds(&mut run::program("git", &describe)) {
        return None;
    }
    let tag = run::output(&mut run::program("git", &describe)).ok()?;
    Some(tag.trim().to_owned())
}
