//! The judge: `tests/python/judge.py`, which reads the tables without any of our code.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;
use zb_tests::python;

/// What the judge printed.
#[derive(Debug, Deserialize)]
pub(super) struct Judgement {
    /// Results that are broken on purpose, and whether each was found out.
    controls: BTreeMap<String, bool>,
    pub(super) verdicts: BTreeMap<String, Verdict>,
}

/// The verdict on one sending.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Verdict {
    pub(super) violations: Vec<String>,
    pub(super) rows: u64,
    pub(super) offered: u64,
    pub(super) durable: u64,
    pub(super) rejected: u64,
    pub(super) not_sent: u64,
    pub(super) unknown: u64,
    pub(super) lost: u64,
    pub(super) unaccounted: u64,
    pub(super) duplicates_reported: u64,
    pub(super) duplicates_real: u64,
}

/// Has all beliefs in a directory judged, by a judge that has just proved itself.
pub(super) fn judge(beliefs: &Path) -> BTreeMap<String, Verdict> {
    let output = python::script("judge.py", [beliefs]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the judge failed:\n{stderr}");
    let judgement: Judgement = serde_json::from_slice(&output.stdout).expect("a judgement");
    let blind: Vec<_> = judgement
        .controls
        .iter()
        .filter(|(_, caught)| !**caught)
        .collect();
    assert!(
        judgement.controls.len() > 15 && blind.is_empty(),
        "the judge is blind: {blind:?}"
    );
    judgement.verdicts
}
