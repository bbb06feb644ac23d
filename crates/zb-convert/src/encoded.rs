//! What became of the rows of a batch.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    RowError, RowErrorKind,
    chunk::Sink,
    raw::{Part, Tail},
};

/// Encoded rows, one after another in one buffer, and the rows that were left out.
///
/// Every row of the range that was encoded is in exactly one of [`rows`](Self::rows) and
/// [`errors`](Self::errors). Used again for the next chunk, it keeps its memory.
#[derive(Debug, Clone, Default)]
pub struct Encoded {
    bytes: Vec<u8>,
    /// Where each accepted row ends in `bytes`.
    ends: Vec<usize>,
    outcome: Outcome,
}

/// Encoded rows, each in a vector of its own, and the rows that were left out.
///
/// As [`Encoded`] in all else: made by [`Encoder::encode_vecs`](crate::Encoder::encode_vecs) for
/// those who need vectors, without a buffer of the whole chunk between.
#[derive(Debug, Clone, Default)]
pub struct EncodedVecs {
    rows: Vec<Vec<u8>>,
    outcome: Outcome,
    staged: Vec<u8>,
    ends: Vec<usize>,
}

/// Which rows were encoded and which were not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    /// The rows that were encoded.
    pub(crate) len: usize,
    pub(crate) ranges: Vec<Range<usize>>,
    errors: Vec<RowError>,
    counts: BTreeMap<RowErrorKind, usize>,
    pub(crate) framed_len: usize,
    pub(crate) null_lists: u64,
}

impl Outcome {
    fn clear(&mut self) {
        self.len = 0;
        self.ranges.clear();
        self.errors.clear();
        self.counts.clear();
        self.framed_len = 0;
        self.null_lists = 0;
    }

    /// Takes note of a row that was left out.
    pub(crate) fn refuse(&mut self, error: RowError) {
        *self.counts.entry(error.kind).or_default() += 1;
        self.errors.push(error);
    }

    /// Takes `rows` as encoded, with so many bytes as fields of a message.
    pub(crate) fn accept(&mut self, rows: Range<usize>, framed: usize) {
        self.len += rows.len();
        self.framed_len += framed;
        match self.ranges.last_mut() {
            Some(last) if last.end == rows.start => last.end = rows.end,
            _ => self.ranges.push(rows),
        }
    }
}

/// What both forms say of their rows.
macro_rules! outcome {
    ($encoded:ty) => {
        impl $encoded {
            /// How many rows were encoded.
            pub fn len(&self) -> usize {
                self.outcome.len
            }

            /// Whether no row was encoded.
            pub fn is_empty(&self) -> bool {
                self.outcome.len == 0
            }

            /// The bytes of all rows as fields of a Protobuf message: one byte of tag and a length
            /// before each.
            pub fn framed_len(&self) -> usize {
                self.outcome.framed_len
            }

            /// The rows of the batch that were encoded, as ranges without gaps, in order.
            pub fn row_ranges(&self) -> &[Range<usize>] {
                &self.outcome.ranges
            }

            /// The rows that were left out, in the order of the batch.
            pub fn errors(&self) -> &[RowError] {
                &self.outcome.errors
            }

            /// Takes the errors out, leaving none; their counts stay.
            pub fn take_errors(&mut self) -> Vec<RowError> {
                std::mem::take(&mut self.outcome.errors)
            }

            /// How many rows were left out, by kind. They are counted as they are found: asking
            /// costs nothing.
            pub fn error_counts(&self) -> &BTreeMap<RowErrorKind, usize> {
                &self.outcome.counts
            }

            /// How many null lists and maps were sent as empty ones, since Protobuf does not tell
            /// them apart.
            pub fn null_lists(&self) -> u64 {
                self.outcome.null_lists
            }
        }
    };
}
outcome!(Encoded);
outcome!(EncodedVecs);

