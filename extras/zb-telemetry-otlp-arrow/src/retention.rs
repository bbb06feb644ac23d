//! Deleting old files, which the library means to do and does not: it looks for `.arrow` and writes
//! `.arrows`.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Held locked for as long as a process writes into its directory.
pub(crate) const LOCK: &str = "lock";

/// A file of some process.
struct Found {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

/// Deletes the oldest files below `root` until they take `max_bytes` at most. What a process that is
/// alive writes to is left alone; directories of processes that are gone go when they are empty.
pub(crate) fn keep(root: &Path, own: &Path, max_bytes: u64) -> io::Result<()> {
    let (mut spare, mut total) = (Vec::new(), 0);
    for entry in fs::read_dir(root)? {
        let process = entry?.path();
        if !process.join(LOCK).is_file() {
            continue; // not one of ours
        }
        let is_alive = process == own || is_locked(&process);
        for kind in ["traces", "metrics"] {
            let mut files = files(&process.join("otlp").join(kind))?;
            total += files.iter().map(|file| file.bytes).sum::<u64>();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            if is_alive {
                files.pop(); // the last one is written to
            }
            spare.extend(files);
        }
    }
    // Names begin with a time, too: file systems tell times only so well.
    spare.sort_by(|a, b| (a.changed, &a.path).cmp(&(b.changed, &b.path)));
    for file in spare {
        if total <= max_bytes {
            break;
        }
        fs::remove_file(&file.path)?;
        total -= file.bytes;
    }
    remove_empty(root, own)
}

fn is_locked(process: &Path) -> bool {
    File::open(process.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err())
}

fn files(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if entry.path().extension().is_some_and(|end| end == "arrows") {
            found.push(Found {
                path: entry.path(),
                bytes: metadata.len(),
                changed: metadata.modified()?,
            });
        }
    }
    Ok(found)
}

fn remove_empty(root: &Path, own: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let process = entry?.path();
        if process == own || !process.join(LOCK).is_file() || is_locked(&process) {
            continue;
        }
        let mut is_empty = true;
        for kind in ["traces", "metrics"] {
            is_empty &= files(&process.join("otlp").join(kind))?.is_empty();
        }
        if is_empty {
            fs::remove_dir_all(&process)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory as a process leaves it, with files of 100 bytes each.
    fn process(root: &Path, name: &str, files: usize) -> PathBuf {
        let process = root.join(name);
        let traces = process.join("otlp/traces");
        fs::create_dir_all(&traces).unwrap();
        fs::write(process.join(LOCK), "").unwrap();
        for file in 0..files {
            let path = traces.join(format!("otlp_traces_{file:04}.arrows"));
            fs::write(path, [0; 100]).unwrap();
        }
        process
    }

    fn left(process: &Path) -> usize {
        files(&process.join("otlp/traces")).unwrap().len()
    }

    #[test]
    fn the_oldest_go_first_and_the_one_that_is_written_to_never() {
        let root = tempfile::tempdir().unwrap();
        let gone = process(root.path(), "1", 3);
        let own = process(root.path(), "2", 3);
        keep(root.path(), &own, 250).unwrap();
        assert!(!gone.exists());
        assert_eq!(left(&own), 2);
        keep(root.path(), &own, 0).unwrap();
        assert_eq!(left(&own), 1);
        assert!(own.join("otlp/traces/otlp_traces_0002.arrows").exists());
    }

    #[test]
    fn a_process_that_is_alive_keeps_what_it_writes_to() {
        let root = tempfile::tempdir().unwrap();
        let (alive, own) = (process(root.path(), "1", 2), process(root.path(), "2", 1));
        let lock = File::open(alive.join(LOCK)).unwrap();
        lock.lock().unwrap();
        keep(root.path(), &own, 0).unwrap();
        assert_eq!(left(&alive), 1);
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let own = process(root.path(), "2", 1);
        let theirs = root.path().join("theirs/otlp/traces");
        fs::create_dir_all(&theirs).unwrap();
        fs::write(theirs.join("a.arrows"), [0; 100]).unwrap();
        keep(root.path(), &own, 0).unwrap();
        assert!(theirs.join("a.arrows").exists());
    }
}
