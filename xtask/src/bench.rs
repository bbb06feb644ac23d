//! `cargo xtask bench`: the benchmarks of every crate that has some, or of the crates named.
//!
//! A benchmark may write `target/bench/CRATE-BENCH.json`: an object whose `report` is Markdown.
//! What was written in this run is put together in `target/bench.json`, and the reports are printed
//! once more at the end.

mod machine;
mod python;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use crate::run;

/// Runs `cargo bench` for one benchmark after another. Fails if a crate that is named has none.
pub(crate) fn run(named: &[String]) -> Result<()> {
    if named == ["python"] {
        return python::run();
    }
    let metadata = run::metadata()?;
    let target = metadata["target_directory"].as_str();
    let target = Path::new(target.context("cargo metadata names no target directory")?);
    let chosen = choose(benches(&metadata), named)?;
    if chosen.is_empty() {
        println!("no crate has a benchmark");
        return Ok(());
    }
    let mut written = Vec::new();
    for bench in &chosen {
        let path = bench.path(target);
        // What another commit left there is not of this run.
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error).with_context(|| path.display().to_string());
        }
        run::stream(&mut run::cargo(&[
            "bench",
            "--locked",
            "--all-features",
            "-p",
            &bench.package,
            "--bench",
            &bench.name,
        ]))?;
        if path.exists() {
            written.push((bench.title(), read(&path)?));
        } else {
            println!("{} wrote no results", bench.title());
        }
    }
    let merged = merge(&machine::describe()?, written);
    let path = target.join("bench.json");
    fs::write(&path, format!("{merged:#}\n")).with_context(|| path.display().to_string())?;
    println!("{}", reports(&merged));
    println!("written to {}", path.display());
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Bench {
    package: String,
    name: String,
}

impl Bench {
    fn title(&self) -> String {
        format!("{}-{}", self.package, self.name)
    }

    fn path(&self, target: &Path) -> PathBuf {
        target.join("bench").join(format!("{}.json", self.title()))
    }
}

fn benches(metadata: &Value) -> Vec<Bench> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let members = list(&metadata["workspace_members"]);
    let mut benches = Vec::new();
    for package in list(&metadata["packages"]) {
        if !members.contains(&package["id"]) {
            continue;
        }
        for target in list(&package["targets"]) {
            let is_bench = list(&target["kind"]).iter().any(|kind| kind == "bench");
            if let (true, Some(package), Some(name)) =
                (is_bench, package["name"].as_str(), target["name"].as_str())
            {
                benches.push(Bench {
                    package: package.to_owned(),
                    name: name.to_owned(),
                });
            }
        }
    }
    benches
}

/// The benchmarks of the crates named, or all.
fn choose(mut found: Vec<Bench>, named: &[String]) -> Result<Vec<Bench>> {
    let has = |name: &String| found.iter().any(|bench| bench.package == *name);
    if let Some(name) = named.iter().find(|name| !has(name)) {
        let mut these: Vec<&str> = found.iter().map(|bench| bench.package.as_str()).collect();
        these.dedup();
        let these = match these.as_slice() {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        bail!("{name} has no benchmark; crates that have some: {these}");
    }
    if !named.is_empty() {
        found.retain(|bench| named.contains(&bench.package));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

/// The results by the name of their benchmark, beside the machine.
fn merge(machine: &Value, results: Vec<(String, Value)>) -> Value {
    let benches: Map<String, Value> = results.into_iter().collect();
    json!({ "machine": machine, "benches": benches })
}

/// The reports one after another, after what they were measured on.
fn reports(merged: &Value) -> String {
    let benches = merged["benches"].as_object();
    let reports = benches
        .into_iter()
        .flatten()
        .filter_map(|(title, results)| {
            Some(format!("## {title}\n\n{}", results["report"].as_str()?))
        });
    let machine = machine::line(&merged["machine"]);
    std::iter::once(format!("\nMeasured on {machine}.\n"))
        .chain(reports)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench(package: &str, name: &str) -> Bench {
        Bench {
            package: package.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn bench_targets_of_members_are_found() {
        let target = |kind: &str, name: &str| json!({ "kind": [kind], "name": name });
        let metadata = json!({
            "workspace_members": ["a", "b"],
            "packages": [
                { "id": "a", "name": "fast", "targets": [target("lib", "fast"), target("bench", "run")] },
                { "id": "b", "name": "plain", "targets": [target("lib", "plain")] },
                { "id": "c", "name": "foreign", "targets": [target("bench", "run")] },
            ],
        });
        assert_eq!(benches(&metadata), [bench("fast", "run")]);
    }

    #[test]
    fn a_crate_without_a_benchmark_is_refused_by_name() {
        let found = || vec![bench("a", "x"), bench("a", "y"), bench("b", "x")];
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
        assert_eq!(choose(found(), &[]).unwrap(), found());
        assert_eq!(choose(found(), &names(&["b"])).unwrap(), [bench("b", "x")]);
        let refused = choose(found(), &names(&["b", "c"])).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "c has no benchmark; crates that have some: a, b"
        );
    }

    #[test]
    fn results_are_kept_whole_beside_the_machine() {
        let machine = json!({ "cpu": "C", "cores": 2 });
        let (one, two) = (
            json!({ "results": [1], "report": "one" }),
            json!({ "results": [] }),
        );
        let merged = merge(
            &machine,
            vec![
                ("a-x".to_owned(), one.clone()),
                ("b-y".to_owned(), two.clone()),
            ],
        );
        assert_eq!(merged["machine"], machine);
        assert_eq!(merged["benches"], json!({ "a-x": one, "b-y": two }));
    }

    #[test]
    fn reports_follow_the_machine_and_a_benchmark_may_have_none() {
        let merged = merge(
            &json!({ "cpu": "C", "cores": 2, "rustc": "r", "commit": "abc" }),
            vec![
                ("a-x".to_owned(), json!({ "report": "one\n" })),
                ("b-y".to_owned(), json!({})),
            ],
        );
        assert_eq!(
            reports(&merged),
            "\nMeasured on C, 2 cores, r, commit abc.\n\n## a-x\n\none\n"
        );
    }
}
