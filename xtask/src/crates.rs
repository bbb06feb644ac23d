//! `cargo xtask crates`: the crates as a registry would get them, and that they build as they are there.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    members::{Member, members},
    run,
};

/// Where cargo puts them.
const PLACE: &str = "target/package";

/// Where they are unpacked and checked.
const UNPACKED: &str = "target/packaged";

/// What lies in every one of them.
const FILES: [&str; 4] = ["Cargo.toml", "Cargo.toml.orig", "LICENSE", "README.md"];

/// Packages all crates, looks at what is in the packages, and has it checked by the compiler.
pub(crate) fn run() -> Result<()> {
    briefly()?;
    let mut check = run::cargo(&["check", "--workspace", "--lib", "--bins"]);
    check
        .arg("--target-dir")
        .arg(run::root().join("target/alone"));
    run::stream(check.current_dir(run::root().join(UNPACKED)))
}

/// The same without the compiler, as a step of continuous integration.
pub(crate) fn briefly() -> Result<()> {
    let packages = package()?;
    unpack_all(&packages)?;
    for (member, file) in &packages {
        let size = fs::metadata(file)?.len() / 1024;
        println!("{} {}: {size} KiB", member.name, member.version);
    }
    Ok(())
}

/// Packages all crates, in the order in which they can be published. What is not committed is packaged,
/// too, so that a change is found out before it is a commit.
pub(crate) fn package() -> Result<Vec<(Member, PathBuf)>> {
    let members = members()?;
    let place = run::root().join(PLACE);
    let mut package = run::cargo(&["package", "--no-verify", "--allow-dirty", "--locked"]);
    for member in &members {
        package.args(["--package", &member.name]);
    }
    run::stream(package.arg("--target-dir").arg(run::root().join("target")))?;
    let files = members.into_iter().map(|member| {
        let file = place.join(format!("{}-{}.crate", member.name, member.version));
        if !file.exists() {
            bail!("cargo made no {}", file.display());
        }
        Ok((member, file))
    });
    files.collect()
}

/// Unpacks all of them into a workspace where each is in the place of that of the registry: what was left
/// out of a package, or is needed and not said, is missing there.
fn unpack_all(packages: &[(Member, PathBuf)]) -> Result<()> {
    let place = run::root().join(UNPACKED);
    if place.exists() {
        fs::remove_dir_all(&place).context("cannot remove what was unpacked before")?;
    }
    fs::create_dir_all(&place)?;
    let (mut names, mut patches) = (Vec::new(), String::new());
    for (member, file) in packages {
        unpack(file, &place)?;
        let directory = format!("{}-{}", member.name, member.version);
        for wanted in FILES {
            if !place.join(&directory).join(wanted).is_file() {
                bail!("the package of {} has no {wanted}", member.name);
            }
        }
        // Writing to a string never fails.
        let _ = writeln!(patches, "{} = {{ path = {directory:?} }}", member.name);
        names.push(directory);
    }
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {names:?}\n\n[patch.crates-io]\n{patches}"
    );
    fs::write(place.join("Cargo.toml"), manifest)?;
    fs::copy(run::root().join("Cargo.lock"), place.join("Cargo.lock"))?;
    Ok(())
}

fn unpack(file: &Path, place: &Path) -> Result<()> {
    let mut tar = run::program("tar", &["-xzf"]);
    run::stream(tar.arg(file).arg("-C").arg(place))
}
