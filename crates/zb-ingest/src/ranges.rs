//! Sets of rows of one batch.

use std::ops::Range;

/// Rows of a batch, as ranges in order that neither touch nor overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowRanges(Vec<Range<usize>>);

impl RowRanges {
    /// No rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows.
    pub fn count(&self) -> usize {
        self.0.iter().map(Range::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, in order.
    pub fn as_slice(&self) -> &[Range<usize>] {
        &self.0
    }

    /// Each row, in order.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// Whether `row` is one of them.
    pub fn contains(&self, row: usize) -> bool {
        let after = self.0.partition_point(|r| r.start <= row);
        after > 0 && self.0[after - 1].contains(&row)
    }

    pub(crate) fn insert(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        // Those that overlap or touch the new one become one with it.
        let first = self.0.partition_point(|r| r.end < range.start);
        let last = self.0.partition_point(|r| r.start <= range.end);
        let merged = match self.0.get(first..last) {
            Some([.., tail]) => range.start.min(self.0[first].start)..range.end.max(tail.end),
            _ => range,
        };
        self.0.splice(first..last, [merged]);
    }

    /// Takes rows out.
    pub(crate) fn remove(&mut self, other: &Self) {
        for range in &other.0 {
            let first = self.0.partition_point(|r| r.end <= range.start);
            let last = self.0.partition_point(|r| r.start < range.end);
            let Some([head, ..]) = self.0.get(first..last) else {
                continue;
            };
            let left = head.start..range.start;
            let right = range.end..self.0[last - 1].end;
            let rest = [left, right].into_iter().filter(|r| r.start < r.end);
            self.0.splice(first..last, rest);
        }
    }

    /// Those of the rows that are in `other`, too.
    pub(crate) fn within(&self, other: &Self) -> Self {
        let mut outside = self.clone();
        outside.remove(other);
        let mut within = self.clone();
        within.remove(&outside);
        within
    }

    /// The first `count` of the rows, or all if there are fewer.
    pub(crate) fn first(&self, count: usize) -> Self {
        let mut left = count;
        let mut first = Self::new();
        for range in &self.0 {
            let cut = range.start + left.min(range.len());
            left -= cut - range.start;
            first.insert(range.start..cut);
        }
        first
    }

    /// The first of the rows, where the last `open` of them were not acknowledged. None when that cannot
    /// be: rows that were all acknowledged are told by their offset.
    pub(crate) fn acknowledged_but(&self, open: usize) -> Self {
        match self.count().checked_sub(open) {
            Some(first) if open > 0 => self.first(first),
            _ => Self::new(),
        }
    }

    /// The first half of the rows and the second; the first is the larger one.
    pub(crate) fn halves(&self) -> (Self, Self) {
        let first = self.first(self.count().div_ceil(2));
        let mut second = self.clone();
        second.remove(&first);
        (first, second)
    }

    pub(crate) fn insert_all(&mut self, other: &Self) {
        self.extend(other.0.iter().cloned());
    }
}

impl Extend<Range<usize>> for RowRanges {
    fn extend<I: IntoIterator<Item = Range<usize>>>(&mut self, ranges: I) {
        for range in ranges {
            self.insert(range);
        }
    }
}

impl FromIterator<Range<usize>> for RowRanges {
    fn from_iter<I: IntoIterator<Item = Range<usize>>>(ranges: I) -> Self {
        let mut set = Self::new();
        set.extend(ranges);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ranges_are_a_set_of_rows_in_any_order_of_insertion() {
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 33) % below) as usize
        };
        for _ in 0..500 {
            let mut ranges = RowRanges::new();
            let mut model = BTreeSet::new();
            for _ in 0..next(12) {
                let start = next(60);
                let range = start..start + next(10);
                model.extend(range.clone());
                ranges.insert(range);
                let start = next(60);
                let gone = start..start + next(4);
                for row in gone.clone() {
                    model.remove(&row);
                }
                ranges.remove(&std::iter::once(gone).filter(|r| !r.is_empty()).collect());
            }
            let (first, second) = ranges.halves();
            assert_eq!(first.count(), model.len().div_ceil(2));
            assert!(first.rows().chain(second.rows()).eq(model.iter().copied()));
            assert_eq!(first.within(&ranges), first);
            assert_eq!(first.within(&second), RowRanges::new());
            assert_eq!(ranges.within(&second), second);
            assert_eq!(ranges.rows().collect::<BTreeSet<_>>(), model);
            assert_eq!(ranges.count(), model.len());
            for row in 0..80 {
                assert_eq!(ranges.contains(row), model.contains(&row));
            }
            for pair in ranges.as_slice().windows(2) {
                assert!(pair[0].end < pair[1].start, "{ranges:?}");
            }
        }
    }
}
