//! From offsets to rows: a stream is committed by messages and acknowledged by rows.

use std::{collections::VecDeque, sync::Mutex};

use super::said::Acknowledged;
use crate::lock::lock;

/// How many messages may be looked back at. Only a script of faults does, which acknowledges less
/// than was acknowledged before.
const LOOK_BACK: usize = 1024;

/// How many rows a stream has sent with each of its messages.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Messages>);

#[derive(Debug, Default)]
struct Messages {
    /// The offset of the first one that is remembered.
    first: i64,
    /// The rows up to and with each of them.
    rows: VecDeque<u64>,
    /// Whether the newest one was taken in part.
    partial: bool,
    /// The highest offset that was acknowledged.
    acknowledged: i64,
}

impl Progress {
    /// The next message has so many rows.
    pub(super) fn whole(&self, rows: usize) {
        self.lock(|messages| messages.add(rows));
    }

    /// Of the next message so many rows are taken, and nothing comes after it.
    pub(super) fn part(&self, rows: usize) {
        self.lock(|messages| {
            messages.add(rows);
            messages.partial = true;
        });
    }

    /// What there is to say when everything up to and with this offset is acknowledged. Beyond
    /// what was received, an offset counts as one row.
    pub(super) fn up_to(&self, offset: i64) -> Acknowledged {
        self.lock(|messages| {
            let newest = messages.first + messages.rows.len() as i64 - 1;
            let all = messages.rows.back().copied().unwrap_or(0);
            let said = if offset > newest {
                let beyond = offset.saturating_sub(newest).unsigned_abs();
                Acknowledged::new(offset, all.saturating_add(beyond))
            } else {
                let place = usize::try_from(offset.saturating_sub(messages.first)).ok();
                let rows = place.and_then(|place| messages.rows.get(place));
                let whole = offset - i64::from(messages.partial && offset == newest);
                Acknowledged::new(whole, rows.copied().unwrap_or(0))
            };
            messages.forget(offset.min(newest));
            said
        })
    }

    fn lock<T>(&self, look: impl FnOnce(&mut Messages) -> T) -> T {
        look(&mut lock(&self.0))
    }
}

impl Messages {
    fn add(&mut self, rows: usize) {
        let before = self.rows.back().copied().unwrap_or(0);
        self.rows.push_back(before + rows as u64);
    }

    /// Lets go of what is far behind the acknowledgements.
    fn forget(&mut self, acknowledged: i64) {
        self.acknowledged = self.acknowledged.max(acknowledged);
        let far = self.acknowledged - self.first - LOOK_BACK as i64;
        for _ in 0..far.max(0) {
            self.rows.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_over_the_messages() {
        let progress = Progress::default();
        for rows in [3, 0, 4] {
            progress.whole(rows);
        }
        let said = [0, 1, 2].map(|offset| progress.up_to(offset));
        assert_eq!(
            said,
            [(0, 3), (1, 3), (2, 7)].map(|(o, r)| Acknowledged::new(o, r))
        );
        // What cannot be true.
        assert_eq!(progress.up_to(-1), Acknowledged::new(-1, 0));
        assert_eq!(progress.up_to(12), Acknowledged::new(12, 17));
        assert_eq!(progress.up_to(i64::MIN), Acknowledged::new(i64::MIN, 0));
        let most = Acknowledged::new(i64::MAX, i64::MAX as u64 - 2 + 7);
        assert_eq!(progress.up_to(i64::MAX), most);
    }

    #[test]
    fn a_message_in_part_has_rows_and_no_offset() {
        let progress = Progress::default();
        progress.whole(3);
        progress.part(2);
        assert_eq!(progress.up_to(1), Acknowledged::new(0, 5));
        assert_eq!(progress.up_to(0), Acknowledged::new(0, 3));
    }

    #[test]
    fn what_is_long_acknowledged_is_forgotten() {
        let progress = Progress::default();
        for offset in 0..10_000 {
            progress.whole(2);
            assert_eq!(
                progress.up_to(offset).message(),
                Acknowledged::new(offset, 2 * (offset as u64 + 1)).message()
            );
        }
        assert_eq!(progress.lock(|messages| messages.rows.len()), LOOK_BACK + 1);
        assert_eq!(progress.up_to(9_990), Acknowledged::new(9_990, 19_982));
    }
}
