//! What goes wrong here.

use std::{fmt, io, path::PathBuf, time::Duration};

use arrow_schema::ArrowError;

use crate::Stats;

/// What goes wrong here.
///
/// Handing over to [`Mirrors`](crate::Mirrors) never fails: what cannot be written is counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No mirror was switched on.
    #[error("no mirror is switched on")]
    NothingToDo,
    /// A directory cannot be made or opened.
    #[error("the directory {} cannot be used", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A directory is not one that others cannot meddle with.
    #[error("the directory {} is not used: {problem}", path.display())]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        problem: UnsafeDirectory,
    },
    /// The thread that writes cannot be started, or there is no key for the hashes.
    #[error("the mirrors cannot be started")]
    Start {
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be made.
    #[error("no file can be made in {}", directory.display())]
    Create {
        /// Where it was to be.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written. It ends with the last batch or record that is there in whole.
    #[error("{} cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A batch that Arrow's IPC format cannot hold.
    #[error("a batch cannot be written as an Arrow IPC stream")]
    Encode {
        /// What Arrow says.
        source: ArrowError,
    },
    /// The mirrors were closed, and something is not in the files.
    #[error("the mirrors lack {} row(s)", stats.dropped_rows())]
    Lost {
        /// What is there, and what is not.
        stats: Box<Stats>,
    },
    /// The thread that writes did not get through with it in time. It goes on.
    #[error("the mirrors were not written within {within:?}")]
    Late {
        /// How long was waited.
        within: Duration,
    },
    /// A file or directory cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{} is damaged at byte {offset}: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the message begins that is wrong.
        offset: u64,
        /// What was found there.
        damage: Damage,
    },
}

impl Error {
    /// The class of the error, for code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NothingToDo => ErrorKind::NothingToDo,
            Self::Directory { .. } => ErrorKind::Directory,
            Self::Unsafe { .. } => ErrorKind::Unsafe,
            Self::Start { .. } => ErrorKind::Start,
            Self::Create { .. } => ErrorKind::Create,
            Self::Write { .. } => ErrorKind::Write,
            Self::Encode { .. } => ErrorKind::Encode,
            Self::Lost { .. } => ErrorKind::Lost,
            Self::Late { .. } => ErrorKind::Late,
            Self::Read { .. } => ErrorKind::Read,
            Self::Damaged { .. } => ErrorKind::Damaged,
        }
    }

    /// Whether it would be the same on an empty disk.
    pub(crate) fn is_about_the_rows(&self) -> bool {
        matches!(self, Self::Encode { .. })
    }
}

/// The class of an [`Error`], one for each of its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// See [`Error::NothingToDo`].
    NothingToDo,
    /// See [`Error::Directory`].
    Directory,
    /// See [`Error::Unsafe`].
    Unsafe,
    /// See [`Error::Start`].
    Start,
    /// See [`Error::Create`].
    Create,
    /// See [`Error::Write`].
    Write,
    /// See [`Error::Encode`].
    Encode,
    /// See [`Error::Lost`].
    Lost,
    /// See [`Error::Late`].
    Late,
    /// See [`Error::Read`].
    Read,
    /// See [`Error::Damaged`].
    Damaged,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NothingToDo => "nothing_to_do",
            Self::Directory => "directory",
            Self::Unsafe => "unsafe",
            Self::Start => "start",
            Self::Create => "create",
            Self::Write => "write",
            Self::Encode => "encode",
            Self::Lost => "lost",
            Self::Late => "late",
            Self::Read => "read",
            Self::Damaged => "damaged",
        }
    }
}

/// Why a directory is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsafeDirectory {
    /// It is a symbolic link, or no directory at all.
    NotADirectory,
    /// It belongs to another user.
    OfAnotherUser,
}

impl fmt::Display for UnsafeDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotADirectory => "it is a link or a file",
            Self::OfAnotherUser => "it belongs to another user",
        })
    }
}

/// What is wrong in a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Damage {
    /// It is empty, or ends before it says what it holds.
    NoSchema,
    /// No message begins here.
    NotAMessage {
        /// The bytes that were found.
        found: [u8; 4],
    },
    /// A length that nothing can have.
    Length {
        /// The length.
        found: i64,
    },
    /// A message of a kind that does not belong here.
    Unexpected {
        /// What it is.
        found: String,
    },
    /// The buffers are compressed; no file of ours is, and there is no telling how much memory it
    /// would take.
    Compressed,
    /// Arrow cannot make a batch of it.
    Arrow(ArrowError),
    /// The parts of the message contradict each other.
    Contradiction,
    /// It goes on after its end.
    AfterEnd,
    /// It is no set of descriptors with one message in it.
    Descriptor,
    /// It is no regular file.
    NotAFile,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSchema => f.write_str("it ends before its schema does"),
            Self::NotAMessage { found } => {
                write!(
                    f,
                    "a message should begin there, and {found:02x?} was found"
                )
            }
            Self::Length { found } => write!(f, "a length of {found} was found"),
            Self::Unexpected { found } => write!(f, "{found} is not expected there"),
            Self::Compressed => f.write_str("the batch is compressed"),
            Self::Arrow(error) => error.fmt(f),
            Self::Contradiction => f.write_str("the parts of the batch contradict each other"),
            Self::AfterEnd => f.write_str("it goes on after its end"),
            Self::Descriptor => f.write_str("it does not describe one message"),
            Self::NotAFile => f.write_str("it is no regular file"),
        }
    }
}
