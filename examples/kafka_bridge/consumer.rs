//! What the bridge needs of a consumer, and one in memory that plays a rebalance.

use std::collections::{BTreeMap, VecDeque};

/// What a poll brings.
pub enum Polled {
    Message(Message),
    /// From now on these partitions are read by somebody else, from the offsets that were committed.
    Revoked(Vec<i32>),
    /// These partitions are ours, and are read from the offsets that were committed.
    Assigned(Vec<i32>),
}

pub struct Message {
    pub partition: i32,
    pub offset: i64,
    pub payload: String,
}

/// A consumer in a group, as far as a bridge is concerned. With rdkafka, `poll` is
/// `StreamConsumer::recv`, together with what `ConsumerContext::pre_rebalance` and `post_rebalance`
/// tell; `commit` is `Consumer::commit` in mode `Sync`. Its own commits (`enable.auto.commit`) have to
/// be off: they know nothing of what is durable.
pub trait Consumer {
    /// The next thing; none at the end.
    async fn poll(&mut self) -> Option<Polled>;

    /// Everything of the partition before `next` is dealt with.
    async fn commit(&mut self, partition: i32, next: i64);
}

/// Two partitions. The second is taken away in the middle, and comes back later.
pub struct InMemory {
    logs: BTreeMap<i32, Vec<String>>,
    ours: BTreeMap<i32, i64>,
    pub committed: BTreeMap<i32, i64>,
    /// After how many polls what happens.
    script: VecDeque<(usize, Polled)>,
    polls: usize,
}

impl InMemory {
    pub fn new(messages: i64) -> Self {
        let log = |partition: i64| -> Vec<String> {
            let order = |n| partition * messages + n;
            (0..messages)
                .map(|n| match n {
                    // No JSON, and a number that no BIGINT can hold.
                    17 => "not an order".to_owned(),
                    23 => format!(r#"{{"order": {}, "cents": {}}}"#, order(n), u64::MAX),
                    _ => format!(r#"{{"order": {}, "cents": {}}}"#, order(n), 100 * n),
                })
                .collect()
        };
        Self {
            logs: [(0, log(0)), (1, log(1))].into(),
            ours: [(0, 0), (1, 0)].into(),
            committed: BTreeMap::new(),
            script: [
                (70, Polled::Revoked(vec![1])),
                (90, Polled::Assigned(vec![1])),
            ]
            .into(),
            polls: 0,
        }
    }
}

impl Consumer for InMemory {
    async fn poll(&mut self) -> Option<Polled> {
        self.polls += 1;
        if self.script.front().is_some_and(|(at, _)| *at <= self.polls) {
            let (_, polled) = self.script.pop_front()?;
            match &polled {
                Polled::Revoked(partitions) => {
                    self.ours.retain(|ours, _| !partitions.contains(ours));
                }
                Polled::Assigned(partitions) => {
                    for partition in partitions {
                        let from = self.committed.get(partition).copied().unwrap_or(0);
                        self.ours.insert(*partition, from);
                    }
                }
                Polled::Message(_) => {}
            }
            return Some(polled);
        }
        // By turns: whichever partition is furthest behind.
        let left = |(partition, next): &(&i32, &mut i64)| {
            let log = self.logs.get(*partition).map_or(0, Vec::len);
            **next < log as i64
        };
        let ours = self.ours.iter_mut().filter(left);
        let (partition, next) = ours.min_by_key(|(_, next)| **next)?;
        let offset = *next;
        *next += 1;
        Some(Polled::Message(Message {
            partition: *partition,
            offset,
            payload: self.logs.get(partition)?.get(offset as usize)?.clone(),
        }))
    }

    async fn commit(&mut self, partition: i32, next: i64) {
        self.committed.insert(partition, next);
    }
}
