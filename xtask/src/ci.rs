//! `cargo xtask ci`: all that a change must pass, in order, each step timed.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    alone, apt, audit, book, clients, crates, deny, extras, fuzz, layers, memcheck, minimal,
    package, py, run,
};

/// Features that nothing in the workspace turns on, so that their code is checked, too.
pub(crate) const FEATURES: &str = "zb-convert/rayon,zb-core/telemetry-arrow,zb-telemetry/arrow";

/// A step: what it is called, and what it does.
type Step = (&'static str, fn() -> Result<()>);

/// Cheap steps first: a mistake in formatting should not cost a build.
const STEPS: &[Step] = &[
    ("format", format),
    ("layers", layers::run),
    ("deny", deny::run),
    ("audit", audit::run),
    ("minimal", minimal::briefly),
    ("clippy", clippy),
    ("build", build),
    ("python", py::run),
    ("clients", all_clients),
    ("tests", tests),
    ("package", package::test),
    ("book", book::check),
    ("memcheck", memcheck::briefly),
    ("fuzz", fuzz::briefly),
    ("extras", extras::run),
    ("alone", alone_checked),
    ("crates", crates::briefly),
    ("docs", docs),
    ("oracle", oracle),
];

/// Runs the steps up to the first that fails, and prints how long each took.
/// With `from`, those before the step of that name are left out.
pub(crate) fn run(from: Option<&str>) -> Result<()> {
    let mut taken = Vec::new();
    let mut failure = None;
    let first = match from {
        None => 0,
        Some(from) => STEPS
            .iter()
            .position(|(name, _)| *name == from)
            .with_context(|| format!("{from} is no step"))?,
    };
    for (name, step) in &STEPS[first..] {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = step();
        taken.push((*name, start.elapsed()));
        if let Err(error) = result {
            failure = Some((*name, error));
            break;
        }
    }
    println!(
        "\n{}",
        table(&taken, failure.as_ref().map(|(name, _)| *name))
    );
    match failure {
        None => Ok(()),
        Some((name, error)) => bail!("{name}: {error:#}"),
    }
}

fn format() -> Result<()> {
    run::stream(&mut run::cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    run::stream(&mut run::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--features",
        FEATURES,
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// The program `zb`, the native half of the Python package and all tests, in one go: so all have the
/// same features, and what the tests end to end run is what is built here.
fn build() -> Result<()> {
    run::stream(&mut run::cargo(&[
        "build",
        "--workspace",
        "--lib",
        "--bin",
        "zb",
        "--tests",
        "--features",
        FEATURES,
        "--locked",
    ]))
}

fn all_clients() -> Result<()> {
    clients::run(None)
}

/// What some tests skip themselves without.
fn tests() -> Result<()> {
    if !Path::new("/usr/lib/x86_64-linux-gnu/faketime").exists()
        && let Err(error) = apt::install("a test sets the clock back", &["libfaketime"])
    {
        println!("that test will be skipped: {error:#}");
    }
    if !run::succeeds(&mut run::program("chromium", &["--version"]))
        && let Err(error) = apt::install("tests look at a page", &["chromium"])
    {
        println!("these tests will be skipped: {error:#}");
    }
    let workspace = ["test", "--workspace", "--features", FEATURES, "--locked"];
    let mut test = run::cargo(&workspace);
    run::stream(test.env(py::VARIABLE, py::interpreter()?))
}

/// Not with its tests, which would be a build of its own for each crate.
fn alone_checked() -> Result<()> {
    alone::run(&[])
}

fn docs() -> Result<()> {
    let mut doc = run::cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    run::stream(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The tests of the tests: the oracle must see what is wrong with a table.
fn oracle() -> Result<()> {
    let python = py::interpreter()?;
    let args = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/python",
    ];
    run::stream(&mut run::program(python, &args))
}

/// The closing table; steps that were not reached are in it too.
fn table(taken: &[(&str, Duration)], failed: Option<&str>) -> String {
    let mut lines = vec![format!("{:<10}{:>8}", "step", "seconds")];
    for (name, _) in STEPS {
        let line = match taken.iter().find(|(ran, _)| ran == name) {
            Some((_, time)) => {
                let verdict = if failed == Some(name) { "FAILED" } else { "OK" };
                format!("{name:<10}{:>8.1}  {verdict}", time.as_secs_f64())
            }
            None => format!("{name:<10}{:>8}  not run", "-"),
        };
        lines.push(line);
    }
    let total: Duration = taken.iter().map(|(_, time)| *time).sum();
    lines.push(format!("{:<10}{:>8.1}", "total", total.as_secs_f64()));
    lines.join("\n")
}

#[cfg(test)]
mod tests_of_the_table {
    use super::*;

    #[test]
    fn every_step_has_a_line_and_the_failed_one_is_marked() {
        let taken = [
            ("format", Duration::from_millis(1200)),
            ("layers", Duration::from_secs(2)),
        ];
        let table = table(&taken, Some("layers"));
        assert_eq!(table.lines().count(), STEPS.len() + 2);
        assert!(table.contains("format         1.2  OK"), "{table}");
        assert!(table.contains("layers         2.0  FAILED"), "{table}");
        assert!(table.contains("tests            -  not run"), "{table}");
        assert!(table.contains("total          3.2"), "{table}");
    }
}
