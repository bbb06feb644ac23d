//! `docs/operations/security.md` names the tests that hold each of its lines: they must exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::run;

const PAGE: &str = "docs/operations/security.md";

/// The lines of tables that say what is held by which tests: what may happen, and `crate::function`s.
fn lines(page: &str) -> Vec<(String, Vec<String>)> {
    let mut lines = Vec::new();
    let mut held = false;
    for line in page.lines() {
        let Some(line) = line.strip_prefix('|') else {
            held = false;
            continue;
        };
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        match cells[..] {
            [_, _, "held by", _] => held = true,
            [first, ..] if first.starts_with("--") => {}
            [threat, _, tests, _] if held => {
                let spans = tests.split('`').skip(1).step_by(2);
                lines.push((threat.to_owned(), spans.map(str::to_owned).collect()));
            }
            _ => assert!(!held, "a line with another number of cells: {line}"),
        }
    }
    lines
}

/// Where the tests of a crate are.
fn directory(package: &str) -> PathBuf {
    let root = run::root();
    match package {
        "zb-tests" => root.join("tests"),
        "zerobus-arrow" => root.join("bindings/python/tests"),
        "xtask" => root.join("xtask"),
        other => root.join("crates").join(other),
    }
}

/// The functions below a directory that are tests, in Rust or in Python.
fn tests_below(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()))
    {
        let path = entry.unwrap().path();
        let ending = path.extension().unwrap_or_default();
        if path.is_dir() {
            tests_below(&path, found);
        } else if ending == "rs" || ending == "py" {
            tests_in(&fs::read_to_string(&path).unwrap(), found);
        }
    }
}

fn tests_in(source: &str, found: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        let name = |after: &str| {
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            after[..end.unwrap_or(after.len())].to_owned()
        };
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(after) = line.strip_prefix("def ").filter(|n| n.starts_with("test_")) {
            found.insert(name(after));
        } else if let Some((_, after)) = line.split_once("fn ").filter(|_| is_test) {
            found.insert(name(after));
            is_test = false;
        }
    }
}

#[test]
fn every_threat_has_a_test_that_exists() {
    let page = fs::read_to_string(run::root().join(PAGE)).unwrap();
    let lines = lines(&page);
    assert!(lines.len() > 40, "{} lines", lines.len());
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut problems = Vec::new();
    for (threat, tests) in lines {
        if tests.is_empty() {
            problems.push(format!("nothing holds: {threat}"));
        }
        for test in tests {
            let Some((package, function)) = test.split_once("::") else {
                problems.push(format!("`{test}` is no `crate::function`"));
                continue;
            };
            let tests = known.entry(package.to_owned()).or_insert_with(|| {
                let mut found = BTreeSet::new();
                tests_below(&directory(package), &mut found);
                found
            });
            if !tests.contains(function) {
                problems.push(format!("no test `{test}`"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_threat_without_a_test_and_what_is_no_test_are_seen() {
    let page = "| a | b |\n|---|---|\n| x | y |\n\n\
                | what | then | held by |\n|---|---|---|\n| one | . | `a::b` `c::d` |\n| two | . | none |\n";
    assert_eq!(
        lines(page),
        [
            ("one".to_owned(), vec!["a::b".to_owned(), "c::d".to_owned()]),
            ("two".to_owned(), vec![])
        ]
    );
    let mut found = BTreeSet::new();
    tests_in(
        "#[test]\n#[ignore]\nfn one() {}\nfn two() {}\n#[tokio::test(start_paused = true)]\nasync fn three() {}\n\
         def test_four(x):\ndef five():\n",
        &mut found,
    );
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["one", "test_four", "three"]
    );
}
