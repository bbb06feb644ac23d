//! `SEMANTICS.md` names the tests that hold each of its sentences: they must exist.

use std::{collections::BTreeSet, fs, path::Path};

use crate::matrix;

/// A sentence of the page and what it says holds it.
struct Promise {
    sentence: String,
    functions: Vec<String>,
    cases: Vec<String>,
}

fn promises(page: &str) -> Vec<Promise> {
    let mut items: Vec<String> = Vec::new();
    let mut within = false;
    for line in page.lines() {
        if let Some(item) = line.strip_prefix("- ") {
            items.push(item.to_owned());
            within = true;
        } else if within && line.starts_with("  ") {
            let item = items.last_mut().unwrap();
            item.push(' ');
            item.push_str(line.trim());
        } else {
            within = false;
        }
    }
    items.iter().map(|item| promise(item)).collect()
}

fn promise(item: &str) -> Promise {
    let (sentence, held_by) = item.split_once("Held by:").unwrap_or((item, ""));
    let between = |mark: char| -> Vec<String> {
        let parts = held_by.split(mark).skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    };
    Promise {
        sentence: sentence.trim().to_owned(),
        functions: between('`'),
        cases: between('*'),
    }
}

/// The names of all functions in the sources of the workspace.
fn functions(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| {
                let end = rest.find('(')?;
                Some(rest[..end].to_owned())
            });
            found.extend(names);
        }
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let root = zb_tests::root();
    let page = fs::read_to_string(root.join("SEMANTICS.md")).unwrap();
    let promises = promises(&page);
    assert!(promises.len() > 30, "{} promises", promises.len());
    let mut known = BTreeSet::new();
    functions(&root.join("crates"), &mut known);
    functions(&root.join("tests/tests"), &mut known);
    let cases: BTreeSet<_> = matrix::names().into_iter().collect();
    let mut missing = Vec::new();
    for promise in &promises {
        if promise.functions.is_empty() && promise.cases.is_empty() {
            missing.push(format!("nothing holds: {}", promise.sentence));
        }
        let gone = promise
            .functions
            .iter()
            .filter(|name| !known.contains(*name));
        missing.extend(gone.map(|name| format!("no test `{name}`")));
        let gone = promise.cases.iter().filter(|name| !cases.contains(*name));
        missing.extend(gone.map(|name| format!("no case *{name}*")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_sentence_without_a_test_and_a_test_that_is_gone_are_seen() {
    let page = "- One is held.\n  Held by: `a_test`,\n  *a case*.\n- Another is not.\n\ntext\n";
    let promises = promises(page);
    assert_eq!(promises.len(), 2);
    assert_eq!(promises[0].sentence, "One is held.");
    assert_eq!(promises[0].functions, ["a_test"]);
    assert_eq!(promises[0].cases, ["a case"]);
    assert!(promises[1].functions.is_empty() && promises[1].cases.is_empty());
}
