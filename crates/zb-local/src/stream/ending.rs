//! How a stream ends.

use std::fmt;

use tonic::Status;

/// Why no more is read from a stream.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The client has said everything it wanted to say.
    HalfClosed,
    /// The client, or its connection, is gone.
    Gone,
    /// The stream ends with this once everything before it is acknowledged.
    Settled(Last),
    /// The stream ends with this, and nothing more is acknowledged.
    AtOnce(Last),
}

/// What a server says last.
#[derive(Debug)]
pub(crate) enum Last {
    Status(Status),
    /// That everything is well, whether it is or not.
    End,
    /// Nothing: the connection is reset.
    Cut,
}

impl fmt::Display for Last {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{:?}: {}", status.code(), status.message()),
            Self::End => f.write_str("no error"),
            Self::Cut => f.write_str("connection cut"),
        }
    }
}

impl From<Status> for Last {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Status> for Ending {
    fn from(status: Status) -> Self {
        Self::Settled(status.into())
    }
}
