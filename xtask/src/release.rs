//! `cargo xtask release --dry-run`: all that a release consists of, made and put into one directory.
//!
//! Nothing is published: that is for a person, who then has everything that is needed.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    crates, licences,
    members::{Member, members},
    py, run, semver, wheel, zig,
};

/// The sums of all files, as `sha256sum --check` reads them.
const SUMS: &str = "SHA256SUMS";

/// Makes a release without publishing it; nothing else is known here.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args != ["--dry-run"] {
        bail!(
            "publishing is for a person: `cargo xtask release --dry-run` makes what is published"
        );
    }
    semver::run()?;
    let version = version()?;
    let notes = notes(
        &fs::read_to_string(run::root().join("CHANGELOG.md"))?,
        &version,
    )?;
    let place = run::root().join(format!("target/release-{version}"));
    if place.exists() {
        fs::remove_dir_all(&place).context("cannot remove the release of before")?;
    }
    fs::create_dir_all(&place)?;
    fs::write(place.join("CHANGELOG.md"), notes)?;
    fs::copy(run::root().join("LICENSE"), place.join("LICENSE"))?;

    for (_, file) in crates::package()? {
        add(&place, &file)?;
    }
    let python = py::interpreter()?;
    let linked = program(&python, &place, &version)?;
    add(&place, &wheel::build()?)?;
    add(&place, &wheel::source(&python)?)?;
    licences::write("zb-cli", &place.join(licences::FILE))?;

    let files = sums(&place)?;
    println!("\nzb {version}, `zb` for {linked}, in {}", place.display());
    for (name, size) in files {
        println!("{:>10} KiB  {name}", size.div_ceil(1024));
    }
    println!("nothing was published");
    Ok(())
}

/// The version that all crates have.
fn version() -> Result<String> {
    let mut versions: Vec<String> = members()?
        .into_iter()
        .map(|one: Member| one.version)
        .collect();
    versions.dedup();
    match versions.as_slice() {
        [one] => Ok(one.clone()),
        several => bail!("the crates have several versions: {}", several.join(", ")),
    }
}

/// What the changelog says of a version.
fn notes(changelog: &str, version: &str) -> Result<String> {
    let heading = |line: &str| line.starts_with("## ");
    let is_ours = |line: &str| {
        let named = line
            .strip_prefix("## ")
            .and_then(|line| line.split_whitespace().next());
        named.is_some_and(|named| named.trim_matches(['[', ']']) == version)
    };
    let mut lines = changelog.lines().skip_while(|line| !is_ours(line));
    let first = lines.next();
    let first = first.with_context(|| format!("CHANGELOG.md has no section for {version}"))?;
    let rest: Vec<_> = lines.take_while(|line| !heading(line)).collect();
    let text = format!("{first}\n{}", rest.join("\n"));
    if rest.iter().all(|line| line.trim().is_empty()) {
        bail!("CHANGELOG.md says nothing of {version}");
    }
    Ok(format!("{}\n", text.trim_end()))
}

/// The program `zb`, for Linux on x86-64. Gives the machine that it is for.
fn program(python: &Path, place: &Path, version: &str) -> Result<String> {
    let (triple, built) = zig::build_program(python, "zb-cli", "zb")?;
    let told = run::output(&mut run::program(&built, &["--version"]))?;
    if !told.contains(version) {
        bail!("the program says it is {:?}, not {version}", told.trim());
    }
    fs::copy(&built, place.join(format!("zb-{version}-{triple}")))?;
    Ok(triple)
}

fn add(place: &Path, file: &Path) -> Result<()> {
    let name = file.file_name().context("a file has a name")?;
    fs::copy(file, place.join(name)).with_context(|| file.display().to_string())?;
    Ok(())
}

/// Writes the sums of all files, and gives their names and sizes.
fn sums(place: &Path) -> Result<Vec<(String, u64)>> {
    let files = fs::read_dir(place)?.map(|file| Ok(file?.path()));
    let mut files = files.collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    let (mut listed, mut sums) = (Vec::new(), String::new());
    for file in files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let told = run::output(run::program("sha256sum", &[&name]).current_dir(place))?;
        // Writing to a string never fails.
        let _ = writeln!(sums, "{}", told.trim_end());
        listed.push((name, fs::metadata(&file)?.len()));
    }
    fs::write(place.join(SUMS), sums)?;
    run::stream(run::program("sha256sum", &["--check", "--quiet", SUMS]).current_dir(place))?;
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dry_run_is_known() {
        for args in [&[][..], &["--publish".to_owned()]] {
            let refused = run(args).unwrap_err().to_string();
            assert!(refused.contains("for a person"), "{refused}");
        }
    }

    #[test]
    fn the_notes_are_those_of_the_version() {
        let changelog = "# Changelog\n\n## 0.2.0 (unreleased)\n\nNew.\n\n### More\n\n## 0.1.0\n\nOld.\n\n## 0.0.1\n\n";
        assert_eq!(
            notes(changelog, "0.2.0").unwrap(),
            "## 0.2.0 (unreleased)\n\nNew.\n\n### More\n"
        );
        assert_eq!(notes(changelog, "0.1.0").unwrap(), "## 0.1.0\n\nOld.\n");
        assert!(notes(changelog, "0.3.0").is_err());
        assert!(notes(changelog, "0.0.1").is_err(), "nothing is said of it");
    }

    #[test]
    fn there_are_notes_for_this_version() {
        let changelog = fs::read_to_string(run::root().join("CHANGELOG.md")).unwrap();
        notes(&changelog, &version().unwrap()).unwrap();
    }

    #[test]
    fn sums_are_of_every_file_and_right() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("b"), "").unwrap();
        fs::write(place.path().join("a c"), "abc").unwrap();
        let listed = sums(place.path()).unwrap();
        assert_eq!(listed, [("a c".to_owned(), 3), ("b".to_owned(), 0)]);
        let sums = fs::read_to_string(place.path().join(SUMS)).unwrap();
        assert_eq!(
            sums,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a c\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
        );
    }
}
