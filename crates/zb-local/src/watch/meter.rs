//! How much came in each of the last seconds.

/// Seconds that are kept: a minute to be seen, and the one that is not over.
const KEPT: usize = 61;

/// Over how many whole seconds a rate is the mean.
const MEAN: u64 = 5;

/// A sum for each of the last seconds. Nothing has to run for it while nothing happens.
#[derive(Debug)]
pub(super) struct Meter {
    total: u64,
    /// The second, and the sum in it; where a second belongs follows from its number.
    seconds: [(u64, u64); KEPT],
}

/// What a [`Meter`] says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rate {
    pub(crate) total: u64,
    /// The mean of the last five seconds.
    pub(crate) a_second: f64,
    /// The last minute, the oldest second first.
    pub(crate) minute: Vec<u64>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            total: 0,
            seconds: [(0, 0); KEPT],
        }
    }
}

impl Meter {
    pub(super) fn add(&mut self, second: u64, much: u64) {
        self.total = self.total.saturating_add(much);
        let kept = &mut self.seconds[second as usize % KEPT];
        if kept.0 != second {
            *kept = (second, 0);
        }
        kept.1 = kept.1.saturating_add(much);
    }

    /// As of this second, which is not over and does not count.
    pub(super) fn rate(&self, now: u64) -> Rate {
        let whole = KEPT as u64 - 1;
        let minute: Vec<u64> = (1..=whole)
            .rev()
            .map(|ago| now.checked_sub(ago).map_or(0, |second| self.at(second)))
            .collect();
        // In the first seconds there are fewer to take the mean of.
        let over = MEAN.min(now).max(1);
        let last = minute.iter().rev().take(over as usize).sum::<u64>();
        Rate {
            total: self.total,
            a_second: last as f64 / over as f64,
            minute,
        }
    }

    fn at(&self, second: u64) -> u64 {
        match self.seconds[second as usize % KEPT] {
            (kept, sum) if kept == second => sum,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_mean_of_five_whole_seconds() {
        let mut meter = Meter::default();
        for second in 0..=10 {
            meter.add(second, 10 * second);
        }
        let rate = meter.rate(10);
        assert_eq!(rate.total, 550);
        assert!((rate.a_second - 70.0).abs() < 1e-9, "{rate:?}");
        assert_eq!(rate.minute.len(), 60);
        assert_eq!(rate.minute[58..], [80, 90]);
    }

    #[test]
    fn the_first_seconds_are_not_diluted() {
        let mut meter = Meter::default();
        meter.add(0, 30);
        assert!((meter.rate(1).a_second - 30.0).abs() < 1e-9);
        assert!(meter.rate(0).a_second.abs() < 1e-9);
    }

    #[test]
    fn seconds_without_anything_are_empty_and_old_ones_are_gone() {
        let mut meter = Meter::default();
        meter.add(3, 5);
        meter.add(3, 5);
        let rate = meter.rate(40);
        assert_eq!(rate.minute[60 - 37], 10);
        assert_eq!(rate.minute.iter().sum::<u64>(), 10);
        let later = meter.rate(3 + KEPT as u64);
        assert_eq!(later.minute, [0; 60]);
        assert_eq!(later.total, 10);
    }
}
