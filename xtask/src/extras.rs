//! `cargo xtask extras`: the crates of `extras/`, which cannot share the workspace's lockfile.

use anyhow::Result;

use crate::{apt, run};

/// Their manifests lie in directories of these names.
const CRATES: [&str; 1] = ["zb-telemetry-otlp-arrow"];

/// Formatting and tests of each, built below `target/extras`. Not clippy: it would check some 240
/// crates once more.
pub(crate) fn run() -> Result<()> {
    if !run::succeeds(&mut run::program("pkg-config", &["--exists", "openssl"])) {
        // The HTTP client of otlp-arrow-library links it.
        apt::install(
            "OpenSSL cannot be built with",
            &["libssl-dev", "pkg-config"],
        )?;
    }
    for name in CRATES {
        // In its directory, where `.cargo/config.toml` says which Python there is.
        let directory = run::root().join("extras").join(name);
        let target = run::root().join("target/extras");
        run::stream(run::cargo(&["fmt", "--check"]).current_dir(&directory))?;
        let mut test = run::cargo(&["test", "--locked"]);
        test.current_dir(&directory).env("CARGO_TARGET_DIR", target);
        run::stream(&mut test)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_crate_there_is_is_tested() {
        let entries = fs::read_dir(run::root().join("extras")).unwrap();
        let mut found: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, CRATES);
    }
}
