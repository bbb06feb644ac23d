//! `cargo xtask bench`: the benchmarks of every crate that has some, or of the crates named.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::run;

/// Runs `cargo bench` crate by crate. Fails if a crate that is named has no benchmark.
pub(crate) fn run(named: &[String]) -> Result<()> {
    let found = crates_with_benches(&run::metadata()?);
    if let Some(name) = named.iter().find(|name| !found.contains(name)) {
        let these = if found.is_empty() {
            "none".to_owned()
        } else {
            found.join(", ")
        };
        bail!("{name} has no benchmark; crates that have some: {these}");
    }
    let chosen = if named.is_empty() { &found } else { named };
    if chosen.is_empty() {
        println!("no crate has a benchmark");
    }
    for name in chosen {
        run::stream(&mut run::cargo(&[
            "bench",
            "--locked",
            "--benches",
            "-p",
            name,
        ]))?;
    }
    Ok(())
}

fn crates_with_benches(metadata: &Value) -> Vec<String> {
    let members = metadata["workspace_members"].as_array();
    let packages = metadata["packages"].as_array();
    packages
        .into_iter()
        .flatten()
        .filter(|package| members.is_some_and(|ids| ids.contains(&package["id"])))
        .filter(|package| has_bench(package))
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect()
}

fn has_bench(package: &Value) -> bool {
    let targets = package["targets"].as_array();
    targets.into_iter().flatten().any(|target| {
        let kinds = target["kind"].as_array();
        kinds.into_iter().flatten().any(|kind| kind == "bench")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_with_a_bench_target_are_found() {
        let target = |kind: &str| json!([{ "kind": [kind] }]);
        let metadata = json!({
            "workspace_members": ["a", "b"],
            "packages": [
                { "id": "a", "name": "fast", "targets": target("bench") },
                { "id": "b", "name": "plain", "targets": target("lib") },
                { "id": "c", "name": "foreign", "targets": target("bench") },
            ],
        });
        assert_eq!(crates_with_benches(&metadata), ["fast"]);
    }
}
