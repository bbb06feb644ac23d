//! Mirrors on disk of what was handed in and what was sent, quarantine files, and readers of both.
//!
//! When a row looks wrong in the table, someone wants to see what it was on the way there.
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow_array::{ArrayRef, Int64Array, RecordBatch};
//! use zb_debug::{ArrowFile, Mirrors, Redaction, TableName, Tail, list};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let table: TableName = "main.nyc.flights".parse()?;
//! let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
//! let batch = RecordBatch::try_from_iter([("id", ids)])?;
//!
//! let directory = tempfile::tempdir()?; // any will do, and one that is missing is made
//! let mirrors = Mirrors::builder(directory.path())
//!     .arrow()
//!     .keep_bytes(1 << 30)
//!     .redact("email", Redaction::Hash)
//!     .start()?;
//! mirrors.batch(&table, &batch);
//! mirrors.close()?;
//!
//! let entry = &list(directory.path())?[0];
//! assert_eq!(entry.table(), Some(table));
//! let mut file = ArrowFile::open(entry.path())?;
//! assert_eq!(file.next().transpose()?, Some(batch));
//! assert!(file.next().is_none());
//! assert_eq!(file.tail(), Some(Tail::Complete));
//! # Ok(())
//! # }
//! ```
//!
//! # What is written where
//!
//! | | file, below the directory |
//! |---|---|
//! | what was handed in | `zerobus/arrow/TABLE-TIME-PROCESS.arrows`, an Arrow IPC stream |
//! | what was sent | `zerobus/proto/TABLE-TIME-PROCESS.pb`, records with their lengths before them as varints |
//! | what the records are | `….desc` beside it, a `FileDescriptorSet` with one message |
//! | refused rows | `TABLE-TIME-PROCESS.arrows` in the directory of a [`QuarantineDir`] |
//!
//! A file has rows of one table with one schema. pyarrow, DuckDB and polars read `.arrows`; whatever
//! knows Protobuf reads `.pb` with its `.desc` (in Java it is `parseDelimitedFrom`).
//!
//! Names sort by time within a table, and no two files ever have the same one, whatever the clock
//! does and whoever writes into the directory. A table's name stands in them as it is; of one over
//! 180 bytes, the beginning and a SHA-256.
//!
//! # What it promises
//!
//! - [`Mirrors::batch`] copies no data and, unless told to, waits for nothing: it puts the batch into
//!   a bounded queue for one thread that writes. What has no room is dropped and counted; with
//!   [`WhenFull::Block`] the caller waits instead. Who has no [`Mirrors`] pays nothing.
//! - A mirror that cannot be written fails no send. It is said once in the log, and once more if it
//!   has worked in between; what is lost is counted to the row in [`Stats`]. The file ends with the
//!   last whole batch or record, and another one is begun as soon as that works.
//! - Files hold whole messages only. One whose process was killed can be read up to the last that
//!   the system had: what was flushed, by time ([`flush_every`](MirrorsBuilder::flush_every)), by
//!   hand ([`Mirrors::flush`]) or by being much. That outlives the process, not a power cut;
//!   what is in a [`QuarantineDir`] outlives both.
//! - A batch that is too large for one file is cut into several. Files are as large as the limit
//!   allows or smaller; the exceptions are those of [`rotate_bytes`](MirrorsBuilder::rotate_bytes).
//! - Old files are deleted only if that is asked for, and only closed files of the same table that
//!   are named strictly as ours and belong to this user.
//! - Files are 0600 in directories 0700, whatever the umask. Nothing that is there is written to or
//!   followed: not a file, a pipe, nor a link, and no directory of ours that is a link or of another
//!   user. (On systems other than Unix, permissions and owners are what the system makes them.)
//! - Columns that must not be on disk are [redacted](MirrorsBuilder::redact) in both mirrors, before
//!   anything is written.
//! - The readers take no file at its word: a length never makes them ask for more memory than the file
//!   has bytes, and what is damaged is an [`Error`] with the place.
//!
//! # What it does not do
//!
//! Files are not compressed or encrypted. Redaction looks at columns of the top level. A mirror says
//! what was handed in and what was sent, not what the service made of it; that is in the receipt.
//!
//! # When to use this alone
//!
//! Wherever Arrow batches or Protobuf records pass and someone may ask afterwards what they were:
//! nothing in here knows of Zerobus but the name of a directory. There is no async runtime; a thread
//! and a few files are all it needs.

mod arrow;
mod error;
mod file_name;
mod files;
mod format;
mod kind;
mod list;
mod lock;
mod mirrors;
mod output;
mod place;
mod proto;
mod quarantine;
mod queue;
mod read;
mod redact;
mod retention;
mod size;
mod stamp;
mod stats;
mod stem;
mod varint;
mod writer;

pub use error::{Damage, Error, ErrorKind, UnsafeDirectory};
pub use kind::Kind;
pub use list::{Entry, list};
pub use mirrors::{Mirrors, MirrorsBuilder};
pub use quarantine::{QuarantineDir, QuarantineDirBuilder};
pub use queue::WhenFull;
pub use read::{ArrowFile, ProtoFile, Tail};
pub use redact::Redaction;
pub use stats::{Counts, Stats};
#[doc(no_inline)]
pub use zb_types::TableName;
