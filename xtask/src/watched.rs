//! `cargo xtask watched`: what it costs a sender to be watched, counted in instructions.
//!
//! A clock would not see a difference of a hundredth. The programs are `crates/zb-core/examples/watched`,
//! and `crates/zb-ingest/examples/unwatched.rs`, which has neither mirrors nor telemetry in it.

use anyhow::{Context as _, Result, bail};

use crate::{apt, run};

/// What the watched one is told, compared with the other.
const MODES: [&str; 4] = ["off", "counted", "arrow", "proto"];

/// Instructions that nothing switched on may take over nothing there.
const ALLOWED: f64 = 1.01;

pub(crate) fn run() -> Result<()> {
    if !run::succeeds(&mut run::program("valgrind", &["--version"])) {
        apt::install("valgrind is missing", &["valgrind"])?;
    }
    build("zb-ingest", &["--example", "unwatched"])?;
    build(
        "zb-core",
        &["--no-default-features", "--example", "watched"],
    )?;
    let plain = count("unwatched", &[])?;
    println!("\n| what | instructions | over none |\n|---|---:|---:|\n| neither | {plain} | |");
    let mut off = 0.0;
    for mode in MODES {
        let count = count("watched", &[mode, "target/watched"])?;
        let ratio = count as f64 / plain as f64;
        if mode == "off" {
            off = ratio;
        }
        println!("| {mode} | {count} | {ratio:.4} |");
    }
    if off > ALLOWED {
        bail!("what is off costs {off:.4} times as much, over {ALLOWED}");
    }
    Ok(())
}

fn build(package: &str, example: &[&str]) -> Result<()> {
    let mut build = run::cargo(&["build", "--release", "--locked", "-p", package]);
    build.args(example).args(["--target-dir", "target"]);
    run::stream(&mut build)
}

fn count(example: &str, args: &[&str]) -> Result<u64> {
    let program = run::root().join("target/release/examples").join(example);
    let mut valgrind = run::program("valgrind", &["--tool=callgrind"]);
    valgrind
        .args(["--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(args);
    let output = valgrind.output().context("valgrind cannot be started")?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{example} {args:?}: {told}");
    }
    instructions(&told).with_context(|| format!("no count in: {told}"))
}

/// The count of `Collected : 123`.
fn instructions(told: &str) -> Option<u64> {
    let (_, after) = told.rsplit_once("Collected :")?;
    after.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        let told =
            "==1== Events    : Ir\n==1== Collected : 1234\n==1== \n==1== I   refs:      1,234";
        assert_eq!(instructions(told), Some(1234));
        assert_eq!(instructions("nothing"), None);
    }
}
