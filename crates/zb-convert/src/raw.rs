//! The one place with unsafe code: writing a little more than was asked for, into room that was
//! made beforehand.
//!
//! A store of a fixed size is one instruction where a copy of three bytes is a call, so bytes are
//! written in whole words and the next write begins where the last one meant to end. That needs
//! room behind every end. The types here see to it: nothing that a caller can pass makes them read
//! or write beyond what they own, and bytes that were not meant are never handed out.
#![expect(
    unsafe_code,
    reason = "unchecked stores into reserved room; measured at 1.5 times the checked ones"
)]
#![expect(
    clippy::inline_always,
    reason = "a `Tail` lives in registers only where all that touches it is in one function"
)]

use std::{mem, ops::Range};

use crate::varint;

/// Rows that are worked on at a time: as many as a word has bits, so that the nulls of a column
/// are one word.
pub(crate) const BLOCK: usize = 64;

/// How far a write or a read may go beyond its end; also the longest text that goes into a slot.
pub(crate) const SLACK: usize = 64;

/// A page of 4 KiB: beyond it the processor's own prefetching has long begun.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const PREFETCHED_LINES: usize = 64;

/// The longest tag with the length of a text behind it.
const PREFIX: usize = 8;

/// The tag of a field as one word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prefix {
    word: u32,
    len: u32,
}

impl Prefix {
    /// A tag of at most three bytes, which is every field number below 2^18.
    pub(crate) fn new(tag: &[u8]) -> Self {
        assert!(tag.len() < 4, "a field number over the limit");
        let word = tag
            .iter()
            .rev()
            .fold(0, |word, &b| word << 8 | u32::from(b));
        let len = tag.len() as u32;
        Self { word, len }
    }
}

/// A value as the wire has it, in a word of a fixed size.
pub(crate) trait Word: Copy {
    const SIZE: usize = size_of::<Self>();

    /// The word whose bytes in memory begin with the lowest one, on every machine.
    fn in_order(self) -> Self;
}

macro_rules! words {
    ($($word:ty)*) => {
        $(impl Word for $word {
            fn in_order(self) -> Self {
                self.to_le()
            }
        })*
    };
}
words!(u8 u32 u64 u128);

/// One slot for each row of a block, to which column after column appends.
pub(crate) struct Slots {
    /// `BLOCK` slots of `stride` bytes, and `SLACK` behind them.
    bytes: Vec<u8>,
    stride: usize,
    /// How far each slot is filled. Invariant: not beyond `bound`.
    ends: [u32; BLOCK],
    /// What no slot can be filled beyond. Invariant: not beyond `stride`.
    bound: usize,
}

impl Slots {
    /// What a word takes of a slot at most.
    pub(crate) const WORD: usize = PREFIX + size_of::<u128>();
    /// What a short text takes of a slot at most.
    pub(crate) const TEXT: usize = PREFIX + SLACK;

