//! Strings and binaries of a column.

use crate::{
    kernel,
    raw::{BLOCK, Prefix, SLACK, Slots},
    source::Source,
};

use super::spans::Ranges;

/// Strings or binaries that stand one behind the other.
pub(super) struct Texts<'a> {
    pub(super) data: &'a [u8],
    offsets: [usize; BLOCK + 1],
    pub(super) spans: Ranges,
}

impl<'a> Texts<'a> {
    pub(super) fn new(data: &'a [u8]) -> Box<Self> {
        Box::new(Self {
            data,
            offsets: [0; BLOCK + 1],
            spans: Ranges::default(),
        })
    }

    /// Where each of the texts begins, and where the last of them ends.
    pub(super) fn find(&mut self, source: &Source<'_>, start: usize, count: usize) -> &[usize] {
        kernel::text_offsets(source, start, count, &mut self.offsets);
        &self.offsets[..=count]
    }

    /// Short texts go into the slots; where one of them is long, all stay where they are. Says
    /// whether they do.
    pub(super) fn load(
        &mut self,
        source: &Source<'_>,
        prefix: Prefix,
        valid: u64,
        start: usize,
        count: usize,
        slots: &mut Slots,
    ) -> bool {
        let data = self.data;
        let offsets = self.find(source, start, count);
        if kernel::fit_slots(offsets) {
            let texts = offsets.windows(2).map(|pair| (pair[0], pair[1]));
            slots.append_text(prefix, valid, data, texts);
            return false;
        }
        self.spans.set_between(valid, &self.offsets[..=count]);
        self.stay(prefix, valid, count, slots);
        true
    }

    /// As [`load`](Self::load) with the texts at `indices`, in any order.
    pub(super) fn load_picked(
        &mut self,
        source: &Source<'_>,
        prefix: Prefix,
        valid: u64,
        indices: &[usize],
        slots: &mut Slots,
    ) -> bool {
        self.spans
            .set(valid, |row| kernel::text_range(source, indices[row]));
        if self.spans.longest_is_below(SLACK) {
            let texts = self.spans.pairs().take(indices.len());
            slots.append_text(prefix, valid, self.data, texts);
            return false;
        }
        self.stay(prefix, valid, indices.len(), slots);
        true
    }

    /// Leaves the texts where they are: tag and length go before them.
    fn stay(&self, prefix: Prefix, valid: u64, count: usize, slots: &mut Slots) {
        let mut lengths = [0; BLOCK];
        self.spans.add_to(&mut lengths);
        kernel::append_lengths(prefix, valid, &lengths[..count], slots);
    }
}
