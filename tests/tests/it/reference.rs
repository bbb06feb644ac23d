//! The reference pages of the book leave nothing out: what the program and the sources have, they name.

use std::{collections::BTreeSet, fs, path::Path};

use zb_tests::Zb;

fn read(path: &str) -> String {
    fs::read_to_string(zb_tests::root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// What stands between each `before` and the `after` that follows it.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split_once(after).map(|(found, _)| found))
        .collect()
}

/// The words that `fn name` of a source gives to variants.
fn words(source: &str) -> BTreeSet<String> {
    let text = read(source);
    let found: BTreeSet<_> = between(&text, " => \"", "\"")
        .into_iter()
        .filter(|word| !word.is_empty())
        .filter(|word| {
            word.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        })
        .map(str::to_owned)
        .collect();
    assert!(found.len() > 1, "{source}: {found:?}");
    found
}

/// The variants of `pub enum Error` of a source.
fn variants(source: &str) -> Vec<String> {
    let text = read(source);
    let body = between(&text, "pub enum Error {\n", "\n}\n");
    let found: Vec<_> = body
        .iter()
        .flat_map(|body| body.lines())
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split([' ', '(', ',']).next().map(str::to_owned))
        .collect();
    assert!(found.len() > 3, "{source}: {found:?}");
    found
}

#[test]
fn every_flag_of_the_program_is_on_its_page() {
    let page = read("docs/reference/cli.md");
    for command in ["send", "replay", "inspect", "schema", "doctor", "serve"] {
        assert!(page.contains(&format!("\n## zb {command}\n")), "{command}");
        let help = Zb::new([command, "--help"]).run().exits(0).stdout;
        let flags: BTreeSet<_> = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-'))
            .filter_map(|line| {
                line.split([' ', '[', ','])
                    .find(|word| word.starts_with("--"))
            })
            .filter(|flag| *flag != "--help")
            .collect();
        assert!(flags.len() > 1, "{help}");
        for flag in flags {
            let is_there = ["`", " ", "]"]
                .iter()
                .any(|end| page.contains(&format!("`{flag}{end}")));
            assert!(is_there, "{command} {flag}");
        }
    }
}

#[test]
fn every_kind_of_error_and_every_reason_is_on_its_page() {
    let page = read("docs/reference/errors.md");
    let mut all = words("crates/zb-core/src/error.rs");
    all.extend(words("crates/zb-convert/src/row_error.rs"));
    all.extend(words("crates/zb-ingest/src/rejection.rs"));
    // Who refused a row, and not why.
    all.remove("conversion");
    all.remove("service");
    for source in ["zb-auth", "zb-debug", "zb-local"] {
        all.extend(variants(&format!("crates/{source}/src/error.rs")));
    }
    let python = read("bindings/python/python/zerobus_arrow/errors.py");
    all.extend(
        between(&python, "\n    kind = \"", "\"")
            .into_iter()
            .map(str::to_owned),
    );
    all.extend(
        between(&python, "\nclass ", "(ZerobusError")
            .into_iter()
            .map(str::to_owned),
    );
    let missing: Vec<_> = all
        .iter()
        .filter(|word| !page.contains(&format!("`{word}`")))
        .collect();
    assert!(all.len() > 50, "{all:?}");
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_key_and_every_action_of_a_fault_is_on_its_page() {
    let page = read("docs/reference/faults.md");
    let source = read("crates/zb-local/src/faults/toml.rs");
    let places = words("crates/zb-local/src/faults/fault.rs");
    let mut all: BTreeSet<_> = between(&source, "words! {", "\n}\n")
        .into_iter()
        .flat_map(|words| between(words, " = \"", "\","))
        .collect();
    all.extend(places.iter().map(String::as_str));
    assert!(all.len() > 20, "{all:?}");
    let keys = between(&source, "\nkeys! {\n", "\n}\n");
    let keys = keys.iter().flat_map(|keys| keys.lines());
    let names = keys.filter_map(|line| line.trim().split_once(": "));
    all.extend(names.map(|(name, _)| name));
    assert!(all.len() > 50, "{all:?}");
    let missing: Vec<_> = all
        .iter()
        .filter(|word| !page.contains(&format!("`{word}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// All files of Rust below a directory.
fn sources(directory: &Path, all: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(format!("/{}", path.display()));
        }
    }
}

#[test]
fn every_file_that_the_plan_of_the_house_names_is_there() {
    let mut all = Vec::new();
    for room in ["crates", "bindings/python/src", "xtask/src", "tests"] {
        sources(&zb_tests::root().join(room), &mut all);
    }
    let plan = read("ARCHITECTURE.md");
    let named = plan.split('`').skip(1).step_by(2);
    let named: BTreeSet<_> = named
        .filter(|word| Path::new(word).extension().is_some_and(|e| e == "rs"))
        // One of the SDK.
        .filter(|file| *file != "stream/grpc/supervisor.rs")
        .collect();
    assert!(named.len() > 80, "{named:?}");
    let missing: Vec<_> = named
        .iter()
        .filter(|file| {
            all.iter()
                .all(|there| !there.ends_with(&format!("/{file}")))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every page of the book, by its path.
fn pages() -> Vec<(String, String)> {
    let summary = read("docs/SUMMARY.md");
    let found: Vec<_> = between(&summary, "](", ")")
        .into_iter()
        .map(|name| format!("docs/{name}"))
        .map(|path| (path.clone(), read(&path)))
        .collect();
    assert!(found.len() > 20, "{}", found.len());
    found
}

#[test]
fn every_metric_and_attribute_that_the_book_names_there_is() {
    let source = read("crates/zb-telemetry/src/names.rs");
    let mut seen = 0;
    for (path, text) in pages() {
        let is_of_a_name = |c: char| c.is_ascii_lowercase() || "._".contains(c);
        for word in between(&text, "`zb.", "`") {
            // A file of settings is no name.
            if word == "toml" || !word.chars().all(is_of_a_name) {
                continue;
            }
            assert!(
                source.contains(&format!("\"zb.{word}\"")),
                "{path}: zb.{word}"
            );
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn the_variables_of_telemetry_are_those_that_its_documentation_has() {
    let page = read("docs/reference/metrics.md");
    let source = read("crates/zb-telemetry/src/otlp/guard.rs");
    let rows = between(&source, "/// | `OTEL_", "\n");
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        assert!(page.contains(&format!("\n| `OTEL_{row}\n")), "{row}");
    }
}
