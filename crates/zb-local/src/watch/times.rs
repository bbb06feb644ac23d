//! How long the last ones took.

use std::{collections::VecDeque, time::Duration};

/// How many are kept.
const KEPT: usize = 512;

/// The last times of something.
#[derive(Debug, Default)]
pub(super) struct Times(VecDeque<Duration>);

/// What [`Times`] say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    /// Half of them took no longer.
    pub(crate) half: Duration,
    /// All but one in a hundred took no longer.
    pub(crate) most: Duration,
}

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(time);
    }

    /// Nothing, where nothing happened yet.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let mut sorted: Vec<_> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        // The smallest that so many percent are not above.
        let percent = |of_100: usize| {
            let rank = (sorted.len() * of_100).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied()
        };
        Some(Percentiles {
            half: percent(50)?,
            most: percent(99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Option<(u128, u128)> {
        let mut kept = Times::default();
        times
            .into_iter()
            .for_each(|time| kept.add(Duration::from_millis(time)));
        let percentiles = kept.percentiles()?;
        Some((percentiles.half.as_millis(), percentiles.most.as_millis()))
    }

    #[test]
    fn percentiles_are_times_that_were_taken() {
        assert_eq!(of([]), None);
        assert_eq!(of([7]), Some((7, 7)));
        assert_eq!(of((1..=100).rev()), Some((50, 99)));
        assert_eq!(of((1..=1000).rev()), Some((256, 507)));
    }
}
