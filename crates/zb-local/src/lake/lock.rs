//! One server per directory: an advisory lock that ends with the process at the latest.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use crate::error::Error;

const FILE: &str = ".zb-local.lock";

/// Holds the directory until it is dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory where it is missing, and takes it.
    pub(crate) fn take(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::directory(dir, source))?;
        let path = dir.join(FILE);
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| Error::directory(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::DirectoryInUse { path: dir.into() }),
            Err(TryLockError::Error(source)) => Err(Error::directory(&path, source)),
        }
    }
}
