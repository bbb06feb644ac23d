//! The last things that were refused, and why.

use std::{collections::VecDeque, fmt::Display, time::SystemTime};

use zb_types::TableName;

use super::text::shortened;

/// How many are kept.
const KEPT: usize = 50;

/// Characters of a reason that are kept.
const REASON: usize = 400;

/// The last ones.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    newest_last: VecDeque<Refused>,
    count: u64,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) at: SystemTime,
    /// A token, a stream …
    pub(crate) what: &'static str,
    pub(crate) table: Option<TableName>,
    /// In the words that the client got; shortened, where they are long.
    pub(crate) reason: String,
}

impl Refusals {
    pub(super) fn add(
        &mut self,
        what: &'static str,
        table: Option<&TableName>,
        reason: &dyn Display,
    ) {
        if self.newest_last.len() == KEPT {
            self.newest_last.pop_front();
        }
        self.count += 1;
        self.newest_last.push_back(Refused {
            at: SystemTime::now(),
            what,
            table: table.cloned(),
            reason: shortened(reason, REASON),
        });
    }

    pub(super) fn newest_first(&self) -> (Vec<Refused>, u64) {
        (self.newest_last.iter().rev().cloned().collect(), self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_all_are_counted() {
        let mut refusals = Refusals::default();
        for number in 0..70 {
            refusals.add("stream", None, &format!("{number} {}", "x".repeat(1000)));
        }
        let (kept, count) = refusals.newest_first();
        assert_eq!((kept.len(), count), (KEPT, 70));
        assert!(kept[0].reason.starts_with("69 xx"));
        assert!(kept[49].reason.starts_with("20 xx"));
        assert_eq!(kept[0].reason.chars().count(), REASON + 1);
    }
}
