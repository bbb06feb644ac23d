//! Times for file names: none is given twice, and each is later than the one before.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, NaiveDateTime};

/// Twenty-three characters, so that names sort as times do.
const FORMAT: &str = "%Y%m%dT%H%M%S%.6fZ";

/// The last microsecond of the year 9999; later ones would be longer.
const MAX_MICROS: u64 = 253_402_300_799_999_999;

/// A moment, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stamp(u64);

impl Stamp {
    pub(crate) fn time(self) -> SystemTime {
        UNIX_EPOCH + std::time::Duration::from_micros(self.0)
    }

    /// Reads what [`Display`](fmt::Display) writes, and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let time = NaiveDateTime::parse_from_str(text, FORMAT).ok()?;
        let stamp = Self(time.and_utc().timestamp_micros().try_into().ok()?);
        (stamp.to_string() == text).then_some(stamp)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = i64::try_from(self.0.min(MAX_MICROS)).unwrap_or_default();
        let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
        time.format(FORMAT).fmt(f)
    }
}

/// Gives out stamps.
pub(crate) struct Stamps {
    last: AtomicU64,
    clock: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Stamps {
    /// Those of the process: two mirrors never have the same one.
    pub(crate) fn of_process() -> Arc<Self> {
        static STAMPS: LazyLock<Arc<Stamps>> =
            LazyLock::new(|| Arc::new(Stamps::new(SystemTime::now)));
        Arc::clone(&STAMPS)
    }

    pub(crate) fn new(clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            last: AtomicU64::new(0),
            clock: Box::new(clock),
        }
    }

    /// The time by the clock; just after the last one where the clock has not got there.
    pub(crate) fn next(&self) -> Stamp {
        let now = (self.clock)()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                since.as_micros().try_into().unwrap_or(MAX_MICROS)
            })
            .min(MAX_MICROS);
        let later = |last: u64| now.max(last + 1);
        let last = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(later(last)));
        Stamp(later(last.unwrap_or_else(|last| last)))
    }
}

impl fmt::Debug for Stamps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stamps").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Mutex, thread, time::Duration};

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn stamps_go_on_when_the_clock_goes_back() {
        let times = Mutex::new(vec![at(5), at(5), at(1_000), at(0), at(2_000)]);
        let clock = move || times.lock().unwrap().pop().unwrap();
        let stamps = Stamps::new(clock);
        let given: Vec<_> = (0..5).map(|_| stamps.next().to_string()).collect();
        assert_eq!(
            given,
            [
                "19700101T003320.000000Z",
                "19700101T003320.000001Z",
                "19700101T003320.000002Z",
                "19700101T003320.000003Z",
                "19700101T003320.000004Z",
            ]
        );
    }

    #[test]
    fn a_clock_before_1970_or_after_9999_does_no_harm() {
        let before = Stamps::new(|| UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(before.next().to_string(), "19700101T000000.000001Z");
        let after = Stamps::new(|| at(1 << 50));
        assert_eq!(after.next().to_string(), "99991231T235959.999999Z");
        assert_eq!(after.next().to_string().len(), 23);
    }

    #[test]
    fn threads_never_get_the_same_stamp() {
        let stamps = Stamps::new(|| at(1));
        let take = || -> Vec<Stamp> { (0..1000).map(|_| stamps.next()).collect() };
        let given: BTreeSet<Stamp> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads
                .into_iter()
                .flat_map(|t| t.join().unwrap())
                .collect()
        });
        assert_eq!(given.len(), 4000);
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let stamp = Stamp(1_763_836_484_123_456);
        assert_eq!(Stamp::parse(&stamp.to_string()), Some(stamp));
        for text in [
            "",
            "20251122T183444Z",
            "2025-11-22",
            "20251122T183460.000000Z",
            "+0251122T183444.000000Z",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }
}
