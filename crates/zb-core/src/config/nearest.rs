//! What somebody may have meant.

/// How alike two names must be to be taken for one another.
const ALIKE: f64 = 0.8;

/// The name that is most like `wrong`, if one is.
pub(super) fn nearest<'a>(
    wrong: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase().replace('-', "_");
    names
        .into_iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&wrong, &name.to_ascii_lowercase()),
                name,
            )
        })
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// The same as the end of a sentence.
pub(super) fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nothing_is_made_up() {
        let names = ["streams", "stamp_rows", "max_in_flight_bytes", "host"];
        assert_eq!(nearest("streems", names), Some("streams"));
        assert_eq!(nearest("Stamp-Row", names), Some("stamp_rows"));
        assert_eq!(nearest("max_inflight", names), Some("max_in_flight_bytes"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("", names), None);
    }
}
