//! What the two kinds of files have in common.

use crate::{error::Error, kind::Kind};

/// Something that was handed over, in rows.
pub(crate) trait Load {
    fn rows(&self) -> usize;
}

/// How much may be added to a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Whether the file has nothing in it yet. Then something must be added, be it too large.
    pub(crate) is_empty: bool,
}

/// Makes the bytes of one file. They wait in a buffer until they are written.
pub(crate) trait Format: Sized {
    const KIND: Kind;
    /// What a file can have one of alone.
    type Shape: Clone;
    type Load: Load;

    fn is_same(one: &Self::Shape, other: &Self::Shape) -> bool;

    /// Begins a file; what it begins with waits.
    fn begin(shape: &Self::Shape) -> Result<Self, Error>;

    /// What is written to a file beside it.
    fn descriptor(&self) -> Option<Vec<u8>>;

    /// What is not written yet.
    fn waiting(&mut self) -> &mut Vec<u8>;

    /// Adds rows from row `from` on, and says how many; none if there is no room for what has to
    /// stay together. After that, and after an error, nothing more is to be added.
    fn add(&mut self, load: &Self::Load, from: usize, room: Room) -> Result<Option<usize>, Error>;

    /// Adds what a file ends with.
    fn end(&mut self);
}
