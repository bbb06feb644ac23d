//! What a process has used of its processors.

use std::{fs, time::Duration};

/// The time of all threads so far; none where the system does not say it as Linux does.
///
/// It depends little on what else the machine does, which the time of day does.
pub(crate) fn used() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program is in parentheses, and may have spaces.
    let (_, numbers) = stat.rsplit_once(") ")?;
    let mut ticks = numbers.split(' ').skip(11).take(2);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    // In user mode and in the kernel; a tick is a hundredth of a second for every program.
    Some(Duration::from_millis((next()? + next()?) * 10))
}
