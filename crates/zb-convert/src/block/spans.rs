//! Ranges of bytes, one for each row of a block.

use std::ops::Range;

use crate::raw::{BLOCK, Part, Slots};

/// A range for each row of a block.
pub(super) struct Ranges {
    from: [usize; BLOCK],
    to: [usize; BLOCK],
    /// Whether there is nothing in any of them.
    empty: bool,
}

impl Default for Ranges {
    fn default() -> Self {
        Self {
            from: [0; BLOCK],
            to: [0; BLOCK],
            empty: true,
        }
    }
}

/// Where in a slot the span of a field belongs.
pub(super) struct Place {
    pub(super) cut: [u32; BLOCK],
    /// The piece of the slots before it.
    pub(super) before: Ranges,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            cut: [0; BLOCK],
            before: Ranges::default(),
        }
    }
}

impl Ranges {
    /// Sets the range of each row whose bit in `valid` is set; the others are empty.
    pub(super) fn set(&mut self, valid: u64, mut of: impl FnMut(usize) -> Range<usize>) {
        self.empty = valid == 0;
        for (row, (from, to)) in self.from.iter_mut().zip(&mut self.to).enumerate() {
            let range = if valid >> row & 1 != 0 { of(row) } else { 0..0 };
            (*from, *to) = (range.start, range.end);
        }
    }

    /// Sets the ranges between one bound and the next.
    pub(super) fn set_between(&mut self, valid: u64, bounds: &[usize]) {
        self.empty = valid == 0;
        self.from = [0; BLOCK];
        self.to = [0; BLOCK];
        let pairs = bounds.windows(2);
        for (row, ((from, to), pair)) in self
            .from
            .iter_mut()
            .zip(&mut self.to)
            .zip(pairs)
            .enumerate()
        {
            *from = pair[0];
            *to = if valid >> row & 1 != 0 {
                pair[1]
            } else {
                pair[0]
            };
        }
    }

    /// Sets the pieces of slots between two positions.
    pub(super) fn cut_from(&mut self, slots: &Slots, from: &[u32; BLOCK], to: &[u32; BLOCK]) {
        self.empty = from == to;
        if self.empty {
            return;
        }
        for (row, (at, &cut)) in self.from.iter_mut().zip(from).enumerate() {
            *at = slots.start(row) + cut as usize;
        }
        for (row, (at, &cut)) in self.to.iter_mut().zip(to).enumerate() {
            *at = slots.start(row) + cut as usize;
        }
    }

    /// Start and end of each row's range.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        self.from.iter().copied().zip(self.to.iter().copied())
    }

    /// Whether all ranges are shorter than a power of two.
    pub(super) fn longest_is_below(&self, power: usize) -> bool {
        let lengths = self.pairs().map(|(from, to)| to.wrapping_sub(from));
        lengths.fold(0, |all, length| all | length) < power
    }

    /// Adds the length of each row's range to the row's.
    pub(super) fn add_to(&self, lengths: &mut [usize; BLOCK]) {
        for (length, (from, to)) in lengths.iter_mut().zip(self.from.iter().zip(&self.to)) {
            *length += to.wrapping_sub(*from);
        }
    }

    /// The ranges as ranges of `bytes`.
    pub(super) fn of<'p>(&'p self, bytes: &'p [u8], far: bool) -> Part<'p> {
        Part {
            bytes,
            from: &self.from,
            to: &self.to,
            far,
        }
    }

    /// Adds the ranges as a part, if there is something in them.
    pub(super) fn part<'p>(&'p self, bytes: &'p [u8], parts: &mut Vec<Part<'p>>) {
        if !self.empty {
            parts.push(self.of(bytes, false));
        }
    }
}
