//! `cargo xtask fuzz [SECONDS] [TARGET]`: zb-convert before bytes nobody vouches for.
//!
//! The targets lie in `fuzz/` as cargo-fuzz lays them out. They are built here without it: all that
//! it adds are the flags below, and the pinned toolchain takes them when it is told to.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::{run, sanitizer};

const TARGETS: [&str; 3] = ["decode", "encode", "plan"];

/// Seconds for each target, if none are said.
const SECONDS: u64 = 20;

/// What libFuzzer wants to know of the program: which edges were taken, and what was compared.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 --cfg fuzzing";

/// What a target may take, in MiB; a larger allocation is a finding as well.
const MEMORY: &str = "-rss_limit_mb=2048";

/// All targets on the inputs that are kept, as a step of continuous integration: what it finds does
/// not depend on chance.
pub(crate) fn briefly() -> Result<()> {
    each(&TARGETS, "-runs=0")
}

/// Runs one target or all of them, each for so many seconds, and fails at the first crash.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (mut seconds, mut targets) = (SECONDS, TARGETS.to_vec());
    for arg in args {
        if let Ok(number) = arg.parse() {
            seconds = number;
        } else if let Some(target) = TARGETS.iter().find(|target| *target == arg) {
            targets = vec![target];
        } else {
            let known = TARGETS.join(", ");
            bail!("{arg} is neither a number of seconds nor a target; the targets are {known}");
        }
    }
    each(&targets, &format!("-max_total_time={seconds}"))
}

/// Runs targets until the `limit`, an option of libFuzzer.
fn each(targets: &[&str], limit: &str) -> Result<()> {
    if !sanitizer::is_known_here() {
        println!("fuzz skipped: it is for x86-64 and Linux");
        return Ok(());
    }
    build()?;
    targets.iter().try_for_each(|target| fuzz(target, limit))
}

fn build() -> Result<()> {
    let mut build = run::cargo(&["build", "--manifest-path", "fuzz/Cargo.toml", "--bins"]);
    build.args(["--release", "--locked"]);
    run::stream(sanitizer::address(&mut build, &directory(), COVERAGE))
}

fn directory() -> PathBuf {
    run::root().join("target/fuzz")
}

/// New inputs go below `target`; `fuzz/corpus` holds what is kept.
fn fuzz(target: &str, limit: &str) -> Result<()> {
    let program = directory().join(run::TRIPLE).join("release").join(target);
    let found = directory().join("corpus").join(target);
    let crashes = directory().join("artifacts").join(target);
    for made in [&found, &crashes] {
        fs::create_dir_all(made).with_context(|| format!("cannot make {}", made.display()))?;
    }
    let kept = Path::new("fuzz/corpus").join(target);
    let artifacts = format!("-artifact_prefix={}/", crashes.display());
    let mut fuzzer = run::program(program, &[&found, &kept]);
    fuzzer.args([
        limit,
        &artifacts,
        MEMORY,
        "-print_final_stats=1",
        "-verbosity=0",
    ]);
    report(target, &mut fuzzer)
}

/// Runs the fuzzer, shows what it says about a crash, and how much it has done. Its progress, its
/// dictionary and its other statistics are left out.
fn report(target: &str, fuzzer: &mut Command) -> Result<()> {
    let start = Instant::now();
    let mut child = fuzzer
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start the target {target}"))?;
    let (mut executions, mut input) = (0, None);
    for line in BufReader::new(child.stderr.take().context("stderr is piped")?).split(b'\n') {
        let line = line.context("the fuzzer cannot be read")?;
        let line = String::from_utf8_lossy(&line);
        if let Some(count) = statistic(&line, "number_of_executed_units") {
            executions = count;
        } else if !line.starts_with("stat::") && !line.starts_with(['#', '"']) {
            eprintln!("{line}");
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            input = Some(path.to_owned());
        }
    }
    let status = child.wait().context("the fuzzer cannot be waited for")?;
    if !status.success() {
        let input = input.as_deref().unwrap_or("not written");
        bail!("the target {target} failed ({status}); the input: {input}");
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("fuzz {target}: {executions} executions in {seconds:.0} s, no crash");
    Ok(())
}

/// A line such as `stat::number_of_executed_units: 1234`.
fn statistic(line: &str, name: &str) -> Option<u64> {
    let (found, value) = line.strip_prefix("stat::")?.split_once(':')?;
    (found == name).then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_told_from_other_lines() {
        let line = "stat::number_of_executed_units: 292327";
        assert_eq!(statistic(line, "number_of_executed_units"), Some(292_327));
        assert_eq!(statistic(line, "peak_rss_mb"), None);
        assert_eq!(
            statistic("#12 NEW cov: 3", "number_of_executed_units"),
            None
        );
    }

    #[test]
    fn every_target_is_one_of_the_manifest() {
        let manifest = fs::read_to_string(run::root().join("fuzz/Cargo.toml")).unwrap();
        let bins = manifest.matches("[[bin]]").count();
        assert_eq!(bins, TARGETS.len());
        for target in TARGETS {
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
        }
    }
}
