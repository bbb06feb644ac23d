//! Files to send: those of `tests/data`, and what `tests/python/fixtures.py` makes of them.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{python, root};

/// Rows of `flights-sample.parquet`.
pub const SAMPLE_ROWS: u64 = 21_049;

/// Copies of the sample that make about as many rows as there were flights in 2013.
pub const A_YEAR: u64 = 16;

/// A file of `tests/data`.
pub fn file(name: &str) -> PathBuf {
    root().join("tests/data").join(name)
}

/// The sample of flights: 19 columns, nulls, an instant with a zone.
pub fn sample() -> PathBuf {
    file("flights-sample.parquet")
}

/// The sample so many times over, no two rows equal.
pub fn grown(copies: u64, directory: &Path) -> PathBuf {
    let copies = copies.to_string();
    let name = format!("grown-{copies}.parquet");
    made("grow", &directory.join(name), &[&copies])
}

/// The sample without a column.
pub fn without(column: &str, directory: &Path) -> PathBuf {
    made(
        "drop",
        &directory.join(format!("without-{column}.parquet")),
        &[column],
    )
}

/// The sample with an integer column as text.
pub fn as_text(column: &str, directory: &Path) -> PathBuf {
    made(
        "retype",
        &directory.join(format!("text-{column}.parquet")),
        &[column],
    )
}

/// The schema of the sample and no rows.
pub fn no_rows(directory: &Path) -> PathBuf {
    made("empty", &directory.join("no-rows.parquet"), &[])
}

/// One column for every type that a Parquet file can hold and zb takes.
pub fn all_types(directory: &Path) -> PathBuf {
    let dest = directory.join("types.parquet");
    run(&["types".as_ref(), dest.as_ref()]);
    dest
}

fn made(command: &str, dest: &Path, rest: &[&str]) -> PathBuf {
    let sample = sample();
    let mut args: Vec<&OsStr> = vec![command.as_ref(), sample.as_ref(), dest.as_ref()];
    args.extend(rest.iter().map(OsStr::new));
    run(&args);
    dest.to_path_buf()
}

fn run(args: &[&OsStr]) {
    let output = python::script("fixtures.py", args);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "fixtures.py {args:?}:\n{stderr}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_made_of_the_sample() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let directory = directory.path();
        let sample = std::fs::metadata(sample())
            .expect("the sample is there")
            .len();
        let grown = std::fs::metadata(grown(2, directory))
            .expect("a file was made")
            .len();
        assert!(grown > sample, "{grown}");
        let made = [
            without("year", directory),
            as_text("year", directory),
            no_rows(directory),
            all_types(directory),
        ];
        assert!(made.iter().all(|file| file.exists()), "{made:?}");
    }
}
