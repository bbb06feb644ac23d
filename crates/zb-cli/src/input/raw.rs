//! The bytes of an input before anybody knows what they mean: a file, or a pipe.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, Write},
    path::Path,
};

use tempfile::{SpooledTempFile, spooled_tempfile, tempfile};

use super::{
    Error,
    sniff::{Content, HEAD},
};

/// How much of a pipe's sample is kept in memory before it goes to a temporary file.
const MAX_SAMPLE_IN_MEMORY: usize = 16 * 1024 * 1024;

/// Opened, and looked at, but not read.
pub(super) struct Raw {
    name: String,
    head: Vec<u8>,
    body: Body,
}

enum Body {
    /// At its beginning, the head included.
    File { file: File, len: u64 },
    /// After the head.
    Stream(Box<dyn Read + Send>),
}

impl Raw {
    /// Opens a file; `-` is standard input. Pipes with a path are treated as what they are.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        if path.as_os_str() == "-" {
            return Self::stream("standard input", io::stdin());
        }
        let name = path.display().to_string();
        let fail = |source| Error::Open {
            name: path.display().to_string(),
            source,
        };
        let mut file = File::open(path).map_err(fail)?;
        let metadata = file.metadata().map_err(fail)?;
        if metadata.is_dir() {
            return Err(fail(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Self::stream(&name, file);
        }
        let head = read_head(&mut file).map_err(fail)?;
        file.rewind().map_err(fail)?;
        let len = metadata.len();
        let body = Body::File { file, len };
        Ok(Self { name, head, body })
    }

    /// Reads whatever comes.
    pub(super) fn stream(
        name: &str,
        mut reader: impl Read + Send + 'static,
    ) -> Result<Self, Error> {
        let head = read_head(&mut reader).map_err(|source| Error::Open {
            name: name.to_owned(),
            source,
        })?;
        Ok(Self {
            name: name.to_owned(),
            head,
            body: Body::Stream(Box::new(reader)),
        })
    }

    /// For error texts.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The length in bytes, unless it is a pipe.
    pub(super) fn len(&self) -> Option<u64> {
        match self.body {
            Body::File { len, .. } => Some(len),
            Body::Stream(_) => None,
        }
    }

    pub(super) fn content(&self) -> Content {
        Content::of(&self.head)
    }

    /// The first bytes, for a person to recognise.
    pub(super) fn start(&self) -> String {
        let start = String::from_utf8_lossy(&self.head);
        start.chars().take(16).collect()
    }

    /// As something to read from the beginning.
    pub(super) fn into_read(self) -> Box<dyn Read + Send> {
        match self.body {
            Body::File { file, .. } => Box::new(file),
            Body::Stream(rest) => Box::new(Cursor::new(self.head).chain(rest)),
        }
    }

    /// As something to jump about in. A pipe is first written to a temporary file without a name.
    pub(super) fn into_file(self) -> Result<File, Error> {
        match self.body {
            Body::File { file, .. } => Ok(file),
            Body::Stream(mut rest) => spool(&self.head, &mut rest).map_err(|source| Error::Spool {
                name: self.name,
                source,
            }),
        }
    }

    /// Lets `look` read from the beginning, as far as it likes, and then gives back the whole.
    pub(super) fn sample<T>(
        self,
        look: impl FnOnce(&mut dyn Read) -> Result<T, Error>,
    ) -> Result<(T, Box<dyn Read + Send>), Error> {
        let name = self.name.clone();
        let fail = |source| Error::Read {
            name: name.clone(),
            source,
        };
        match self.body {
            Body::File { mut file, .. } => {
                let found = look(&mut BufReader::new(&file))?;
                file.rewind().map_err(fail)?;
                Ok((found, Box::new(file)))
            }
            Body::Stream(_) => {
                let mut tee = Tee {
                    inner: self.into_read(),
                    copy: spooled_tempfile(MAX_SAMPLE_IN_MEMORY),
                };
                let found = look(&mut tee)?;
                tee.copy.rewind().map_err(fail)?;
                Ok((found, Box::new(tee.copy.chain(tee.inner))))
            }
        }
    }
}

/// Keeps a copy of what is read.
struct Tee {
    inner: Box<dyn Read + Send>,
    copy: SpooledTempFile,
}

impl Read for Tee {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.copy.write_all(buf.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}

/// A pipe may hand over its first bytes one by one.
fn read_head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// A temporary file with these bytes. It has no name, so nothing is left behind.
fn spool(mut head: &[u8], rest: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile()?;
    io::copy(&mut head, &mut file)?;
    io::copy(rest, &mut file)?;
    file.rewind()?;
    Ok(file)
}
