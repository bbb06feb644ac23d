//! What a file holds.

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Record batches, as an Arrow IPC stream: `.arrows`.
    Arrow,
    /// Protobuf records, each with its length before it as a varint: `.pb`. The messages' types are
    /// in a `FileDescriptorSet` beside it: `.desc`.
    Proto,
}

impl Kind {
    /// How the names of such files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Arrow => "arrows",
            Self::Proto => "pb",
        }
    }

    pub(crate) fn from_extension(extension: &str) -> Option<Self> {
        [Self::Arrow, Self::Proto]
            .into_iter()
            .find(|kind| kind.extension() == extension)
    }

    /// The directory of such files, below the one that the user named.
    pub(crate) fn directories(self) -> [&'static str; 2] {
        match self {
            Self::Arrow => ["zerobus", "arrow"],
            Self::Proto => ["zerobus", "proto"],
        }
    }
}
