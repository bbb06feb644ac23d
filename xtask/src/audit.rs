//! `cargo xtask audit`: known advisories against what is in the lockfiles (cargo-audit).
//!
//! cargo-deny looks for the same in the graph of the workspace; this looks at every lockfile there is, those
//! of `fuzz/` and `extras/` among them. What is ignored is said in a `deny.toml` beside the lockfile, and with
//! a reason.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    run,
    tools::{self, Tool},
};

const CARGO_AUDIT: Tool = Tool {
    name: "cargo-audit",
    version: "0.22.2",
    flags: &[],
};

/// The advisories, a git repository.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";

/// The variable that names a directory with a clone of it, for where it cannot be reached.
const CLONE: &str = "ZB_ADVISORY_DB";

const LOCKFILES: [&str; 3] = [
    "Cargo.lock",
    "fuzz/Cargo.lock",
    "extras/zb-telemetry-otlp-arrow/Cargo.lock",
];

/// Installs cargo-audit below `target/` if it is not there, and runs it where the database can be reached.
pub(crate) fn run() -> Result<()> {
    let clone = env::var_os(CLONE).map(PathBuf::from);
    let mut reach = run::program("git", &["ls-remote", "--exit-code", DATABASE, "HEAD"]);
    if clone.is_none() && !run::succeeds(reach.env("GIT_TERMINAL_PROMPT", "0")) {
        println!("audit skipped: {DATABASE} cannot be reached from here; {CLONE} may name a clone");
        return Ok(());
    }
    let audit = cargo_audit()?;
    for file in LOCKFILES {
        let ignored = ignored_beside(file)?;
        run::stream(&mut look(&audit, clone.as_deref(), file, &ignored))?;
    }
    Ok(())
}

/// Yanked crates are looked for by cargo-deny, in the index that cargo has.
fn look(audit: &Path, clone: Option<&Path>, file: &str, ignored: &[String]) -> Command {
    let mut look = run::program(audit, &["audit", "--file", file, "--deny", "unsound"]);
    if let Some(clone) = clone {
        look.arg("--no-fetch").arg("--db").arg(clone);
    }
    look.args(ignored.iter().flat_map(|id| ["--ignore", id]));
    look
}

/// The advisories that are ignored for a lockfile: those of the `deny.toml` beside it, if there is one.
pub(crate) fn ignored_beside(lockfile: &str) -> Result<Vec<String>> {
    let deny = run::root().join(lockfile).with_file_name("deny.toml");
    if !deny.exists() {
        return Ok(Vec::new());
    }
    ignored(&fs::read_to_string(&deny)?).with_context(|| deny.display().to_string())
}

/// The advisories that a `deny.toml` ignores.
///
/// # Errors
///
/// If one of them has no reason beside it.
fn ignored(deny: &str) -> Result<Vec<String>> {
    let deny: toml::Table = toml::from_str(deny).context("deny.toml is not TOML")?;
    let advisories = deny.get("advisories").and_then(|of| of.get("ignore"));
    let entries = advisories.and_then(toml::Value::as_array);
    let entries = entries.into_iter().flatten().map(|entry| {
        let said = |key| entry.get(key).and_then(toml::Value::as_str);
        match (said("id"), said("reason")) {
            (Some(id), Some(reason)) if !reason.trim().is_empty() => Ok(id.to_owned()),
            _ => bail!("deny.toml ignores {entry} without a reason"),
        }
    });
    entries.collect()
}

fn cargo_audit() -> Result<PathBuf> {
    tools::installed(&CARGO_AUDIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_has_a_reason() {
        let entry = |entry: &str| ignored(&format!("[advisories]\nignore = [{entry}]\n"));
        let good = r#"{ id = "RUSTSEC-2024-0001", reason = "not reached" }"#;
        assert_eq!(entry(good).unwrap(), ["RUSTSEC-2024-0001"]);
        assert!(entry("").unwrap().is_empty());
        for bad in [
            r#""RUSTSEC-2024-0001""#,
            r#"{ id = "RUSTSEC-2024-0001" }"#,
            r#"{ id = "RUSTSEC-2024-0001", reason = " " }"#,
        ] {
            assert!(entry(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_advisory_that_is_ignored_here_has_a_reason() {
        for file in LOCKFILES {
            ignored_beside(file).unwrap();
        }
    }

    #[test]
    fn every_lockfile_is_looked_at() {
        let tracked = run::output(&mut run::program("git", &["ls-files", "*Cargo.lock"])).unwrap();
        let tracked: Vec<_> = tracked.lines().collect();
        let mut known = LOCKFILES.to_vec();
        known.sort_unstable();
        assert_eq!(tracked, known);
    }
}
