//! The part of a file's name that stands for a table.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The longest stem that is spelt out. File systems take names of 255 bytes, and the time, the
/// process and the ending need 44 of them.
const MAX_SPELT: usize = 180;

/// How much of a longer one is kept, for people to read, before its digest.
const KEPT: usize = 100;

/// Stands before a digest, and in no other place.
const DIGEST_MARK: char = '~';

/// The stem for a name. Two names never have the same one.
///
/// Letters, digits, `_`, `-` and `.` stand for themselves, but for a dot or a hyphen at the beginning;
/// every other byte is `%` and two hexadecimal digits. So a stem is never hidden, never an option
/// and never a path, whatever the name is. A long one is cut and its SHA-256 put behind.
pub(crate) fn of(name: &str) -> String {
    let spelt = spell(name);
    if spelt.len() <= MAX_SPELT {
        return spelt;
    }
    let mut stem = spelt[..KEPT].to_owned();
    stem.push(DIGEST_MARK);
    for byte in Sha256::digest(name.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(stem, "{byte:02x}");
    }
    stem
}

/// The name that a stem stands for; none if the stem has a digest, or is not one that [`of`] makes.
pub(crate) fn name(stem: &str) -> Option<String> {
    let bytes = stem.as_bytes();
    let mut name = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digits = stem.get(at + 1..at + 3)?;
            name.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            name.push(byte);
            at += 1;
        }
    }
    let name = String::from_utf8(name).ok()?;
    // What is spelt in another way than ours is not ours.
    (of(&name) == stem).then_some(name)
}

/// Whether it is a stem that [`of`] may have made.
pub(crate) fn is_stem(stem: &str) -> bool {
    if let Some((kept, digest)) = stem.split_once(DIGEST_MARK) {
        let is_lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        return kept.len() == KEPT
            && kept.bytes().all(|b| is_plain(b) || b == b'%')
            && digest.len() == 64
            && digest.bytes().all(is_lower_hex);
    }
    name(stem).is_some()
}

fn spell(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        let leads = at == 0 && (byte == b'.' || byte == b'-');
        if is_plain(byte) && !leads {
            spelt.push(char::from(byte));
        } else {
            let _ = write!(spelt, "%{byte:02X}");
        }
    }
    spelt
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    /// Names as no table has them, and some that differ in little.
    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-b.%~-]{1,8}",
            "[A-Za-z0-9_.-]{150,300}",
            "\\PC{60,120}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_stem_is_one_plain_component_of_a_path(name in names()) {
            let file = format!("{}-x", of(&name));
            let components: Vec<_> = Path::new(&file).components().collect();
            prop_assert_eq!(components, [Component::Normal(file.as_ref())]);
            prop_assert!(file.len() <= MAX_SPELT + 2);
            prop_assert!(!of(&name).starts_with(['.', '-']));
            prop_assert!(file.bytes().all(|b| b.is_ascii_graphic()));
        }

        #[test]
        fn a_stem_leads_back_to_its_name(a in names()) {
            let stem = of(&a);
            prop_assert!(is_stem(&stem));
            if stem.contains(DIGEST_MARK) {
                prop_assert_eq!(name(&stem), None);
            } else {
                prop_assert_eq!(name(&stem), Some(a));
            }
        }

        #[test]
        fn two_names_have_two_stems(a in names(), b in names()) {
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }

        #[test]
        fn what_reads_as_a_stem_is_spelt_as_one(text in "[ab%.0-9A-Fa-f~-]{0,12}") {
            if let Some(name) = name(&text) {
                prop_assert_eq!(of(&name), text);
            }
        }
    }

    #[test]
    fn long_names_that_differ_at_the_end_have_two_stems() {
        let part = "x".repeat(255);
        let (a, b) = (format!("{part}.{part}.a"), format!("{part}.{part}.b"));
        assert_ne!(of(&a), of(&b));
        assert_eq!(of(&a).len(), KEPT + 1 + 64);
    }
}