impl Encoded {
    /// All rows as one run of bytes, without anything between them; see [`ends`](Self::ends).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each row ends in [`bytes`](Self::bytes); it starts where the one before it ends.
    pub fn ends(&self) -> &[usize] {
        &self.ends
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

    /// Each row's bytes in a vector of its own. For whole chunks in this form
    /// [`Encoder::encode_vecs`](crate::Encoder::encode_vecs) is faster.
    pub fn to_vecs(&self) -> Vec<Vec<u8>> {
        self.rows().map(<[u8]>::to_vec).collect()
    }

    /// Empties it, and hands its parts to the one who fills it.
    pub(crate) fn begin(&mut self) -> (&mut Outcome, Buffer<'_>) {
        self.outcome.clear();
        self.ends.clear();
        let tail = Tail::new(std::mem::take(&mut self.bytes));
        let buffer = Buffer {
            tail,
            ends: &mut self.ends,
            bytes: &mut self.bytes,
        };
        (&mut self.outcome, buffer)
    }
}

impl EncodedVecs {
    /// The rows, in the order of the batch.
    pub fn rows(&self) -> &[Vec<u8>] {
        &self.rows
    }

    /// Takes the rows out, leaving none behind in [`rows`](Self::rows); all else stays as it is.
    pub fn take_rows(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.rows)
    }

    /// Empties it, and hands its parts to the one who fills it.
    pub(crate) fn begin(&mut self) -> (&mut Outcome, Vectors<'_>) {
        self.outcome.clear();
        self.rows.clear();
        let vectors = Vectors {
            rows: &mut self.rows,
            staged: &mut self.staged,
            ends: &mut self.ends,
        };
        (&mut self.outcome, vectors)
    }
}

/// Rows into one buffer.
pub(crate) struct Buffer<'a> {
    tail: Tail,
    ends: &'a mut Vec<usize>,
    bytes: &'a mut Vec<u8>,
}

impl Sink for Buffer<'_> {
    fn reserve(&mut self, rows: usize) {
        self.ends.reserve(rows);
    }

    fn put_rows(&mut self, parts: &[Part<'_>], rows: Range<usize>, _lengths: &[usize]) {
        self.tail.put_rows(parts, rows, None, self.ends);
    }

    fn put_row(&mut self, row: &[u8]) {
        self.tail.extend(row);
        self.ends.push(self.tail.len());
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        *self.bytes = std::mem::take(&mut self.tail).into_vec();
    }
}

/// Rows into vectors.
pub(crate) struct Vectors<'a> {
    rows: &'a mut Vec<Vec<u8>>,
    /// The rows of a block, short enough to be still in the cache when they are copied out.
    staged: &'a mut Vec<u8>,
    ends: &'a mut Vec<usize>,
}

/// Parts that are longer than this on average go into the vectors at once.
const LONG: usize = 128;

impl Sink for Vectors<'_> {
    fn reserve(&mut self, rows: usize) {
        self.rows.reserve(rows);
    }

    fn put_rows(&mut self, parts: &[Part<'_>], rows: Range<usize>, lengths: &[usize]) {
        let all = lengths[rows.clone()].iter().sum::<usize>();
        if all >= LONG * parts.len() * rows.len() {
            for row in rows {
                crate::raw::look_ahead(parts, row);
                let mut bytes = Vec::with_capacity(lengths[row]);
                for part in parts {
                    bytes.extend_from_slice(part.of(row));
                }
                self.rows.push(bytes);
            }
            return;
        }
        let mut tail = Tail::new(std::mem::take(self.staged));
        self.ends.clear();
        tail.put_rows(parts, rows, None, self.ends);
        *self.staged = tail.into_vec();
        let mut start = 0;
        for &end in &*self.ends {
            self.rows.push(self.staged[start..end].to_vec());
            start = end;
        }
    }

    fn put_row(&mut self, row: &[u8]) {
        self.rows.push(row.to_vec());
    }
}
