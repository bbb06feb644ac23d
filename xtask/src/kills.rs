//! `cargo xtask kills`: a server that is killed under load, more often than an ordinary run of the
//! tests has time for.

use anyhow::{Context as _, Result, bail};

use crate::{py, run};

/// How often where nobody says it.
const KILLS: u64 = 1_000;

/// The test that does it.
const TEST: &str = "kills::a_killed_server_has_lost_nothing_that_it_acknowledged";

/// Runs it in a release build. Fails if a row is lost that was acknowledged.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let kills: u64 = match args {
        [] => KILLS,
        [kills] => kills
            .parse()
            .with_context(|| format!("{kills:?} is no number of kills"))?,
        _ => bail!("usage: cargo xtask kills [N]"),
    };
    let mut test = run::cargo(&["test", "--locked", "--release", "-p", "zb-tests"]);
    test.args(["--test", "it", "--", "--exact", TEST, "--nocapture"])
        .env("ZB_KILLS", kills.to_string())
        .env(py::VARIABLE, py::interpreter()?);
    run::stream(&mut test)
}
