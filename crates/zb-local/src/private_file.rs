//! Files that nobody else may read.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::Path,
};

/// Writes a file that only this user can read, at once or not at all.
pub(crate) fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut half_written = OsString::from(path);
    half_written.push(".new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&half_written)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(half_written, path)
}
