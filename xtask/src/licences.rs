//! `cargo xtask licences`: what the wheel and the program `zb` are made of, with the licences of all of it.
//!
//! The list is made anew for each wheel and each release, and is not kept: it follows the lockfile.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::run;

/// What it is called, beside a wheel or a program.
pub(crate) const FILE: &str = "THIRD-PARTY-LICENSES";

/// What is linked into each of these.
const PRODUCTS: [(&str, &str); 2] = [("the wheel", "zerobus-arrow"), ("zb", "zb-cli")];

/// How deep below a crate's directory texts are looked for: C sources bring theirs along.
const DEPTH: usize = 4;

/// Prints how much there is for each product, having written it into `target/licences`.
pub(crate) fn run() -> Result<()> {
    for (what, package) in PRODUCTS {
        let path = run::root().join("target/licences").join(package).join(FILE);
        write(package, &path)?;
        println!("{what}: {}", path.display());
    }
    Ok(())
}

/// Writes the list of one product.
pub(crate) fn write(package: &str, path: &Path) -> Result<()> {
    let metadata = run::metadata()?;
    let linked = linked(package)?;
    let mut crates = Vec::new();
    for (name, version) in linked {
        let found = described(&metadata, &name, &version);
        let found = found.with_context(|| format!("cargo knows nothing of {name} {version}"))?;
        // What is of this repository is under its own licence.
        if found["source"].is_null() {
            continue;
        }
        crates.push(Crate::of(found, name, version)?);
    }
    let text = list(&crates);
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())?;
    let silent = crates.iter().filter(|of| of.texts.is_empty()).count();
    println!(
        "{package}: {} crates of others, {silent} of them without a text of their licence",
        crates.len()
    );
    Ok(())
}

struct Crate {
    name: String,
    version: String,
    licence: String,
    texts: Vec<String>,
}

impl Crate {
    fn of(metadata: &Value, name: String, version: String) -> Result<Self> {
        let licence = metadata["license"].as_str();
        let licence = licence.or(metadata["license_file"].as_str().map(|_| "see its text"));
        let Some(licence) = licence else {
            bail!("{name} {version} says nothing of its licence");
        };
        let manifest = metadata["manifest_path"].as_str().unwrap_or_default();
        let directory = Path::new(manifest).parent().unwrap_or(Path::new(""));
        let mut files = Vec::new();
        licences_in(directory, DEPTH, &mut files)?;
        files.sort();
        let texts = files.iter().map(|file| {
            let bytes = fs::read(file).with_context(|| file.display().to_string())?;
            Ok(tidy(&String::from_utf8_lossy(&bytes)))
        });
        Ok(Self {
            name,
            version,
            licence: licence.to_owned(),
            texts: texts.collect::<Result<_>>()?,
        })
    }
}

/// The crates that are linked into a package, by name and version: neither what is only built with, nor
/// what runs in the compiler.
fn linked(package: &str) -> Result<Vec<(String, String)>> {
    let tree = run::output(&mut run::cargo(&[
        "tree",
        "--locked",
        "--package",
        package,
        "--edges",
        "normal,no-proc-macro",
        "--target",
        run::TRIPLE,
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]))?;
    let mut linked: Vec<_> = tree.lines().filter_map(name_and_version).collect();
    linked.sort();
    linked.dedup();
    Ok(linked)
}

/// Of a line such as `zstd-sys v2.0.16+zstd.1.5.7 (*)`.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    Some((name.to_owned(), version.strip_prefix('v')?.to_owned()))
}

fn described<'a>(metadata: &'a Value, name: &str, version: &str) -> Option<&'a Value> {
    let packages = metadata["packages"].as_array()?.iter();
    let mut of_name = packages.filter(|package| package["name"] == name);
    of_name.find(|package| package["version"] == version)
}

/// The files of this directory and those below that are the text of a licence or belong to one.
fn licences_in(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if depth > 1 {
                licences_in(&path, depth - 1, found)?;
            }
        } else if path
            .file_name()
            .is_some_and(|name| is_licence(&name.to_string_lossy()))
        {
            found.push(path);
        }
    }
    Ok(())
}

