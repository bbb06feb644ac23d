//! Why there is no token.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Place, PlaceProblem, Reply};

/// An error below this crate's own, shared so that all who waited for a token can be told of it.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why there is no token.
///
/// It is cheap to clone: one failed request answers everyone who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client id or its secret is wrong, or the token that was to be exchanged is.
    #[error("the credentials were refused ({reply})")]
    Credentials {
        /// What the server said.
        reply: Reply,
    },
    /// The client is known, but may not have this token.
    #[error("the client may not have this token ({reply})")]
    Permission {
        /// What the server said.
        reply: Reply,
    },
    /// The address of the token endpoint is wrong, or may not be used.
    #[error("{problem}")]
    Endpoint {
        /// What is wrong with it.
        problem: EndpointProblem,
        /// What was found out below.
        source: Option<Cause>,
    },
    /// The token endpoint does not answer, or says that it cannot just now. Worth another try.
    #[error("the token endpoint is unavailable: {outage}")]
    Unavailable {
        /// How that showed itself.
        outage: Outage,
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
        /// What was found out below.
        source: Option<Cause>,
    },
    /// The token endpoint answered something that is no use.
    #[error("the token endpoint's answer cannot be used: {fault}")]
    Protocol {
        /// What is wrong with the answer.
        fault: ProtocolFault,
    },
    /// A place that is to hold a token or credentials does not.
    #[error("{place} {problem}")]
    Place {
        /// Where it was looked for.
        place: Place,
        /// What is wrong there.
        problem: PlaceProblem,
        /// What was found out below.
        source: Option<Cause>,
    },
    /// A source outside this crate failed, and would fail again.
    #[error("the token source failed")]
    Source {
        /// What it failed with.
        source: Cause,
    },
}

impl Error {
    /// For a [source](crate::TokenSource) of your own: a failure that may pass.
    pub fn transient(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable {
            outage: Outage::Source,
            retry_after: None,
            source: Some(Arc::new(source)),
        }
    }

    /// For a [source](crate::TokenSource) of your own: a failure that will not pass by itself.
    pub fn permanent(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Source {
            source: Arc::new(source),
        }
    }

    /// The class of the error, for code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Credentials { .. } => ErrorKind::Credentials,
            Self::Permission { .. } => ErrorKind::Permission,
            Self::Endpoint { .. } => ErrorKind::Endpoint,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Protocol { .. } => ErrorKind::Protocol,
            Self::Place { .. } => ErrorKind::Place,
            Self::Source { .. } => ErrorKind::Source,
        }
    }

    /// Whether the same request may succeed later, with nothing changed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            // Someone is writing it just now, and does not do so at one stroke.
            Self::Place { place, problem, .. } => {
                matches!((place, problem), (Place::File(_), PlaceProblem::Empty))
            }
            _ => false,
        }
    }

    /// How long the server asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn place(place: Place, problem: PlaceProblem) -> Self {
        Self::Place {
            place,
            problem,
            source: None,
        }
    }

    pub(crate) fn outage(outage: Outage) -> Self {
        Self::Unavailable {
            outage,
            retry_after: None,
            source: None,
        }
    }
}

impl From<EndpointProblem> for Error {
    fn from(problem: EndpointProblem) -> Self {
        Self::Endpoint {
            problem,
            source: None,
        }
    }
}

impl From<ProtocolFault> for Error {
    fn from(fault: ProtocolFault) -> Self {
        Self::Protocol { fault }
    }
}

/// The class of an [`Error`], one for each of its variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// See [`Error::Credentials`].
    Credentials,
    /// See [`Error::Permission`].
    Permission,
    /// See [`Error::Endpoint`].
    Endpoint,
    /// See [`Error::Unavailable`].
    Unavailable,
    /// See [`Error::Protocol`].
    Protocol,
    /// See [`Error::Place`].
    Place,
    /// See [`Error::Source`].
    Source,
}

impl ErrorKind {
    /// A word for it, one of a small set: for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Permission => "permission",
            Self::Endpoint => "endpoint",
            Self::Unavailable => "unavailable",
            Self::Protocol => "protocol",
            Self::Place => "place",
            Self::Source => "source",
        }
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointProblem {
    /// It cannot be read as a URL.
    NotAUrl,
    /// It is more than `https://host/path`, or has another scheme.
    NotABase,
    /// It is `http`, and the host is not this machine.
    Plaintext {
        /// The host.
        host: String,
    },
    /// A Zerobus endpoint whose host name begins with no label.
    NoWorkspaceId,
    /// No safe connection can be made: the certificate is refused, or it is no TLS at all.
    Tls {
        /// The host.
        host: String,
    },
    /// There is no token endpoint at the address, or it lives elsewhere.
    NotFound {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The HTTP client cannot be set up on this machine.
    Client,
}

impl fmt::Display for EndpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("the Unity Catalog URL is not a URL"),
            Self::NotABase => f.write_str(
                "the Unity Catalog URL must be https://host, without user, query or fragment",
            ),
            Self::Plaintext { host } => write!(
                f,
                "secrets are not sent to {host} in clear text: use https, or allow plaintext"
            ),
            Self::NoWorkspaceId => {
                f.write_str("the Zerobus endpoint does not begin with the id of a workspace")
            }
            Self::Tls { host } => write!(f, "no safe connection to {host} can be made"),
            Self::NotFound { host, status } => write!(
                f,
                "there is no token endpoint at {host} (HTTP {status}): is the Unity Catalog URL right?"
            ),
            Self::Client => f.write_str("the HTTP client cannot be set up"),
        }
    }
}

/// How an outage showed itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// The server says so.
    Reply(Reply),
    /// Nobody answered in time.
    Timeout {
        /// The host and port.
        host: String,
    },
    /// No connection, or one that was lost.
    Connection {
        /// The host and port.
        host: String,
    },
    /// The token had ended by the time it arrived.
    ExpiredOnArrival,
    /// The source took longer than the [cache](crate::TokenCache::with_time_limit) allows.
    Slow {
        /// How long that is.
        after: Duration,
    },
    /// The task that asked for it has ended: its runtime was shut down, or the source panicked.
    Abandoned,
    /// A source outside this crate says so.
    Source,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => reply.fmt(f),
            Self::Timeout { host } => write!(f, "no answer from {host} in time"),
            Self::Connection { host } => write!(f, "the connection to {host} failed"),
            Self::ExpiredOnArrival => f.write_str("the token had ended when it arrived"),
            Self::Slow { after } => write!(f, "no token within {after:?}"),
            Self::Abandoned => f.write_str("the request was given up"),
            Self::Source => f.write_str("the token source failed"),
        }
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolFault {
    /// It is not JSON.
    NotJson,
    /// It is JSON, but has no token where one belongs.
    NoToken,
    /// The token is not a bearer token.
    TokenType,
    /// The token has characters that no header can carry.
    IllegalToken,
    /// It is longer than any token.
    TooLarge {
        /// How much is read, in bytes.
        limit: usize,
    },
    /// The request was refused as such.
    Refused(Reply),
}

impl fmt::Display for ProtocolFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("it is not JSON"),
            Self::NoToken => f.write_str("it has no access token"),
            Self::TokenType => f.write_str("it is not a bearer token"),
            Self::IllegalToken => f.write_str("the token cannot be sent as a header"),
            Self::TooLarge { limit } => write!(f, "it is longer than {limit} bytes"),
            Self::Refused(reply) => reply.fmt(f),
        }
    }
}
