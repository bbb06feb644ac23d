//! Numbers as people read them.

use std::time::{Duration, SystemTime};

/// With commas: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many a second: `1,234`, below ten with one decimal.
pub(super) fn rate(a_second: f64) -> String {
    if a_second > 0.0 && a_second < 9.95 {
        format!("{a_second:.1}")
    } else {
        count(a_second.round() as u64)
    }
}

/// With a unit of a thousand: `999 B`, `1.23 MB`.
pub(super) fn bytes(bytes: f64) -> String {
    let (mut scaled, mut units) = (bytes, ["B", "kB", "MB", "GB", "TB"].iter());
    let mut unit = units.next();
    // What would be rounded to a thousand is one of the next unit.
    while scaled >= 999.5 && units.len() > 0 {
        scaled /= 1000.0;
        unit = units.next();
    }
    let unit = unit.copied().unwrap_or_default();
    if unit == "B" {
        format!("{} B", scaled.round())
    } else {
        format!("{} {unit}", three_digits(scaled))
    }
}

/// What something took: `340 µs`, `1.23 ms`, `12.3 s`.
pub(super) fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (scaled, unit) = match seconds {
        s if s < 999.5e-6 => return format!("{} µs", time.as_micros()),
        s if s < 999.5e-3 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    format!("{} {unit}", three_digits(scaled))
}

fn three_digits(number: f64) -> String {
    match number {
        n if n < 9.995 => format!("{n:.2}"),
        n if n < 99.95 => format!("{n:.1}"),
        n => format!("{n:.0}"),
    }
}

/// How old something is: `12 s`, `3 m 12 s`, `5 h 3 m`, `2 d 5 h`.
pub(super) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if minutes == 0 => format!("{seconds} s"),
        () if hours == 0 => format!("{minutes} m {} s", seconds % 60),
        () if days == 0 => format!("{hours} h {} m", minutes % 60),
        () => format!("{days} d {} h", hours % 24),
    }
}

/// When it was.
pub(super) fn ago(at: SystemTime) -> String {
    format!("{} ago", age(at.elapsed().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        let texts = [0, 999, 1000, 1_234_567].map(count);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn rates_are_fine_where_they_are_small() {
        let texts = [0.0, 0.2, 9.94, 9.96, 1234.5].map(rate);
        assert_eq!(texts, ["0", "0.2", "9.9", "10", "1,235"]);
    }

    #[test]
    fn bytes_have_three_digits() {
        let texts = [0.0, 999.0, 999.6, 12_345.0, 999_600.0, 1.5e9, 4e15].map(bytes);
        assert_eq!(
            texts,
            [
                "0 B", "999 B", "1.00 kB", "12.3 kB", "1.00 MB", "1.50 GB", "4000 TB"
            ]
        );
    }

    #[test]
    fn times_have_three_digits() {
        let texts = [5, 999, 1000, 12_345, 999_600, 61_000_000]
            .map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(
            texts,
            ["5 µs", "999 µs", "1.00 ms", "12.3 ms", "1.00 s", "61.0 s"]
        );
    }

    #[test]
    fn ages_have_two_units() {
        let texts = [0, 59, 60, 3_599, 3_661, 90_000].map(|s| age(Duration::from_secs(s)));
        assert_eq!(
            texts,
            ["0 s", "59 s", "1 m 0 s", "59 m 59 s", "1 h 1 m", "1 d 1 h"]
        );
    }
}
