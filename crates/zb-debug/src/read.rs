//! Reading what was written, as far as it goes.

mod arrow;
mod proto;

pub use arrow::ArrowFile;
pub use proto::ProtoFile;

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    error::{Damage, Error},
    place,
};

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tail {
    /// In whole.
    Complete,
    /// With a whole batch, but without the mark of its end: someone writes it, or did until the
    /// process was killed.
    Open,
    /// In the middle of a batch or record, or with a length that leads past the end.
    Cut {
        /// How many bytes lie behind the last whole one.
        bytes: u64,
    },
}

/// A file from its beginning on, with its size as it was when it was opened: what is written
/// meanwhile is not read.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    file: BufReader<File>,
    size: u64,
    /// How much was read.
    at: u64,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Error> {
        let opened = place::read(path);
        let (file, metadata) = opened.map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let source = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(64 << 10, file),
            size: metadata.len(),
            at: 0,
        };
        if metadata.is_file() {
            Ok(source)
        } else {
            Err(source.damaged(0, Damage::NotAFile))
        }
    }

    fn left(&self) -> u64 {
        self.size.saturating_sub(self.at)
    }

    /// The next `len` bytes; none if there are not as many. No memory is asked for before that is
    /// known.
    fn take(&mut self, len: u64) -> Result<Option<Vec<u8>>, Error> {
        if len > self.left() {
            return Ok(None);
        }
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => {
                self.at += len;
                Ok(Some(bytes))
            }
            // It was made shorter meanwhile.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(source) => Err(Error::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn take_four(&mut self) -> Result<Option<[u8; 4]>, Error> {
        let taken = self.take(4)?;
        Ok(taken.and_then(|bytes| bytes.try_into().ok()))
    }

    fn damaged(&self, offset: u64, damage: Damage) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            offset,
            damage,
        }
    }
}
