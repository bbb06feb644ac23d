//! The canonical text of a UUID (RFC 9562, section 4), for the extension type `arrow.uuid`.

const TEXT_LEN: usize = 36;
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The text of 16 bytes, lower case.
pub(crate) fn text(bytes: &[u8]) -> [u8; TEXT_LEN] {
    let mut out = [b'-'; TEXT_LEN];
    for (&byte, at) in bytes.iter().zip(positions()) {
        out[at] = HEX[usize::from(byte >> 4)];
        out[at + 1] = HEX[usize::from(byte & 15)];
    }
    out
}

/// The 16 bytes of a text in canonical form, upper or lower case.
pub(crate) fn parse(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; TEXT_LEN] = text.as_bytes().try_into().ok()?;
    let dashes = [8, 13, 18, 23].iter().all(|&at| text[at] == b'-');
    let digit = |b: u8| char::from(b).to_digit(16);
    let mut out = [0; 16];
    for (byte, at) in out.iter_mut().zip(positions()) {
        *byte = (digit(text[at])? << 4 | digit(text[at + 1])?) as u8;
    }
    dashes.then_some(out)
}

/// Where the two digits of each byte stand.
fn positions() -> impl Iterator<Item = usize> {
    (0..16).map(|i: usize| 2 * i + [4, 6, 8, 10].iter().filter(|&&dash| i >= dash).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_each_others_inverse() {
        let canonical = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"; // the RFC's own example
        let bytes = parse(canonical).unwrap();
        assert_eq!(bytes[..3], [0xf8, 0x1d, 0x4f]);
        assert_eq!(std::str::from_utf8(&text(&bytes)), Ok(canonical));
        assert_eq!(parse(&canonical.to_uppercase()), Some(bytes));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in [
            "",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
            "f81d4fae+7dec-11d0-a765-00a0c91e6bf6",
            "{f81d4fae-7dec-11d0-a765-00a0c91e6b}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