fn is_licence(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    let begins = [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ];
    let is_text = ["", "MD", "TXT", "HTML", "APACHE", "MIT", "BSD"].contains(&ending);
    is_text && begins.iter().any(|begin| stem.starts_with(begin))
}

/// Line ends of one kind, none at the end of a line: so that equal texts are equal.
fn tidy(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// The crates, and each text once.
fn list(crates: &[Crate]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut texts: Vec<&str> = Vec::new();
    let mut list = format!(
        "Code of others that is linked into this, beside the standard library of Rust\n\
         (MIT OR Apache-2.0, https://www.rust-lang.org/policies/licenses): {} crates,\n\
         each with its licence, and the numbers of the texts that came with it. Where none\n\
         did, the licence is the one that its name stands for (https://spdx.org/licenses).\n\n",
        crates.len()
    );
    for of in crates {
        let mut own = Vec::new();
        for text in &of.texts {
            let number = *numbers.entry(text).or_insert_with(|| {
                texts.push(text);
                texts.len()
            });
            own.push(format!("[{number}]"));
        }
        own.dedup();
        let line = format!(
            "{} {}: {} {}",
            of.name,
            of.version,
            of.licence,
            own.join(" ")
        );
        // Writing to a string never fails.
        let _ = writeln!(list, "{}", line.trim_end());
    }
    for (before, text) in texts.iter().enumerate() {
        let rule = "-".repeat(80);
        let _ = write!(list, "\n{rule}\n[{}]\n\n{text}\n", before + 1);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tree_are_read() {
        let read = |line| name_and_version(line).map(|(name, version)| format!("{name}={version}"));
        assert_eq!(
            read("zstd-sys v2.0.16+zstd.1.5.7 (*)").as_deref(),
            Some("zstd-sys=2.0.16+zstd.1.5.7")
        );
        assert_eq!(read("a v0.1.0 (/b/c)").as_deref(), Some("a=0.1.0"));
        assert_eq!(read(""), None);
    }

    #[test]
    fn texts_are_told_from_other_files() {
        for name in [
            "LICENSE",
            "license-mit",
            "LICENSE.txt",
            "COPYING",
            "LICENSE-APACHE.md",
            "NOTICE",
        ] {
            assert!(is_licence(name), "{name}");
        }
        for name in ["license.rs", "README.md", "licensing.py", "lib.rs"] {
            assert!(!is_licence(name), "{name}");
        }
    }

    #[test]
    fn a_text_stands_once() {
        let of = |name: &str, texts: &[&str]| Crate {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: "MIT".to_owned(),
            texts: texts.iter().map(|text| tidy(text)).collect(),
        };
        let list = list(&[
            of("a", &["one", "two"]),
            of("b", &["two \r\n"]),
            of("c", &[]),
        ]);
        for line in ["a 1.0.0: MIT [1] [2]", "b 1.0.0: MIT [2]", "c 1.0.0: MIT"] {
            assert!(list.lines().any(|found| found == line), "{line}: {list}");
        }
        assert_eq!(list.matches("two").count(), 1);
    }

    #[test]
    fn what_is_linked_is_found_with_its_texts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        write("zb-cli", &path).unwrap();
        let list = fs::read_to_string(path).unwrap();
        for linked in [
            "arrow-array",
            "tikv-jemalloc-sys",
            "zstd-sys",
            "ring",
            "tokio",
        ] {
            let line = list
                .lines()
                .find(|line| line.starts_with(&format!("{linked} ")));
            assert!(
                line.is_some_and(|line| line.contains('[')),
                "{linked}: {line:?}"
            );
        }
        // C sources have licences of their own.
        assert!(list.contains("Facebook"), "zstd");
        assert!(list.contains("Jason Evans"), "jemalloc");
        for absent in ["serde_derive", "protox", "proptest", "zb-core", "bindgen"] {
            assert!(
                !list
                    .lines()
                    .any(|line| line.starts_with(&format!("{absent} "))),
                "{absent}"
            );
        }
    }
}
