//! `cargo xtask alone [test] [CRATE]`: each crate by itself, with as few features as it has.
//!
//! In the workspace all crates are built with the features that any of them wants of a dependency, so that
//! one that lacks a feature is not found out. Here each is asked for on its own.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{
    members::{Member, members},
    run,
};

/// Features differ with each crate, and so does what is built: not beside what others use.
const TARGET: &str = "target/alone";

/// Checks every crate, or those that are named; `test` runs their tests, doc tests and examples, too.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (testing, named) = match args.split_first() {
        Some((first, rest)) if first == "test" => (true, rest),
        _ => (false, args),
    };
    let mut chosen = members()?;
    if let Some(unknown) = named
        .iter()
        .find(|name| chosen.iter().all(|one| one.name != **name))
    {
        bail!("there is no crate {unknown} in crates/");
    }
    chosen.retain(|member| named.is_empty() || named.contains(&member.name));
    let mut taken = Vec::new();
    for member in &chosen {
        let start = Instant::now();
        alone(member, testing)?;
        taken.push((member.name.as_str(), start.elapsed()));
    }
    println!("\n{}", table(&taken));
    Ok(())
}

fn alone(member: &Member, testing: bool) -> Result<()> {
    let kind = if member.is_program { "--bins" } else { "--lib" };
    cargo(member, &["check", kind, "--no-default-features"])?;
    if member.has_default_features {
        cargo(member, &["check", kind])?;
    }
    if !testing {
        return cargo(member, &["check", "--tests", "--examples"]);
    }
    cargo(member, &["test"])?;
    member.examples.iter().try_for_each(|example| {
        // What is measured has a command of its own, and takes arguments.
        if example.ends_with("watched") {
            return Ok(());
        }
        cargo(member, &["run", "--example", example])
    })
}

fn cargo(member: &Member, args: &[&str]) -> Result<()> {
    let mut cargo = run::cargo(args);
    cargo.args([
        "--locked",
        "--package",
        &member.name,
        "--target-dir",
        TARGET,
    ]);
    run::stream(&mut cargo)
}

fn table(taken: &[(&str, Duration)]) -> String {
    let lines = taken
        .iter()
        .map(|(name, time)| format!("{name:<14}{:>8.1}", time.as_secs_f64()));
    let head = format!("{:<14}{:>8}", "crate", "seconds");
    std::iter::once(head)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_has_its_seconds() {
        let table = table(&[("zb-types", Duration::from_millis(1500))]);
        assert_eq!(table, "crate          seconds\nzb-types           1.5");
    }
}
