//! `cargo xtask book`: the book of `docs/`, built into `target/book`.
//!
//! mdBook builds it, its warnings taken for errors. Then every link must lead somewhere, and what a
//! reader may copy into a shell or into Python is run (`book/run.rs`). Blocks of Rust are doctests of
//! `zb-tests` (`tests/src/book.rs`).

mod blocks;
mod links;
mod page;
mod run;
mod transcript;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};

use self::page::Page;
use crate::{
    ci, package, py,
    run::{self as programs, root},
    tools::{self, Tool},
};

/// Without what serves a book and watches its files, which nobody needs here.
const MDBOOK: Tool = Tool {
    name: "mdbook",
    version: "0.5.4",
    flags: &["--no-default-features", "--features", "search"],
};

/// Where the book lands.
const BUILT: &str = "target/book";

/// Pages outside of the book whose links are looked at as well.
const OUTSIDE: [&str; 6] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "SEMANTICS.md",
    "bindings/python/README.md",
    "tests/data/README.md",
];

/// The file by which `cargo test --doc` finds the Rust of the book.
const DOCTESTS: &str = "tests/src/book.rs";

/// Builds what the examples run, and checks the book.
pub(crate) fn run() -> Result<()> {
    programs::stream(&mut programs::cargo(&[
        "build",
        "--workspace",
        "--lib",
        "--bin",
        "zb",
        // An example makes cargo choose the features of the tests, so that nothing is built twice.
        "--example",
        "mirror",
        "--features",
        ci::FEATURES,
        "--locked",
    ]))?;
    package::assemble()?;
    check()
}

/// Builds the book and checks it, with the programs that were built before.
pub(crate) fn check() -> Result<()> {
    let pages = page::all()?;
    let blocks = pages.iter().map(blocks::of).collect::<Vec<_>>();
    let mut faults: Vec<String> = blocks
        .iter()
        .flat_map(|found| found.faults.clone())
        .collect();
    faults.extend(untested(&pages)?);

    let built = build()?;
    faults.extend(links::broken(&pages, &built)?);
    for name in OUTSIDE {
        faults.extend(links::broken_outside(&page::outside(name)?, &root()));
    }
    if !faults.is_empty() {
        bail!("the book has faults:\n{}", faults.join("\n"));
    }

    let python = py::interpreter()?;
    let mut ran = 0;
    for (page, blocks) in pages.iter().zip(&blocks) {
        ran += run::page(page, &blocks.runnable, &python)?;
    }
    println!(
        "{} pages, {ran} examples were run; the book is {BUILT}/index.html",
        pages.len()
    );
    Ok(())
}

/// Has mdBook build the book; what it warns of is a fault.
fn build() -> Result<PathBuf> {
    let mdbook = tools::installed(&MDBOOK)?;
    let built = root().join(BUILT);
    let output = programs::program(
        mdbook,
        &["build", "docs", "--dest-dir", &built.to_string_lossy()],
    )
    .output()
    .context("cannot start mdbook")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<_> = said.lines().filter(|line| complains(line)).collect();
    if !output.status.success() || !complaints.is_empty() {
        bail!("mdbook is not content:\n{said}");
    }
    Ok(built)
}

/// Whether mdBook complains of something in this line of its log.
fn complains(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| matches!(word, "WARN" | "ERROR"))
}

/// Pages with blocks of Rust that no test would compile.
fn untested(pages: &[Page]) -> Result<Vec<String>> {
    let tests = fs::read_to_string(root().join(DOCTESTS))
        .with_context(|| format!("cannot read {DOCTESTS}"))?;
    Ok(pages
        .iter()
        .filter(|page| blocks::has_rust(page) && !tests.contains(&format!("\"{}\"", page.name)))
        .map(|page| {
            format!(
                "docs/{}: it has Rust in it, and {DOCTESTS} does not name it",
                page.name
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mdbook_warns_of_is_heard() {
        assert!(complains(" WARN mdbook_html::x: a link"));
        assert!(complains("2026-01-01 [ERROR] no"));
        assert!(!complains(" INFO mdbook_driver: Book building has started"));
        assert!(!complains("WARNINGS.md was read"));
    }
}
