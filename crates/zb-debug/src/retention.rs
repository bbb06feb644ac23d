//! Which old files go.

use std::io;

use crate::{
    file_name::FileName,
    kind::Kind,
    place::{Directory, Place},
};

/// What is kept of one table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keep {
    /// How many files, the one that is written included.
    pub(crate) files: Option<u64>,
    /// How many bytes, those that the file may have that is written included.
    pub(crate) bytes: Option<u64>,
}

/// A file of the table, with the size of what is beside it.
struct Old {
    name: FileName,
    bytes: u64,
}

impl Keep {
    /// Deletes the oldest files of the table, until there is room for another one of `size` bytes.
    /// Says how many.
    ///
    /// Only what is named exactly as we name files of this table is deleted, if it is a regular file
    /// of ours, and nobody writes it: who does has locked it.
    pub(crate) fn make_room(
        self,
        place: &Place,
        stem: &str,
        kind: Kind,
        size: u64,
    ) -> io::Result<u64> {
        if self.files.is_none() && self.bytes.is_none() {
            return Ok(0);
        }
        let directory = place.enter().map_err(io::Error::other)?;
        let old = old_files(&directory, stem, kind)?;
        let mut files = old.len() as u64;
        let mut bytes: u64 = old.iter().map(|old| old.bytes).sum();
        let mut deleted = 0;
        for old in old {
            let too_many = self.files.is_some_and(|keep| files + 1 > keep.max(1));
            let too_much = self.bytes.is_some_and(|keep| bytes + size > keep);
            if !too_many && !too_much {
                break;
            }
            if delete(&directory, &old.name)? {
                deleted += 1;
                files -= 1;
                bytes -= old.bytes;
            }
        }
        Ok(deleted)
    }
}

/// The files of a table, the oldest first.
fn old_files(directory: &Directory, stem: &str, kind: Kind) -> io::Result<Vec<Old>> {
    let names = directory.names()?;
    let names = names.iter().filter_map(|name| FileName::parse(name));
    let ours = names.filter(|name| name.kind == kind && name.stem == stem);
    let mut old: Vec<Old> = ours
        .filter_map(|name| {
            let bytes = size(directory, &name.to_string())?;
            let beside = match kind {
                Kind::Proto => size(directory, &name.descriptor()).unwrap_or_default(),
                Kind::Arrow => 0,
            };
            let bytes = bytes + beside;
            Some(Old { name, bytes })
        })
        .collect();
    old.sort_by_key(|old| (old.name.stamp, old.name.process));
    Ok(old)
}

fn size(directory: &Directory, name: &str) -> Option<u64> {
    let file = directory.open_own(name).ok()??;
    file.metadata().ok().map(|metadata| metadata.len())
}

/// Deletes a file, unless someone writes it.
fn delete(directory: &Directory, name: &FileName) -> io::Result<bool> {
    let file = match directory.open_own(&name.to_string()) {
        Ok(Some(file)) => file,
        // Another process was faster.
        Ok(None) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // The lock is kept until the file is gone, so that nobody begins to write it.
    if file.try_lock().is_err() {
        return Ok(false);
    }
    directory.remove(&name.to_string())?;
    if name.kind == Kind::Proto {
        match directory.remove(&name.descriptor()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(true)
}
