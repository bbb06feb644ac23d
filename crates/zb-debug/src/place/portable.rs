//! Directories by their paths, where the system offers no more.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use crate::error::{Error, UnsafeDirectory};

/// A directory.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        match fs::read_dir(&path) {
            Ok(_) => Ok(Self { path }),
            Err(source) => Err(Error::Directory { path, source }),
        }
    }

    pub(crate) fn below(&self, name: &str) -> Result<Self, Error> {
        let path = self.path.join(name);
        match fs::create_dir(&path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::Directory { path, source });
            }
            _ => {}
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Ok(Self { path }),
            Ok(_) => {
                let problem = UnsafeDirectory::NotADirectory;
                Err(Error::Unsafe { path, problem })
            }
            Err(source) => Err(Error::Directory { path, source }),
        }
    }

    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options.open(self.path.join(name))
    }

    pub(crate) fn open_own(&self, name: &str) -> io::Result<Option<File>> {
        let path = self.path.join(name);
        if !fs::symlink_metadata(&path)?.is_file() {
            return Ok(None);
        }
        File::open(path).map(Some)
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "as on other systems, where it may fail"
    )]
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn links(_: &File) -> Option<u64> {
    None
}

pub(crate) fn read(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}
