//! The `Retry-After` header: seconds, or a date by the server's clock.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest that a server can make anybody wait: a header should not stop a program for a day.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// How long a server asks to be left alone.
///
/// A date is compared with the server's own `Date`, so the clock of this machine may be wrong.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = text(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    // A date that is over asks for nothing.
    Some(
        until
            .duration_since(now.unwrap_or_else(SystemTime::now))
            .unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(retry_after_value: &str, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Tue, 01 Jan 2013 06:00:00 GMT".parse().unwrap());
        headers.insert(RETRY_AFTER, retry_after_value.parse().unwrap());
        let expected = expected.map(Duration::from_secs);
        assert_eq!(retry_after(&headers), expected, "{retry_after_value}");
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        check("7", Some(7));
        check(" 120 ", Some(120));
        check("Tue, 01 Jan 2013 06:00:30 GMT", Some(30));
        check("Tue, 01 Jan 2013 05:00:00 GMT", Some(0));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        for nonsense in ["", "-1", "soon", "1.5", "99999999999999999999"] {
            check(nonsense, None);
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
