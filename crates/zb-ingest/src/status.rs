//! What the service answers when it refuses: a gRPC status without the types of a gRPC library.

use std::fmt;

/// The answer of the service, or of the transport on its way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The code.
    pub code: Code,
    /// The message, as it came.
    pub message: String,
}

impl Status {
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            message: message.into(),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            self.code.fmt(f)
        } else {
            write!(f, "{} ({})", self.message, self.code)
        }
    }
}

/// A status code of gRPC, by its number ("Status codes and their use in gRPC").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(i32);

impl Code {
    /// A request that is wrong in itself: a schema that does not fit, a bad record.
    pub const INVALID_ARGUMENT: Self = Self(3);
    /// The service has not answered in time.
    pub const DEADLINE_EXCEEDED: Self = Self(4);
    /// No such table.
    pub const NOT_FOUND: Self = Self(5);
    /// A grant is missing.
    pub const PERMISSION_DENIED: Self = Self(7);
    /// A value that the service does not take.
    pub const OUT_OF_RANGE: Self = Self(11);
    /// A kind of table or record that the service does not take.
    pub const UNIMPLEMENTED: Self = Self(12);
    /// The service cannot be reached, or is restarting.
    pub const UNAVAILABLE: Self = Self(14);
    /// The token is missing, expired or not accepted.
    pub const UNAUTHENTICATED: Self = Self(16);

    /// The number.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The name, such as `NOT_FOUND`.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "OK",
            1 => "CANCELLED",
            3 => "INVALID_ARGUMENT",
            4 => "DEADLINE_EXCEEDED",
            5 => "NOT_FOUND",
            6 => "ALREADY_EXISTS",
            7 => "PERMISSION_DENIED",
            8 => "RESOURCE_EXHAUSTED",
            9 => "FAILED_PRECONDITION",
            10 => "ABORTED",
            11 => "OUT_OF_RANGE",
            12 => "UNIMPLEMENTED",
            13 => "INTERNAL",
            14 => "UNAVAILABLE",
            15 => "DATA_LOSS",
            16 => "UNAUTHENTICATED",
            _ => "UNKNOWN",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
