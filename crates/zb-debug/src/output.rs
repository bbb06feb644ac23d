//! One file that is being written, in whole messages.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write as _},
    path::PathBuf,
};

use crate::{
    error::Error,
    file_name::FileName,
    kind::Kind,
    place::{Place, is_linked},
    stamp::Stamps,
};

/// What was written, or was not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) batches: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// A part of what waits: whole messages, with the rows in them.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// Where it ends in the buffer.
    end: usize,
    rows: u64,
    /// Whether what was handed over is complete with it.
    completes: bool,
}

/// What became of what waited.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Flushed {
    pub(crate) written: Tally,
    pub(crate) lost: Tally,
    pub(crate) error: Option<Error>,
}

/// A file to which whole messages are added. They wait in a buffer that belongs to whoever encodes.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    place: Place,
    pub(crate) name: FileName,
    /// How long the file is: whole messages, all of them with the system.
    len: u64,
    /// The rows in it, those that wait included.
    rows: u64,
    parts: VecDeque<Part>,
    failed: bool,
}

impl Output {
    pub(crate) fn create(
        place: &Place,
        stem: &str,
        stamps: &Stamps,
        kind: Kind,
        beside: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let (name, file) = place.create(stem, stamps, kind, beside)?;
        Ok(Self {
            file,
            place: place.clone(),
            name,
            len: 0,
            rows: 0,
            parts: VecDeque::new(),
            failed: false,
        })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.place.path().join(self.name.to_string())
    }

    /// How long it will be with what waits.
    pub(crate) fn len_with(&self, waiting: &[u8]) -> u64 {
        self.len + waiting.len() as u64
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether anything was added, be it a batch without rows.
    pub(crate) fn is_begun(&self) -> bool {
        self.len > 0 || !self.parts.is_empty()
    }

    pub(crate) fn is_in_place(&self) -> bool {
        is_linked(&self.file)
    }

    /// Notes that the buffer now ends with `rows` more rows.
    pub(crate) fn added(&mut self, waiting: &[u8], rows: u64, completes: bool) {
        self.rows += rows;
        self.parts.push_back(Part {
            end: waiting.len(),
            rows,
            completes,
        });
    }

    /// Hands what waits to the system. If that fails, the file ends with the last whole message that
    /// got there, and is not to be written again.
    pub(crate) fn flush(&mut self, waiting: &mut Vec<u8>) -> Flushed {
        let mut flushed = Flushed::default();
        let (sent, result) = if self.failed {
            (0, Err(io::Error::from(io::ErrorKind::BrokenPipe)))
        } else if waiting.is_empty() {
            return flushed;
        } else if self.is_in_place() {
            write(&mut self.file, waiting)
        } else {
            (0, Err(io::Error::from(io::ErrorKind::NotFound)))
        };
        let mut whole = 0;
        for part in self.parts.drain(..) {
            let to = if part.end <= sent {
                whole = part.end;
                &mut flushed.written
            } else {
                &mut flushed.lost
            };
            to.rows += part.rows;
            to.batches += u64::from(part.completes);
        }
        // What ends a file is no part.
        if result.is_ok() {
            whole = waiting.len();
        }
        flushed.written.bytes = whole as u64;
        self.len += whole as u64;
        waiting.clear();
        // A large batch must not hold its memory for good.
        waiting.shrink_to(1 << 20);
        if let Err(source) = result {
            let path = self.path();
            self.give_up();
            flushed.error = Some(Error::Write { path, source });
        }
        flushed
    }

    /// Sees to it that the file, and its name, are on the disk.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        let synced = self.file.sync_data();
        synced.map_err(|source| self.cannot_write(source))?;
        let synced = self.place.enter()?.sync();
        synced.map_err(|source| self.cannot_write(source))
    }

    fn cannot_write(&self, source: io::Error) -> Error {
        let path = self.path();
        Error::Write { path, source }
    }

    /// Leaves what is whole, and nothing if nothing is.
    fn give_up(&mut self) {
        self.failed = true;
        let cut = self.file.set_len(self.len);
        if let Err(error) = cut {
            tracing::debug!(%error, "a file could not be cut to its last whole message");
        }
        if self.len == 0 {
            self.remove();
        }
    }

    /// Takes the file away.
    pub(crate) fn remove(&mut self) {
        self.failed = true;
        if !self.is_in_place() {
            return;
        }
        let Ok(directory) = self.place.enter() else {
            return;
        };
        // It may have gone already.
        let _ = directory.remove(&self.name.to_string());
        if self.name.kind == Kind::Proto {
            let _ = directory.remove(&self.name.descriptor());
        }
    }
}

/// Writes, and says how far it got.
fn write(file: &mut File, mut bytes: &[u8]) -> (usize, io::Result<()>) {
    let all = bytes.len();
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return (all - bytes.len(), Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (all - bytes.len(), Err(error)),
        }
    }
    (all, Ok(()))
}
