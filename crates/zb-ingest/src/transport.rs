//! How rows travel.

/// In which form rows travel to the service. What a receipt means is the same for both, and so are
/// the rows that are refused; `docs` says when to take which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Transport {
    /// Each row as a Protobuf message.
    #[default]
    Protobuf,
    /// Record batches, over Arrow Flight; needs the feature `flight`. Rows are acknowledged one by
    /// one, so that only those are sent again that were not. Variants cannot be sent so.
    Flight,
}

impl Transport {
    /// A short, stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Protobuf => "protobuf",
            Self::Flight => "flight",
        }
    }
}
