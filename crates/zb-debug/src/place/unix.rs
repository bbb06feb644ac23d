//! Directories as they are open, so that nothing can be slipped in between two steps.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, chmodat, fchmod, fstat, mkdirat, openat, unlinkat},
    io::Errno,
    process::geteuid,
};

use crate::error::{Error, UnsafeDirectory};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    handle: OwnedFd,
}

impl Directory {
    /// The one at `path`, wherever that leads.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat(rustix::fs::CWD, path, flags, Mode::empty()) {
            Ok(handle) => Ok(Self {
                path: path.to_owned(),
                handle,
            }),
            Err(errno) => Err(cannot_use(path, errno)),
        }
    }

    /// A directory in this one, which must be ours; made if it is missing.
    pub(crate) fn below(&self, name: &str) -> Result<Self, Error> {
        let path = self.path.join(name);
        let private = Mode::RWXU;
        match mkdirat(&self.handle, name, private) {
            // The umask may have taken something away.
            Ok(()) => chmodat(&self.handle, name, private, AtFlags::empty())
                .map_err(|errno| cannot_use(&path, errno))?,
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(cannot_use(&path, errno)),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => handle,
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let problem = UnsafeDirectory::NotADirectory;
                return Err(Error::Unsafe { path, problem });
            }
            Err(errno) => return Err(cannot_use(&path, errno)),
        };
        let owner = fstat(&handle).map_err(|errno| cannot_use(&path, errno))?;
        if owner.st_uid != geteuid().as_raw() {
            let problem = UnsafeDirectory::OfAnotherUser;
            return Err(Error::Unsafe { path, problem });
        }
        Ok(Self { path, handle })
    }

    /// Makes a file that was not there, 0600.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let private = Mode::RUSR | Mode::WUSR;
        let handle = openat(&self.handle, name, flags, private)?;
        fchmod(&handle, private)?;
        Ok(handle.into())
    }

    /// Opens a regular file of our own; none if it is something else.
    pub(crate) fn open_own(&self, name: &str) -> io::Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file: File = match openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => handle.into(),
            Err(Errno::LOOP) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let metadata = file.metadata()?;
        let is_own = metadata.is_file() && metadata.uid() == geteuid().as_raw();
        Ok(is_own.then_some(file))
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// The names in it that are UTF-8; ours are.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            if let Ok(name) = entry?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Sees to it that the names of new files are on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.handle)?)
    }
}

fn cannot_use(path: &Path, errno: Errno) -> Error {
    Error::Directory {
        path: path.to_owned(),
        source: errno.into(),
    }
}

/// How many names the file has.
pub(super) fn links(file: &File) -> Option<u64> {
    file.metadata().ok().map(|metadata| metadata.nlink())
}

/// Opens to read, without waiting for whoever may write to a pipe.
pub(crate) fn read(path: &Path) -> io::Result<(File, fs::Metadata)> {
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let metadata = file.metadata()?;
    Ok((file, metadata))
}
