//! Each kind of rule: a graph that keeps it, and one that breaks it.

use super::{super::graph::Dependency, *};

/// Lines `crate -> dependency` (or `crate -> dependency (dev)`) as a graph.
fn graph(edges: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for edge in edges {
        let (name, dependency) = edge.split_once(" -> ").unwrap_or((edge, ""));
        if !graph.members.iter().any(|member| member.name == name) {
            graph.members.push(Member {
                name: name.to_owned(),
                dependencies: Vec::new(),
            });
        }
        if !dependency.is_empty() {
            let dev = dependency.ends_with(" (dev)");
            let dependency = dependency.trim_end_matches(" (dev)").to_owned();
            let member = graph
                .members
                .iter_mut()
                .find(|member| member.name == name)
                .unwrap();
            member.dependencies.push(Dependency {
                name: dependency,
                dev,
            });
        }
    }
    graph
}

/// The violations of a graph, as they are printed.
fn check(edges: &[&str]) -> Vec<String> {
    violations(&graph(edges))
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// A tree of packages, all foreign.
fn check_packages(packages: &[(&str, &str)]) -> Vec<String> {
    let packages = packages
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    let graph = Graph {
        packages,
        ..Graph::default()
    };
    violations(&graph).iter().map(ToString::to_string).collect()
}

#[test]
fn the_house_as_drawn_is_sound() {
    let edges = [
        "zb-types -> secrecy",
        "zb-retry -> tokio",
        "zb-convert -> zb-types",
        "zb-convert -> arrow-array",
        "zb-auth -> zb-types",
        "zb-auth -> oauth2",
        "zb-auth -> reqwest",
        "zb-debug -> zb-types",
        "zb-telemetry -> zb-types",
        "zb-ingest -> zb-convert",
        "zb-ingest -> zb-retry",
        "zb-ingest -> databricks-zerobus-ingest-sdk",
        "zb-local -> zb-convert",
        "zb-local -> tonic",
        "zb-local -> axum",
        "zb-local -> deltalake-core",
        "zb-core -> zb-ingest",
        "zb-core -> zb-auth",
        "zb-core -> zb-debug",
        "zb-core -> zb-telemetry",
        "zb-core -> zb-local",
        "zb-cli -> zb-core",
        "zerobus-arrow -> zb-core",
        "xtask -> serde_json",
        "zb-tests -> zb-ingest",
        "zb-tests -> databricks-zerobus-ingest-sdk",
    ];
    assert_eq!(check(&edges), [""; 0]);
}

#[test]
fn siblings_do_not_name_each_other() {
    assert_eq!(
        check(&["zb-auth", "zb-debug -> zb-auth"]),
        ["zb-debug -> zb-auth: of our crates it may name only zb-types"]
    );
}

#[test]
fn the_bottom_names_nothing_of_ours() {
    assert_eq!(
        check(&["zb-types -> zb-retry", "zb-retry"]),
        ["zb-types -> zb-retry: it may name none of our crates"]
    );
}

#[test]
fn nothing_goes_around_the_facade() {
    assert_eq!(
        check(&[
            "zb-ingest",
            "zb-cli -> zb-ingest",
            "zerobus-arrow -> zb-ingest"
        ]),
        [
            "zb-cli -> zb-ingest: of our crates it may name only zb-core",
            "zerobus-arrow -> zb-ingest: of our crates it may name only zb-core",
        ]
    );
}

#[test]
fn tests_of_a_crate_may_name_a_sibling() {
    assert_eq!(
        check(&["zb-core", "zb-auth", "zb-retry -> zb-auth (dev)"]),
        [""; 0]
    );
    assert_eq!(check(&["zb-local", "zb-ingest -> zb-local (dev)"]), [""; 0]);
    assert_eq!(check(&["zb-auth -> axum (dev)"]), [""; 0]);
}

#[test]
fn the_endpoint_is_for_the_facade_alone() {
    let rule = "only zb-core may name it: \
                an endpoint to test against must not become a part of what it tests";
    assert_eq!(
        check(&["zb-tests -> zb-local"]),
        [format!("zb-tests -> zb-local: {rule}")]
    );
}

#[test]
fn the_endpoint_does_not_name_what_it_judges() {
    let found = check(&[
        "zb-core",
        "zb-ingest",
        "zb-local -> zb-core",
        "zb-local -> zb-ingest",
        "zb-local -> databricks-zerobus-ingest-sdk",
    ]);
    assert_eq!(
        found,
        [
            "zb-local -> zb-core: of our crates it may name only zb-convert, zb-types",
            "zb-local -> zb-ingest: of our crates it may name only zb-convert, zb-types",
            "zb-local -> databricks-zerobus-ingest-sdk: only zb-ingest and zb-tests may name it: \
             a new major version of the SDK must touch one crate alone",
        ]
    );
}

#[test]
fn foreign_crates_stay_where_they_belong() {
    for (edge, by) in [
        ("zb-core -> databricks-zerobus-ingest-sdk", "zb-ingest"),
        ("zb-core -> deltalake-core", "zb-local"),
        ("zb-core -> tonic", "zb-ingest and zb-local"),
        ("zb-cli -> axum", "zb-local"),
        ("zb-core -> oauth2", "zb-auth"),
        (
            "zb-ingest -> reqwest",
            "zb-auth and zb-core and zb-telemetry",
        ),
        ("zb-core -> opentelemetry", "zb-telemetry"),
    ] {
        let found = check(&[edge]);
        let [message] = &found[..] else {
            panic!("{edge}: {found:?}")
        };
        let start = format!("{edge}: only {by} and zb-tests may name it: ");
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn conversion_has_no_runtime_even_in_tests() {
    let message = "zb-convert -> tokio: barred, in tests too: \
                   conversion is pure CPU: no runtime, no I/O";
    assert_eq!(check(&["zb-convert -> tokio"]), [message]);
    assert_eq!(check(&["zb-convert -> tokio (dev)"]), [message]);
}

#[test]
fn a_crate_without_a_layer_is_told_what_to_do() {
    assert_eq!(
        check(&["zb-new"]),
        [
            "zb-new: no layer is known for this crate: decide which of our crates it may name, \
          and add it to LAYERS in xtask/src/layers/rules.rs"
        ]
    );
}

#[test]
fn two_versions_of_what_crosses_crates() {
    for name in ["arrow-array", "arrow-schema", "prost", "tokio", "tonic"] {
        let found = check_packages(&[(name, "1.0.0"), ("syn", "1.0.0"), (name, "2.0.0")]);
        assert_eq!(
            found,
            [format!(
                "{name}: one version only, and the lockfile has 1.0.0 and 2.0.0: \
                 see who brings it in with `cargo tree -i {name}@VERSION`"
            )]
        );
    }
    assert_eq!(
        check_packages(&[("syn", "1.0.0"), ("syn", "2.0.0"), ("tokio", "1.0.0")]),
        [""; 0]
    );
}

#[test]
fn datafusion_is_not_in_the_tree() {
    assert_eq!(
        check_packages(&[("datafusion-common", "50.0.0")]),
        [
            "datafusion-common: must not be in the tree, it multiplies the build time: \
          see `cargo tree -i datafusion-common`"
        ]
    );
}
