//! Acknowledgements between the commit and the client: late ones wait here, in order.

use std::collections::VecDeque;

use tokio::time::Instant;
use zb_types::TableName;

use crate::{
    faults::{Action, Event, Faults},
    later::later,
};

/// What one stream has still to acknowledge.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// The highest offset that was committed, and is acknowledged or waits to be.
    newest: Option<i64>,
    waiting: VecDeque<Ack>,
}

/// An acknowledgement, and what happens to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ack {
    due: Instant,
    pub(crate) offset: i64,
    pub(crate) action: Option<Action>,
}

impl Acks {
    /// Everything up to this offset is committed.
    pub(crate) fn committed(&mut self, offset: Option<i64>, table: &TableName, faults: &Faults) {
        let Some(offset) = offset.filter(|offset| self.newest.is_none_or(|last| last < *offset))
        else {
            return;
        };
        let verdict = faults.judge(&Event::ack(table, self.newest, offset));
        let due = later(verdict.delay);
        let before = self.waiting.back().map(|ack| ack.due);
        self.newest = Some(offset);
        self.waiting.push_back(Ack {
            due: before.map_or(due, |before| before.max(due)),
            offset,
            action: verdict.action,
        });
    }

    /// When the next one is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.waiting.front().map(|ack| ack.due)
    }

    /// The next one, if it is due.
    pub(crate) fn next_due(&mut self) -> Option<Ack> {
        self.waiting.pop_front_if(|ack| ack.due <= Instant::now())
    }

    /// The next one, due or not.
    pub(crate) fn next(&mut self) -> Option<Ack> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::faults::{Fault, FaultScript};

    fn acks(committed: &[i64], script: impl Into<FaultScript>) -> Acks {
        let faults = Faults::new(script.into(), Arc::default());
        let table = "a.b.c".parse().unwrap();
        let mut acks = Acks::default();
        for offset in committed {
            acks.committed(Some(*offset), &table, &faults);
        }
        acks
    }

    fn due(acks: &mut Acks) -> Vec<i64> {
        std::iter::from_fn(|| acks.next_due().map(|ack| ack.offset)).collect()
    }

    #[test]
    fn what_is_committed_is_due_once() {
        let mut acks = acks(&[0, 3, 3, 2, 4], []);
        assert_eq!(due(&mut acks), [0, 3, 4]);
        assert_eq!(acks.due(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_one_holds_back_those_after_it() {
        let late = Fault::on_ack().offset(1).delay(Duration::from_secs(3));
        let mut acks = acks(&[0, 1, 2], late);
        assert_eq!(due(&mut acks), [0]);
        let at = acks.due().unwrap();
        assert_eq!(at - Instant::now(), Duration::from_secs(3));
        tokio::time::sleep_until(at).await;
        assert_eq!(due(&mut acks), [1, 2]);
    }
}
