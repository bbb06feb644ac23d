//! `cargo xtask client NAME`: an official client in an environment of its own, in `target/clients`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{py, run};

/// The clients, and what is installed for each, pinned.
const CLIENTS: [(&str, &str); 2] = [
    (
        "python-1.10.0",
        "tests/python/conformance/python-1.10.0.txt",
    ),
    ("python-1.1.0", "tests/python/conformance/python-1.1.0.txt"),
];

/// Makes all of them, or one, and prints where each is.
pub(crate) fn run(wanted: Option<&str>) -> Result<()> {
    let chosen = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let chosen: Vec<_> = CLIENTS.iter().filter(|(name, _)| chosen(name)).collect();
    if chosen.is_empty() {
        let names = CLIENTS.map(|(name, _)| name).join(", ");
        bail!("there is no such client: {names}");
    }
    for (name, requirements) in chosen {
        println!("{}", python(name, requirements)?.display());
    }
    Ok(())
}

/// The interpreter of a client, after its environment was made where that is needed.
fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let venv = Path::new("target/clients").join(name);
    let python = run::root().join(&venv).join("bin/python");
    let stamp = run::root().join(&venv).join("installed.txt");
    let wanted = fs::read_to_string(run::root().join(requirements))
        .with_context(|| format!("cannot read {requirements}"))?;
    if !(python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)) {
        py::make(&venv, requirements)
            .with_context(|| format!("no {name}: is the package index there?"))?;
        // Written last: an interrupted installation is done again.
        fs::write(&stamp, wanted).context("cannot write into target/clients")?;
    }
    Ok(python)
}
