//! Where the files are: directories 0700, files 0600, and nothing that is followed elsewhere.

#[cfg_attr(unix, path = "place/unix.rs")]
#[cfg_attr(not(unix), path = "place/portable.rs")]
mod system;

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{error::Error, file_name::FileName, kind::Kind, stamp::Stamps};

pub(crate) use system::{Directory, read};

/// How many names are tried before it is not their fault.
const TRIES: usize = 100;

/// A directory, by its path: it is entered anew for each file, since it may have been deleted or
/// moved meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// What the user named.
    root: PathBuf,
    /// The directories below it that are ours alone.
    below: Vec<&'static str>,
}

impl Place {
    /// A place at `below` in `root`, from wherever the process is now.
    pub(crate) fn new(root: &Path, below: &[&'static str]) -> Result<Self, Error> {
        let root = std::path::absolute(root).map_err(|source| Error::Directory {
            path: root.to_owned(),
            source,
        })?;
        let below = below.to_vec();
        Ok(Self { root, below })
    }

    pub(crate) fn path(&self) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(&self.below);
        path
    }

    /// Enters the directory, and makes it first where it is missing.
    pub(crate) fn enter(&self) -> Result<Directory, Error> {
        make(&self.root).map_err(|source| Error::Directory {
            path: self.root.clone(),
            source,
        })?;
        let mut directory = Directory::open(&self.root)?;
        for name in &self.below {
            directory = directory.below(name)?;
        }
        Ok(directory)
    }

    /// Makes an empty file for a table, under a name that nothing has, and locks it: who deletes old
    /// files leaves alone what is locked. What stands in the file `beside` it, its descriptor, is
    /// written first, so that a process that is killed leaves none without.
    pub(crate) fn create(
        &self,
        stem: &str,
        stamps: &Stamps,
        kind: Kind,
        beside: Option<&[u8]>,
    ) -> Result<(FileName, File), Error> {
        let directory = self.enter()?;
        let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..TRIES {
            let name = FileName::new(stem, stamps.next(), kind);
            if let Some(contents) = beside {
                match self.write_beside(&directory, &name, contents) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => return Err(error),
                }
            }
            match directory.create(&name.to_string()) {
                // Someone may have deleted it before it was locked.
                Ok(file) if lock(&file) && is_linked(&file) => return Ok((name, file)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
                Err(error) => {
                    refused = error;
                    remove_beside(&directory, &name, beside);
                    break;
                }
            }
            remove_beside(&directory, &name, beside);
        }
        Err(Error::Create {
            directory: self.path(),
            source: refused,
        })
    }

    /// Whether the name was free.
    fn write_beside(
        &self,
        directory: &Directory,
        name: &FileName,
        contents: &[u8],
    ) -> Result<bool, Error> {
        let name = name.descriptor();
        let written = match directory.create(&name) {
            Ok(mut file) => file.write_all(contents),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
            Err(source) => {
                let directory = self.path();
                return Err(Error::Create { directory, source });
            }
        };
        if let Err(source) = written {
            let _ = directory.remove(&name);
            let path = self.path().join(name);
            return Err(Error::Write { path, source });
        }
        Ok(true)
    }
}

/// Takes away the descriptor of a file that did not come about.
fn remove_beside(directory: &Directory, name: &FileName, beside: Option<&[u8]>) {
    if beside.is_some() {
        let _ = directory.remove(&name.descriptor());
    }
}

/// Whether nobody else has the lock. Where files cannot be locked, nobody has.
fn lock(file: &File) -> bool {
    !matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

/// Whether the file is still in a directory.
pub(crate) fn is_linked(file: &File) -> bool {
    system::links(file).is_none_or(|links| links > 0)
}

/// Makes a directory 0700, whatever the umask, and those above it.
fn make(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Some directories are there, and take none.
            let Some(parent) = path.parent().filter(|parent| !parent.is_dir()) else {
                return Err(error);
            };
            make(parent)?;
            make(path)
        }
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                fs::set_permissions(path, mode)?;
            }
            Ok(())
        }
    }
}
