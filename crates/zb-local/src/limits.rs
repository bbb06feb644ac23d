//! The numbers of the service, and those this endpoint works with.

use std::{num::NonZeroUsize, time::Duration};

use crate::lake::Landing;

/// What one record, and all records of one call together, may weigh: the service's limit.
pub(crate) const MAX_RAW_BYTES: usize = 10 * 1024 * 1024;

/// What one gRPC message may weigh, framing included.
pub(crate) const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// What one message of Arrow Flight may weigh, packed or unpacked. The service bounds rows and not
/// batches; clients cut their batches into messages of about 2 MiB, or of one row.
pub(crate) const MAX_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// Answers that may wait for a client that does not read them.
pub(crate) const OUTBOX: usize = 64;

/// How much a client may send on one stream before the server has read it.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// The same for all streams of a connection.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// How many streams one connection may carry.
pub(crate) const MAX_CONCURRENT_STREAMS: u32 = 1024;

/// Decoded rows that may wait for their commit, over all tables. Beyond it nothing more is read,
/// and HTTP/2 flow control makes the clients wait.
pub(crate) const MAX_WAITING_BYTES: usize = 256 * 1024 * 1024;

/// How much is decoded at a time, in bytes as [`zb_convert::Decoder`] counts them. Usual requests
/// stay below; empty rows of a wide table, which weigh nothing on the wire, are decoded in parts.
pub(crate) const MAX_DECODED_BYTES: usize = 32 * 1024 * 1024;

/// Requests that are there already are decoded together up to this size, so that a client that
/// sends single records does not pay for a task each.
pub(crate) const MAX_GATHERED_BYTES: usize = 1024 * 1024;

/// The same as a number of records.
pub(crate) const MAX_GATHERED_ROWS: usize = 16 * 1024;

/// How long a client may take for its TLS handshake.
pub(crate) const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// How long a shutdown waits for streams and connections to end.
pub(crate) const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

/// When the rows of a table are committed, whichever comes first, and where to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupCommit {
    pub(crate) every: Duration,
    pub(crate) max_bytes: usize,
    pub(crate) max_rows: usize,
    pub(crate) landing: Landing,
    /// How many small files a table may have before they are put together; any number, if not said.
    pub(crate) small_files: Option<NonZeroUsize>,
}

impl Default for GroupCommit {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(200),
            max_bytes: 64 * 1024 * 1024,
            max_rows: 500_000,
            landing: Landing::Delta,
            small_files: None,
        }
    }
}
