//! What a fault does.

use std::{sync::Arc, time::Duration};

use super::Code;
use crate::wire::Rate;

/// What happens at an event that a fault was waiting for. Which of these can happen where is said
/// by [`On`](super::On) in Rust, and by `toml.rs` for files.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    /// Nothing is read from or written to any connection of the server, and nothing is committed,
    /// for this long.
    Freeze(Duration),
    /// The TCP connection is reset.
    Cut,
    /// The answer is written but for its last byte; then the connection ends.
    CutMidMessage,
    /// The connection is reset when this many more bytes have come in.
    CutAfter(u64),
    /// The connection is read at this rate.
    ReadSlowly(Rate),
    /// An HTTP request is answered with this.
    Answer(Answer),
    /// A token is issued that is good for this long, and says this (seconds) of itself.
    Lifetime(Duration, Option<i64>),
    /// The stream ends with this status.
    Status(Code, Arc<str>),
    /// The stream ends as if everything were well.
    End,
    /// The client is told to close the stream.
    CloseSignal(CloseSignal),
    /// The token of the stream is worth nothing any more.
    ExpireToken,
    /// The acknowledgement is not sent.
    Withhold,
    /// The acknowledgement says something else.
    Acknowledge(AckAs),
    /// The commit fails.
    Fail(CommitFailure),
}

/// What an acknowledgement says instead of the committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckAs {
    /// This offset.
    Exactly(i64),
    /// So many offsets fewer than are committed.
    Behind(i64),
    /// So many offsets more than were received.
    Beyond(i64),
    /// The truth, and the truth again.
    Twice,
    /// The truth, and then so many offsets fewer.
    Backwards(i64),
    /// No offset.
    Absent,
}

/// Why a commit fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommitFailure {
    DiskFull,
    Other(Arc<str>),
}

/// An order to close, as it is sent, and how long the stream is then served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseSignal {
    /// Seconds and nanoseconds, not looked at; none where the message has no duration.
    pub(crate) said: Option<(i64, i32)>,
    pub(crate) grace: Duration,
}

impl CloseSignal {
    pub(crate) fn honest(grace: Duration) -> Self {
        let seconds = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
        Self {
            said: Some((seconds, grace.subsec_nanos() as i32)),
            grace,
        }
    }
}

/// What the token endpoint or Unity Catalog answer when a fault has them answer.
///
/// A bare status is enough where the rest does not matter: `on_token().answer(503)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) filler: u64,
    pub(crate) drip: Option<Duration>,
}

impl Answer {
    /// An empty answer with this HTTP status, from 100 to 999.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            filler: 0,
            drip: None,
        }
    }

    /// With a header. One that HTTP does not allow is left out.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a `Retry-After` of so many seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("retry-after", seconds.to_string())
    }

    /// With this body, which need not be JSON.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        self.body = text.into();
        self
    }

    /// With so many bytes of `x` after the body.
    pub fn filler(mut self, bytes: u64) -> Self {
        self.filler = bytes;
        self
    }

    /// The body comes byte by byte, with this long a wait before each.
    pub fn drip(mut self, interval: Duration) -> Self {
        self.drip = Some(interval);
        self
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::status(status)
    }
}
