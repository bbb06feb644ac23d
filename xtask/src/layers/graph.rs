//! What the rules are about: our crates with what they name, and every package of the lockfile.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The workspace and all it stands on.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The crates of the workspace.
    pub(crate) members: Vec<Member>,
    /// Name and version of every package in the tree, ours included.
    pub(crate) packages: Vec<(String, String)>,
}

/// A crate of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as the manifest names it, optional ones included.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// For tests, examples and benchmarks alone.
    pub(crate) dev: bool,
}

impl Graph {
    /// Reads what `cargo metadata` printed.
    pub(crate) fn from_metadata(metadata: &Value) -> Result<Self> {
        let ids = list(metadata, "workspace_members")?;
        let mut graph = Self::default();
        for package in list(metadata, "packages")? {
            let name = text(package, "name")?;
            graph
                .packages
                .push((name.clone(), text(package, "version")?));
            if ids.contains(&package["id"]) {
                let dependencies = list(package, "dependencies")?
                    .iter()
                    .map(|dependency| {
                        let name = text(dependency, "name")?;
                        Ok(Dependency {
                            name,
                            dev: dependency["kind"] == "dev",
                        })
                    })
                    .collect::<Result<_>>()?;
                graph.members.push(Member { name, dependencies });
            }
        }
        Ok(graph)
    }
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key]
        .as_array()
        .with_context(|| format!("cargo metadata has no list `{key}`"))
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value[key].as_str();
    Ok(text
        .with_context(|| format!("cargo metadata has no text `{key}`"))?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_and_packages_are_told_apart() {
        let metadata = json!({
            "workspace_members": ["ours"],
            "packages": [
                { "id": "ours", "name": "zb-types", "version": "0.1.0", "dependencies": [
                    { "name": "secrecy", "kind": null },
                    { "name": "proptest", "kind": "dev" },
                    { "name": "protox", "kind": "build" },
                ]},
                { "id": "theirs", "name": "secrecy", "version": "0.10.3", "dependencies": [] },
            ],
        });
        let graph = Graph::from_metadata(&metadata).unwrap();
        assert_eq!(graph.packages.len(), 2);
        let [member] = &graph.members[..] else {
            panic!("{graph:?}")
        };
        let dependencies: Vec<_> = member
            .dependencies
            .iter()
            .map(|d| (d.name.as_str(), d.dev))
            .collect();
        assert_eq!(
            dependencies,
            [("secrecy", false), ("proptest", true), ("protox", false)]
        );
    }

    #[test]
    fn something_else_is_an_error() {
        let error = Graph::from_metadata(&json!({})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cargo metadata has no list `workspace_members`"
        );
    }
}
