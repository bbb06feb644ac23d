//! The crates of `crates/`, in the order in which they can be published.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run;

/// A crate of its own.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Whether there is something to build with fewer features.
    pub(crate) has_default_features: bool,
    pub(crate) is_program: bool,
    /// Whether it has examples, and tests beside those in its library.
    pub(crate) examples: Vec<String>,
    /// The oldest Rust that builds it.
    pub(crate) rust_version: String,
    /// What it depends on, for its tests as well.
    pub(crate) needs: Vec<Need>,
}

/// A crate that another one depends on.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) name: String,
    /// Which versions will do, as the manifest says it.
    pub(crate) version: String,
    /// Whether it is one of `crates/`.
    pub(crate) is_ours: bool,
}

/// All of them, each after those that it needs, for its tests as well.
pub(crate) fn members() -> Result<Vec<Member>> {
    let metadata = run::metadata()?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let of_crates = packages.iter().filter(|package| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        package["source"].is_null() && manifest.contains("/crates/")
    });
    let found: Vec<_> = of_crates.map(member).collect();
    Ok(in_order(found))
}

fn member(package: &Value) -> Member {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let targets = list(&package["targets"]);
    let of_kind = |kind: &str| -> Vec<String> {
        let targets = targets.iter();
        let targets = targets.filter(|target| list(&target["kind"]).iter().any(|k| k == kind));
        targets.map(|target| text(&target["name"])).collect()
    };
    Member {
        name: text(&package["name"]),
        version: text(&package["version"]),
        has_default_features: !list(&package["features"]["default"]).is_empty(),
        is_program: of_kind("lib").is_empty(),
        examples: of_kind("example"),
        rust_version: text(&package["rust_version"]),
        needs: list(&package["dependencies"])
            .iter()
            .map(|needed| Need {
                name: text(&needed["name"]),
                version: text(&needed["req"]),
                is_ours: needed["path"].is_string(),
            })
            .collect(),
    }
}

fn in_order(mut left: Vec<Member>) -> Vec<Member> {
    let mut ordered: Vec<Member> = Vec::new();
    while !left.is_empty() {
        let is_ready = |member: &Member| {
            let mut needs = member.needs.iter();
            !needs.any(|need| left.iter().any(|other| other.name == need.name))
        };
        // Without a next one they need each other in a circle; the build says so.
        let next = left.iter().position(is_ready).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_comes_after_those_that_it_needs() {
        let members = members().unwrap();
        let place = |name: &str| {
            members
                .iter()
                .position(|member| member.name == name)
                .unwrap()
        };
        assert_eq!(
            members.len(),
            fs::read_dir(run::root().join("crates")).unwrap().count()
        );
        for (at, member) in members.iter().enumerate() {
            for needed in &member.needs {
                let before = members.iter().position(|other| other.name == needed.name);
                assert!(
                    before.is_none_or(|before| before < at),
                    "{} {}",
                    member.name,
                    needed.name
                );
            }
        }
        assert!(place("zb-types") < place("zb-local") && place("zb-local") < place("zb-auth"));
        assert!(members[place("zb-core")].has_default_features);
        assert!(members[place("zb-cli")].is_program);
    }

    /// What a stranger meets first: a page with an example that runs, and when to use the crate.
    #[test]
    fn every_crate_has_a_page_with_an_example_and_a_place_of_its_own() {
        let mut problems = Vec::new();
        for member in members().unwrap() {
            let directory = run::root().join("crates").join(&member.name);
            for file in ["LICENSE", "README.md"] {
                if !directory.join(file).exists() {
                    problems.push(format!("{} has no {file}", member.name));
                }
            }
            if member.is_program {
                continue;
            }
            let source = fs::read_to_string(directory.join("src/lib.rs")).unwrap();
            let page: Vec<_> = source
                .lines()
                .map_while(|line| line.strip_prefix("//!"))
                .collect();
            let page = page.join("\n");
            if !page.contains("# When to use this alone") {
                problems.push(format!("{} does not say when to use it alone", member.name));
            }
            if !page.contains("\n ```\n") {
                problems.push(format!("the page of {} has no example", member.name));
            }
            if member.examples.is_empty() {
                problems.push(format!("{} has no examples", member.name));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
