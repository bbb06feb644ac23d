//! The rules held against the graph.

use std::{collections::BTreeSet, fmt};

use super::{
    graph::{Graph, Member},
    rules::{ABSENT, BARRED, LAYERS, ONE_VERSION, Ours, RESERVED},
};

/// A rule that is broken: by whom, through which dependency, and what the rule is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    krate: String,
    dependency: Option<String>,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.dependency {
            Some(dependency) => write!(f, "{} -> {dependency}: {}", self.krate, self.rule),
            None => write!(f, "{}: {}", self.krate, self.rule),
        }
    }
}

/// All that is wrong with the graph.
pub(crate) fn violations(graph: &Graph) -> Vec<Violation> {
    let ours: BTreeSet<&str> = graph.members.iter().map(|m| m.name.as_str()).collect();
    let mut found = Vec::new();
    for member in &graph.members {
        found.extend(layer(member, &ours));
        found.extend(reserved(member));
        found.extend(barred(member));
    }
    found.extend(versions(graph));
    found.extend(absent(graph));
    found
}

fn layer(member: &Member, ours: &BTreeSet<&str>) -> Vec<Violation> {
    let Some((_, may_name)) = LAYERS.iter().find(|(name, _)| *name == member.name) else {
        return vec![Violation {
            krate: member.name.clone(),
            dependency: None,
            rule: "no layer is known for this crate: decide which of our crates it may name, \
                   and add it to LAYERS in xtask/src/layers/rules.rs"
                .to_owned(),
        }];
    };
    let Ours::Only(allowed) = may_name else {
        return Vec::new();
    };
    normal(member)
        .filter(|name| ours.contains(name) && !allowed.contains(name))
        .map(|name| {
            let rule = if allowed.is_empty() {
                "it may name none of our crates".to_owned()
            } else {
                format!("of our crates it may name only {}", allowed.join(", "))
            };
            violation(member, name, rule)
        })
        .collect()
}

fn reserved(member: &Member) -> Vec<Violation> {
    let mut found = Vec::new();
    for rule in RESERVED
        .iter()
        .filter(|rule| !rule.by.contains(&member.name.as_str()))
    {
        for name in normal(member).filter(|name| *name == rule.name) {
            let only = rule.by.join(" and ");
            found.push(violation(
                member,
                name,
                format!("only {only} may name it: {}", rule.why),
            ));
        }
    }
    found
}

fn barred(member: &Member) -> Vec<Violation> {
    BARRED
        .iter()
        .filter(|(krate, name, _)| {
            *krate == member.name && member.dependencies.iter().any(|d| d.name == *name)
        })
        .map(|(_, name, why)| violation(member, name, format!("barred, in tests too: {why}")))
        .collect()
}

fn versions(graph: &Graph) -> Vec<Violation> {
    let mut found = Vec::new();
    for name in ONE_VERSION {
        let versions: BTreeSet<&str> = graph
            .packages
            .iter()
            .filter(|(package, _)| package == name)
            .map(|(_, version)| version.as_str())
            .collect();
        if versions.len() > 1 {
            let versions = Vec::from_iter(versions).join(" and ");
            found.push(Violation {
                krate: (*name).to_owned(),
                dependency: None,
                rule: format!(
                    "one version only, and the lockfile has {versions}: \
                     see who brings it in with `cargo tree -i {name}@VERSION`"
                ),
            });
        }
    }
    found
}

fn absent(graph: &Graph) -> Vec<Violation> {
    let mut found = Vec::new();
    for (family, why) in ABSENT {
        for (name, _) in graph
            .packages
            .iter()
            .filter(|(name, _)| name.starts_with(family))
        {
            found.push(Violation {
                krate: name.clone(),
                dependency: None,
                rule: format!("must not be in the tree, {why}: see `cargo tree -i {name}`"),
            });
        }
    }
    found
}

fn normal(member: &Member) -> impl Iterator<Item = &str> {
    member
        .dependencies
        .iter()
        .filter(|d| !d.dev)
        .map(|d| d.name.as_str())
}

fn violation(member: &Member, dependency: &str, rule: String) -> Violation {
    Violation {
        krate: member.name.clone(),
        dependency: Some(dependency.to_owned()),
        rule,
    }
}

#[cfg(test)]
mod tests;
