//! The rows of a batch, encoded one after another in one buffer.

use std::{collections::BTreeMap, ops::Range};

use crate::{RowError, RowErrorKind, wire::varint_len};

/// Encoded rows and the rows that were left out.
///
/// Every row of the range that was encoded is in exactly one of [`rows`](Self::rows) and
/// [`errors`](Self::errors). Used again for the next chunk, it keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// Where each accepted row ends in `bytes`.
    pub(crate) ends: Vec<usize>,
    ranges: Vec<Range<usize>>,
    errors: Vec<RowError>,
    counts: BTreeMap<RowErrorKind, usize>,
    pub(crate) framed_len: usize,
    pub(crate) null_lists: u64,
}

impl Encoded {
    /// How many rows were encoded.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no row was encoded.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All rows as one run of bytes, without anything between them; see [`ends`](Self::ends).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each row ends in [`bytes`](Self::bytes); it starts where the one before it ends.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The bytes of all rows as fields of a Protobuf message: one byte of tag and a length before
    /// each.
    pub fn framed_len(&self) -> usize {
        self.framed_len
    }

    /// Each row's bytes, in the order of the batch.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let row = &self.bytes[start..end];
            start = end;
            row
        })
    }

    /// Each row's bytes in a vector of its own, as the SDK takes them.
    pub fn to_vecs(&self) -> Vec<Vec<u8>> {
        self.rows().map(<[u8]>::to_vec).collect()
    }

    /// The rows of the batch that were encoded, as ranges without gaps, in order.
    pub fn row_ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The rows that were left out, in the order of the batch.
    pub fn errors(&self) -> &[RowError] {
        &self.errors
    }

    /// Takes the errors out, leaving none; their counts stay.
    pub fn take_errors(&mut self) -> Vec<RowError> {
        std::mem::take(&mut self.errors)
    }

    /// How many rows were left out, by kind. They are counted as they are found: asking costs
    /// nothing.
    pub fn error_counts(&self) -> &BTreeMap<RowErrorKind, usize> {
        &self.counts
    }

    /// How many null lists and maps were sent as empty ones, since Protobuf does not tell them
    /// apart.
    pub fn null_lists(&self) -> u64 {
        self.null_lists
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.ranges.clear();
        self.errors.clear();
        self.counts.clear();
        self.framed_len = 0;
        self.null_lists = 0;
    }

    pub(crate) fn refuse(&mut self, error: RowError) {
        *self.counts.entry(error.kind).or_default() += 1;
        self.errors.push(error);
    }

    /// Takes what was written since the last row, up to `end`, as the row `row`.
    pub(crate) fn accept(&mut self, row: usize, end: usize, framed: usize) {
        self.ends.push(end);
        self.framed_len += framed;
        match self.ranges.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => self.ranges.push(row..row + 1),
        }
    }
}

/// What a row of `len` bytes takes as a field of a message.
pub(crate) fn framed(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}
