//! The one place with unsafe code: writing a little more than was asked for, into room that was
//! made beforehand.
//!
//! A store of a fixed size is one instruction where a copy of three bytes is a call, so bytes are
//! written in whole words and the next write begins where the last one meant to end. That needs
//! room behind every end, and memory that is not set before it is written. The types here see to
//! both: nothing that a caller can pass makes them read or write beyond what they own, and bytes
//! that were not meant are never handed out.
#![expect(
    unsafe_code,
    reason = "unchecked stores into reserved room; measured at 1.5 times the checked ones"
)]

use std::mem::{self, MaybeUninit};

/// Rows that are worked on at a time: as many as a word has bits, so that the nulls of a column
/// are one word.
pub(crate) const BLOCK: usize = 64;

/// How far a write or a read may go beyond its end; also the longest text that goes into a slot.
pub(crate) const SLACK: usize = 64;

/// A page of 4 KiB: beyond it the processor's own prefetching has long begun.
#[cfg(target_arch = "x86_64")]
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
    bytes: Box<[MaybeUninit<u8>]>,
    stride: usize,
    /// How far each slot is filled. Invariant: not beyond `bound`, and all bytes before it are set.
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
            bytes: Box::new_uninit_slice(BLOCK * stride + SLACK),
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
        let base = self.bytes.as_mut_ptr().cast::<u8>();
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
        let base = self.bytes.as_mut_ptr().cast::<u8>();
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
    #[cfg(target_arch = "x86_64")]
    for line in (from..to.min(bytes.len()))
        .step_by(64)
        .take(PREFETCHED_LINES)
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing, and `line` is within `bytes`.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().add(line).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, from, to);
}

/// The end of a vector, with room behind it.
pub(crate) struct Tail {
    bytes: Vec<u8>,
    /// The vector's true length. Invariant: not beyond its capacity, and all bytes before it are
    /// set.
    len: usize,
}

impl Tail {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        Self { bytes, len }
    }

    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        self.sync();
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes back what was written from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The vector itself, for those who write it the usual way.
    pub(crate) fn with_vec<T>(&mut self, work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.sync();
        let result = work(&mut self.bytes);
        self.len = self.bytes.len();
        result
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
    pub(crate) fn put<W: Word>(&mut self, prefix: Prefix, word: W, len: usize) {
        let tag = prefix.len as usize;
        let at = self.room(PREFIX + W::SIZE);
        // SAFETY: there is room for `PREFIX + W::SIZE` bytes.
        unsafe {
            at.cast::<u32>().write_unaligned(prefix.word.to_le());
            at.add(tag).cast::<W>().write_unaligned(word.in_order());
        }
        self.len += tag + len.min(W::SIZE);
    }

    /// Appends a part of a slot.
    #[inline]
    pub(crate) fn put_slot(&mut self, slots: &Slots, row: usize, from: u32, to: u32) {
        assert!(from <= to && to <= slots.ends[row], "beyond the slot's end");
        let len = (to - from) as usize;
        let at = self.room(len);
        // SAFETY: bytes up to the slot's end are set, and `SLACK` bytes behind it are owned by
        // `slots`, if only as the next slot's; what is copied of them lies beyond `self.len`.
        // There is room for `len + SLACK` bytes.
        unsafe {
            let start = slots.bytes.as_ptr().add(row * slots.stride + from as usize);
            let at = at.cast::<MaybeUninit<u8>>();
            if len <= SLACK {
                at.copy_from_nonoverlapping(start, SLACK);
            } else {
                at.copy_from_nonoverlapping(start, len);
            }
        }
        self.len += len;
    }

    /// Appends a part of `bytes`.
    #[inline]
    pub(crate) fn put_span(&mut self, bytes: &[u8], from: usize, to: usize) {
        let len = to.wrapping_sub(from);
        if len <= SLACK && from < bytes.len().saturating_sub(SLACK) {
            let at = self.room(len);
            // SAFETY: `from + SLACK` is within `bytes`, and there is room for `SLACK` bytes.
            unsafe { at.copy_from_nonoverlapping(bytes.as_ptr().add(from), SLACK) };
            self.len += len;
        } else {
            let span = &bytes[from..to];
            let at = self.room(span.len());
            // SAFETY: there is room for the span.
            unsafe { at.copy_from_nonoverlapping(span.as_ptr(), span.len()) };
            self.len += span.len();
        }
    }
}

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
            let mut tail = Tail::new(vec![7]);
            for row in 0..BLOCK {
                let start = tail.len();
                let end = slots.ends()[row];
                tail.put_slot(&slots, row, 0, 1.min(end));
                tail.put_slot(&slots, row, 1.min(end), end);
                tail.put_span(&text, row, row + row / 2);
                tail.put(prefix, row as u64, 3);
                let mut expected = Vec::new();
                if row != 1 {
                    expected.extend([0x82, 1, row as u8, 0, 0, 0, 0, 0, 0, 0, 0, row as u8]);
                }
                expected.extend([0x82, 1, row as u8]);
                expected.extend(vec![b'x'; row]);
                expected.extend([0x82, 1, row as u8]);
                expected.extend(vec![b'x'; row / 2]);
                expected.extend([0x82, 1, row as u8, 0, 0]);
                let got = tail.with_vec(|bytes| bytes[start..].to_vec());
                assert_eq!(got, expected, "row {row}");
            }
            tail.truncate(1);
            assert_eq!(tail.into_vec(), [7]);
        }
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
    #[should_panic(expected = "beyond the slot's end")]
    fn bytes_that_nobody_wrote_are_not_handed_out() {
        Tail::new(Vec::new()).put_slot(&Slots::new(8), 0, 0, 1);
    }
}
