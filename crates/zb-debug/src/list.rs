//! Which files there are.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use zb_types::TableName;

use crate::{error::Error, file_name::FileName, kind::Kind, stamp::Stamp, stem};

/// A file of a mirror or of a quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    path: PathBuf,
    name: FileName,
    bytes: u64,
}

impl Entry {
    /// The file at a path; none if it is not named as one of ours.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], if nothing can be known of it.
    pub fn at(path: impl Into<PathBuf>) -> Result<Option<Self>, Error> {
        let path = path.into();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(FileName::parse) else {
            return Ok(None);
        };
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => Ok(None),
            Ok(metadata) => Ok(Some(Self {
                path,
                name,
                bytes: metadata.len(),
            })),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn kind(&self) -> Kind {
        self.name.kind
    }

    /// Whose rows are in it; none if the name was too long to be spelt out in that of the file (over
    /// 180 bytes).
    pub fn table(&self) -> Option<TableName> {
        stem::name(&self.name.stem)?.parse().ok()
    }

    /// What the name of the file says of the table: its name, or the beginning of it and a digest.
    pub fn label(&self) -> &str {
        &self.name.stem
    }

    /// When it was begun, by the clock of the machine that wrote it. Within a process, a file that was
    /// begun later has a later time, even where the clock was set back.
    pub fn started(&self) -> SystemTime {
        self.name.stamp.time()
    }

    /// The id of the process that wrote it.
    pub fn process(&self) -> u32 {
        self.name.process
    }

    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn order(&self) -> (Stamp, u32, &Path) {
        (self.name.stamp, self.name.process, &self.path)
    }
}

/// The files of mirrors or of a quarantine, the oldest first: those in `directory` itself, and those
/// below it, where [`Mirrors`](crate::Mirrors) put them. Other files are left out.
///
/// # Errors
///
/// [`Error::Read`], if a directory cannot be read.
pub fn list(directory: impl AsRef<Path>) -> Result<Vec<Entry>, Error> {
    let directory = directory.as_ref();
    let mut entries = Vec::new();
    add(directory, &mut entries)?;
    for kind in [Kind::Arrow, Kind::Proto] {
        let mut below = directory.to_owned();
        below.extend(kind.directories());
        match add(&below, &mut entries) {
            Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    entries.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(entries)
}

fn add(directory: &Path, entries: &mut Vec<Entry>) -> Result<(), Error> {
    let cannot_read = |source| Error::Read {
        path: directory.to_owned(),
        source,
    };
    for entry in fs::read_dir(directory).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        match Entry::at(path) {
            // It was deleted just now.
            Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            other => entries.extend(other?),
        }
    }
    Ok(())
}
