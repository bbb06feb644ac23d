//! The codes of gRPC without the types of a gRPC library.

use serde::Deserialize;

/// A status code of gRPC that says that something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Code {
    /// The operation was cancelled.
    Cancelled = 1,
    /// Nobody knows what it was.
    Unknown = 2,
    /// A request that is wrong in itself: the service's word for a bad record.
    InvalidArgument = 3,
    /// It took too long.
    DeadlineExceeded = 4,
    /// No such table.
    NotFound = 5,
    /// What should be made exists.
    AlreadyExists = 6,
    /// A grant is missing.
    PermissionDenied = 7,
    /// A quota is used up.
    ResourceExhausted = 8,
    /// The state of things does not allow it.
    FailedPrecondition = 9,
    /// The operation was broken off.
    Aborted = 10,
    /// Past the end: also what a message that is too large is answered with.
    OutOfRange = 11,
    /// A kind of table or record that is not served.
    Unimplemented = 12,
    /// An error of the service itself.
    Internal = 13,
    /// The service cannot be reached, or is restarting.
    Unavailable = 14,
    /// Data is lost.
    DataLoss = 15,
    /// The token is missing, expired or not accepted.
    Unauthenticated = 16,
}

impl Code {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::Cancelled,
        Self::Unknown,
        Self::InvalidArgument,
        Self::DeadlineExceeded,
        Self::NotFound,
        Self::AlreadyExists,
        Self::PermissionDenied,
        Self::ResourceExhausted,
        Self::FailedPrecondition,
        Self::Aborted,
        Self::OutOfRange,
        Self::Unimplemented,
        Self::Internal,
        Self::Unavailable,
        Self::DataLoss,
        Self::Unauthenticated,
    ];

    /// The number on the wire.
    pub fn number(self) -> i32 {
        self as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_grpc() {
        let numbers: Vec<i32> = Code::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
        for code in Code::ALL {
            let theirs = tonic::Code::from_i32(code.number());
            assert_eq!(format!("{code:?}"), format!("{theirs:?}"));
        }
    }
}