    /// Slots of `room` bytes each.
    pub(crate) fn new(room: usize) -> Self {
        // An odd number of cache lines: slots an even number apart would share a few cache sets.
        let stride = (room.div_ceil(SLACK) | 1) * SLACK;
        assert!(u32::try_from(stride).is_ok(), "a slot of 4 GiB");
        Self {
            bytes: vec![0; BLOCK * stride + SLACK],
            stride,
            ends: [0; BLOCK],
            bound: 0,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.ends = [0; BLOCK];
        self.bound = 0;
    }

    /// How far each slot is filled.
    pub(crate) fn ends(&self) -> &[u32; BLOCK] {
        &self.ends
    }

    /// All slots, one behind the other, each filled from its start to its end.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in [`bytes`](Self::bytes) the slot of a row starts.
    #[inline]
    pub(crate) fn start(&self, row: usize) -> usize {
        row * self.stride
    }

    fn claim(&mut self, most: usize) {
        self.bound += most;
        assert!(self.bound <= self.stride, "a slot is too small");
    }

    /// Appends to slot after slot the prefix and the first bytes of a word, as many as come with
    /// it, where the bit of the slot in `valid` is set.
    #[inline]
    pub(crate) fn append<W: Word>(
        &mut self,
        prefix: Prefix,
        valid: u64,
        values: impl Iterator<Item = (W, usize)>,
    ) {
        self.claim(PREFIX + W::SIZE);
        let base = self.bytes.as_mut_ptr();
        let tag = prefix.len as usize;
        for (row, (end, (word, len))) in self.ends.iter_mut().zip(values).enumerate() {
            // SAFETY: `row < BLOCK` and `end <= bound - PREFIX - W::SIZE`, so that both stores
            // (of 4 bytes, and of `W::SIZE` no more than 3 bytes later) stay within the slot.
            unsafe {
                let at = base.add(row * self.stride + *end as usize);
                at.cast::<u32>().write_unaligned(prefix.word.to_le());
                at.add(tag).cast::<W>().write_unaligned(word.in_order());
            }
            let len = (tag + len.min(W::SIZE)) as u32;
            *end += len & keep(valid, row);
        }
    }

    /// Appends to slot after slot the prefix, a length and a text of at most [`SLACK`] bytes; of a
    /// longer one, its first bytes.
    #[inline]
    pub(crate) fn append_text(
        &mut self,
        prefix: Prefix,
        valid: u64,
        data: &[u8],
        spans: impl Iterator<Item = (usize, usize)>,
    ) {
        const HALF: usize = SLACK / 2;
        self.claim(PREFIX + SLACK);
        let base = self.bytes.as_mut_ptr();
        let tag = prefix.len as usize;
        for (row, (slot_end, (start, end))) in self.ends.iter_mut().zip(spans).enumerate() {
            let len = end.wrapping_sub(start).min(SLACK);
            // SAFETY: the slot has room for `PREFIX + SLACK` bytes from its end on, as in
            // `append`; the tag with the length takes 4 of them, the text `SLACK`.
            let at = unsafe {
                let at = base.add(row * self.stride + *slot_end as usize);
                let word = prefix.word | (len as u32) << (8 * prefix.len);
                at.cast::<u32>().write_unaligned(word.to_le());
                at.add(tag + 1)
            };
            if start < data.len().saturating_sub(SLACK) {
                // SAFETY: `start + SLACK` is within `data`, and the slot has `SLACK` bytes left.
                unsafe {
                    let from = data.as_ptr().add(start);
                    at.copy_from_nonoverlapping(from, HALF);
                    if len > HALF {
                        at.add(HALF).copy_from_nonoverlapping(from.add(HALF), HALF);
                    }
                }
            } else {
                let text = &data[start..start + len];
                // SAFETY: the slot has `SLACK` bytes left, and a text is not longer.
                unsafe { at.copy_from_nonoverlapping(text.as_ptr(), len) };
            }
            *slot_end += (tag + 1 + len) as u32 & keep(valid, row);
        }
    }
}

/// All ones where the bit of the row is set, else zero.
#[inline]
fn keep(valid: u64, row: usize) -> u32 {
    ((valid >> row) as u32 & 1).wrapping_neg()
}

/// Asks for memory that will be read soon. Says nothing about it, whatever the range is.
#[inline]
pub(crate) fn prefetch(bytes: &[u8], from: usize, to: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in (from..to.min(bytes.len()))
        .step_by(64)
        .take(PREFETCHED_LINES)
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and `line` is within `bytes`.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().add(line).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = (bytes, from, to);
}

/// What stands at one place of each row of a block: a range of `bytes`.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) from: &'a [usize; BLOCK],
    pub(crate) to: &'a [usize; BLOCK],
    /// Whether nobody has touched the bytes yet, so that it pays to ask for them in advance.
    pub(crate) far: bool,
}

impl<'a> Part<'a> {
    /// What the part is of one row.
    #[inline]
    pub(crate) fn of(&self, row: usize) -> &'a [u8] {
        &self.bytes[self.from[row]..self.to[row]]
    }
}

