//! `cargo xtask watched`: what it costs a sender to be watched, counted in instructions.
//!
//! A clock would not see a difference of a hundredth. The program is `crates/zb-core/examples/watched.rs`.

use anyhow::{Context as _, Result, bail};

use crate::{apt, run};

/// What is compared with the first.
const MODES: [&str; 5] = ["plain", "off", "counted", "arrow", "proto"];

/// Instructions that a client with nothing switched on may take over a sender that knows of nothing.
const ALLOWED: f64 = 1.01;

pub(crate) fn run() -> Result<()> {
    if !run::succeeds(&mut run::program("valgrind", &["--version"])) {
        apt::install("valgrind is missing", &["valgrind"])?;
    }
    let program = "target/release/examples/watched";
    let mut build = run::cargo(&["build", "--release", "--locked", "-p", "zb-core"]);
    build.args(["--no-default-features", "--example", "watched"]);
    build.args(["--target-dir", "target"]);
    run::stream(&mut build)?;
    let directory = run::root().join("target/watched");
    let mut plain = None;
    println!("\n| what | instructions | over plain |\n|---|---:|---:|");
    let mut off = 0.0;
    for mode in MODES {
        let mut valgrind = run::program("valgrind", &["--tool=callgrind"]);
        valgrind.arg("--callgrind-out-file=/dev/null");
        valgrind.arg(run::root().join(program)).arg(mode);
        valgrind.arg(&directory);
        let output = valgrind.output().context("valgrind cannot be started")?;
        let told = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("{mode}: {told}");
        }
        let count = instructions(&told).with_context(|| format!("no count in: {told}"))?;
        let ratio = count as f64 / *plain.get_or_insert(count) as f64;
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
