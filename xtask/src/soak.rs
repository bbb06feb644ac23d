//! `cargo xtask soak`: a long load with random faults, and what became of every row.

use anyhow::{Context as _, Result, bail};

use crate::{py, run};

/// How long it takes where nobody says it.
const MINUTES: f64 = 5.0;

/// The test that does it, which an ordinary run of the tests leaves out.
const TEST: &str = "matrix::soak::soak";

/// Runs it in a release build. Fails if a row is lost, or unaccounted for.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let minutes = match args {
        [] => MINUTES,
        [minutes] => minutes
            .parse()
            .with_context(|| format!("{minutes:?} is no number of minutes"))?,
        _ => bail!("usage: cargo xtask soak [MINUTES]"),
    };
    if !(minutes > 0.0 && minutes < 10_000.0) {
        bail!("{minutes} minutes cannot be");
    }
    let mut soak = run::cargo(&["test", "--locked", "--release", "-p", "zb-tests"]);
    soak.args(["--test", "it", "--", "--exact", TEST])
        .args(["--ignored", "--nocapture"])
        .env(
            "ZB_SOAK_SECONDS",
            format!("{:.0}", (minutes * 60.0).max(1.0)),
        )
        .env(py::VARIABLE, py::interpreter()?);
    run::stream(&mut soak)
}