/// How many rows ahead a column's own bytes are asked for.
const AHEAD: usize = 4;

/// Asks for what `parts` will need some rows after this one.
#[inline]
pub(crate) fn look_ahead(parts: &[Part<'_>], row: usize) {
    for part in parts.iter().filter(|part| part.far) {
        let ahead = row + AHEAD;
        if ahead < BLOCK {
            prefetch(part.bytes, part.from[ahead], part.to[ahead]);
        }
    }
}

/// The end of a vector, with room behind it.
#[derive(Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    /// The vector's true length. Invariant: not beyond its capacity, and all bytes before it are
    /// set.
    len: usize,
}

impl Tail {
    /// Begins anew in the memory of a vector.
    pub(crate) fn new(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, len: 0 }
    }

    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.sync();
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends as `Vec` does.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.sync();
        self.bytes.extend_from_slice(bytes);
        self.len = self.bytes.len();
    }

    fn sync(&mut self) {
        // SAFETY: the invariant of `len`.
        unsafe { self.bytes.set_len(self.len) };
    }

    /// The end, with room for `len` bytes and `SLACK` more.
    #[inline]
    fn room(&mut self, len: usize) -> *mut u8 {
        if self.bytes.capacity() - self.len < len + SLACK {
            self.bytes = grow(mem::take(&mut self.bytes), self.len, len + SLACK);
        }
        // SAFETY: `len` is within the capacity.
        unsafe { self.bytes.as_mut_ptr().add(self.len) }
    }

    /// Appends the prefix and the first bytes of a word.
    #[inline]
    fn put<W: Word>(&mut self, prefix: Prefix, word: W, len: usize) {
        let tag = prefix.len as usize;
        let at = self.room(PREFIX + W::SIZE);
        // SAFETY: there is room for `PREFIX + W::SIZE` bytes.
        unsafe {
            at.cast::<u32>().write_unaligned(prefix.word.to_le());
            at.add(tag).cast::<W>().write_unaligned(word.in_order());
        }
        self.len += tag + len.min(W::SIZE);
    }

    /// Appends a part of `bytes`.
    #[inline]
    fn put_span(&mut self, bytes: &[u8], from: usize, to: usize) {
        let len = to.wrapping_sub(from);
        if from <= to && len <= FEW * SLACK && to < bytes.len().saturating_sub(SLACK) {
            let at = self.room(len);
            // SAFETY: `from <= to`, and `to + SLACK` is within `bytes`; there is room for
            // `len + SLACK` bytes. Whole pieces go beyond `len` by less than `SLACK`, or are one
            // piece of `SLACK`.
            unsafe {
                let start = bytes.as_ptr().add(from);
                at.copy_from_nonoverlapping(start, SLACK);
                let mut done = SLACK;
                while done < len {
                    at.add(done)
                        .copy_from_nonoverlapping(start.add(done), SLACK);
                    done += SLACK;
                }
            }
            self.len += len;
        } else {
            let span = &bytes[from..to];
            let at = self.room(span.len());
            // SAFETY: there is room for the span.
            unsafe { at.copy_from_nonoverlapping(span.as_ptr(), span.len()) };
            self.len += span.len();
        }
    }

    /// Appends rows of a block, each made of its parts, and before each the tag and its length if
    /// there is a `frame`; notes in `ends` where each ends.
    pub(crate) fn put_rows(
        &mut self,
        parts: &[Part<'_>],
        rows: Range<usize>,
        frame: Option<(Prefix, &[usize; BLOCK])>,
        ends: &mut Vec<usize>,
    ) {
        // By value, so that it lives in registers.
        let tail = mem::take(self);
        *self = match (parts, frame) {
            (&[one], None) => tail.put_each(&[one], rows, |_, _| {}, ends),
            (&[one], Some((prefix, lengths))) => tail.put_each(
                &[one],
                rows,
                |tail, row| tail.put_length(prefix, lengths[row]),
                ends,
            ),
            (parts, None) => tail.put_each(parts, rows, |_, _| {}, ends),
            (parts, Some((prefix, lengths))) => tail.put_each(
                parts,
                rows,
                |tail, row| tail.put_length(prefix, lengths[row]),
                ends,
            ),
        };
    }

    #[inline(always)]
    fn put_length(&mut self, prefix: Prefix, length: usize) {
        let (word, wide) = varint::short(length as u64);
        self.put(prefix, word, wide);
    }

    #[inline(always)]
    fn put_each(
        mut self,
        parts: &[Part<'_>],
        rows: Range<usize>,
        before: impl Fn(&mut Self, usize),
        ends: &mut Vec<usize>,
    ) -> Self {
        let any_far = parts.iter().any(|part| part.far);
        let known = ends.len();
        ends.resize(known + rows.len(), 0);
        for (row, end) in rows.zip(&mut ends[known..]) {
            if any_far {
                look_ahead(parts, row);
            }
            before(&mut self, row);
            for part in parts {
                self.put_span(part.bytes, part.from[row], part.to[row]);
            }
            *end = self.len;
        }
        self
    }

    /// Appends prefix, length and text of each value between two of the `offsets` whose bit in
    /// `valid` is set; notes in `ends` where each ends, and would if it were there.
    pub(crate) fn put_texts(
        &mut self,
        prefix: Prefix,
        valid: u64,
        data: &[u8],
        offsets: &[usize],
        ends: &mut Vec<usize>,
    ) {
        let mut tail = mem::take(self);
        let tag = prefix.len as usize;
        let known = ends.len();
        ends.resize(known + offsets.len().saturating_sub(1), 0);
        let spans = offsets.windows(2).map(|pair| (pair[0], pair[1]));
        for (row, ((from, to), end)) in spans.zip(&mut ends[known..]).enumerate() {
            let len = to.wrapping_sub(from);
            if from <= to && len <= SLACK && to < data.len().saturating_sub(SLACK) {
                let at = tail.room(PREFIX + len);
                // SAFETY: `from <= to`, and `to + SLACK` is within `data`; there is room for
                // `PREFIX + len + SLACK` bytes.
                unsafe {
                    let word = prefix.word | (len as u32) << (8 * prefix.len);
                    at.cast::<u32>().write_unaligned(word.to_le());
                    let start = data.as_ptr().add(from);
                    let at = at.add(tag + 1);
                    at.copy_from_nonoverlapping(start, SLACK / 2);
                    if len > SLACK / 2 {
                        let half = SLACK / 2;
                        at.add(half).copy_from_nonoverlapping(start.add(half), half);
                    }
                }
                tail.len += (tag + 1 + len) & (keep(valid, row) as i32 as isize as usize);
            } else if keep(valid, row) != 0 {
                tail.put_length(prefix, len);
                tail.put_span(data, from, to);
            }
            *end = tail.len;
        }
        *self = tail;
    }
}

/// More pieces than these are copied at one go.
const FEW: usize = 6;

/// By value, so that a [`Tail`] can live in registers.
#[cold]
#[inline(never)]
fn grow(bytes: Vec<u8>, len: usize, room: usize) -> Vec<u8> {
    let mut tail = Tail { bytes, len };
    tail.sync();
    tail.bytes.reserve(room);
    tail.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_texts_come_out_as_they_went_in() {
        let prefix = Prefix::new(&[0x82, 0x01]);
        let mut slots = Slots::new(2 * Slots::WORD + 2 * Slots::TEXT);
        for _ in 0..2 {
            slots.clear();
            slots.append(prefix, !2, (0..BLOCK as u128).map(|v| (v | v << 72, 10)));
            let text = [b'x'; 100];
            let spans = (0..BLOCK).map(|row| (row / 2, row / 2 + row));
            slots.append_text(prefix, !0, &text, spans);
            slots.append(prefix, !0, (0..BLOCK).map(|row| (row as u8, 1)));
            let starts: [usize; BLOCK] = std::array::from_fn(|row| slots.start(row));
            let cuts = std::array::from_fn(|row| starts[row] + 1.min(slots.ends()[row] as usize));
            let ends = std::array::from_fn(|row| starts[row] + slots.ends()[row] as usize);
            let (from, to) = (
                std::array::from_fn(|row| row),
                std::array::from_fn(|row| row + row / 2),
            );
            let part = |bytes, from, to| Part {
                bytes,
                from,
                to,
                far: true,
            };
            let parts = [
                part(slots.bytes(), &starts, &cuts),
                part(slots.bytes(), &cuts, &ends),
                part(&text, &from, &to),
            ];
            let lengths = std::array::from_fn(|row| row * 3);
            let (mut tail, mut bounds) = (Tail::new(vec![7]), vec![0]);
            tail.put_rows(&parts, 0..BLOCK, Some((prefix, &lengths)), &mut bounds);
            let bytes = tail.into_vec();
            for row in 0..BLOCK {
                let mut expected = vec![0x82, 1];
                crate::wire::put_varint(row as u64 * 3, &mut expected);
                if row != 1 {
                    expected.extend([0x82, 1, row as u8, 0, 0, 0, 0, 0, 0, 0, 0, row as u8]);
                }
                expected.extend([0x82, 1, row as u8]);
                expected.extend(vec![b'x'; row]);
                expected.extend([0x82, 1, row as u8]);
                expected.extend(vec![b'x'; row / 2]);
                assert_eq!(bytes[bounds[row]..bounds[row + 1]], expected, "row {row}");
            }
        }
    }

    #[test]
    fn texts_and_spans_of_all_lengths_are_whole() {
        let data: Vec<u8> = (0..=255).cycle().take(40_000).collect();
        let prefix = Prefix::new(&[0x0a]);
        let offsets: Vec<usize> = (0..=BLOCK).map(|row| row * row * 9).collect();
        let from = std::array::from_fn(|row| offsets[row]);
        let to = std::array::from_fn(|row| offsets[row + 1]);
        let (mut tail, mut ends) = (Tail::default(), Vec::new());
        tail.put_texts(prefix, !4, &data[..36_870], &offsets, &mut ends);
        let part = Part {
            bytes: &data[..36_870],
            from: &from,
            to: &to,
            far: false,
        };
        tail.put_rows(&[part], 3..BLOCK, None, &mut ends);
        tail.extend(b"end");
        let (mut expected, mut expected_ends) = (Vec::new(), Vec::new());
        for row in 0..BLOCK {
            if row != 2 {
                expected.push(0x0a);
                crate::wire::put_varint((to[row] - from[row]) as u64, &mut expected);
                expected.extend(&data[from[row]..to[row]]);
            }
            expected_ends.push(expected.len());
        }
        for row in 3..BLOCK {
            expected.extend(&data[from[row]..to[row]]);
            expected_ends.push(expected.len());
        }
        expected.extend(b"end");
        assert_eq!(ends, expected_ends);
        assert_eq!(tail.into_vec(), expected);
    }

    #[test]
    #[should_panic(expected = "a slot is too small")]
    fn a_slot_is_never_overrun() {
        let mut slots = Slots::new(1);
        for _ in 0..20 {
            slots.append(Prefix::new(&[8]), !0, std::iter::repeat((1_u64, 8)));
        }
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn what_lies_beyond_the_bytes_is_not_handed_out() {
        let part = Part {
            bytes: &[0; 100],
            from: &[90; BLOCK],
            to: &[101; BLOCK],
            far: true,
        };
        Tail::default().put_rows(&[part], 0..1, None, &mut Vec::new());
    }

    #[test]
    #[should_panic(expected = "starts at 9")]
    fn a_range_that_is_none_is_not_taken() {
        let data = [0; 200];
        Tail::default().put_texts(Prefix::new(&[8]), !0, &data, &[9, 3], &mut Vec::new());
    }
}
