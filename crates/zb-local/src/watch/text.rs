//! Texts of a length that is known beforehand, whatever they are made from.

use std::fmt::{self, Display, Write};

/// What is written, up to so many characters and a `…`. What comes after is not even formatted.
pub(super) fn shortened(what: &dyn Display, most: usize) -> String {
    let mut text = Shortened {
        text: String::new(),
        left: most,
    };
    // An error is the writer's own, to have it end.
    let _ = write!(text, "{what}");
    text.text
}

struct Shortened {
    text: String,
    left: usize,
}

impl Write for Shortened {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let mut characters = more.char_indices();
        // The number of characters that fit, and where the first one begins that does not.
        match characters.nth(self.left) {
            None => {
                self.left -= more.chars().count();
                self.text.push_str(more);
                Ok(())
            }
            Some((end, _)) => {
                self.left = 0;
                self.text.push_str(&more[..end]);
                self.text.push('…');
                Err(fmt::Error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_between_characters() {
        assert_eq!(shortened(&"", 0), "");
        assert_eq!(shortened(&"äöü", 3), "äöü");
        assert_eq!(shortened(&"äöüß", 3), "äöü…");
        assert_eq!(shortened(&format_args!("{}{}", "ab", "cd"), 3), "abc…");
        assert_eq!(shortened(&format_args!("{}{}", "ab", "cd"), 2), "ab…");
        assert_eq!(shortened(&"x".repeat(1 << 20), 5), "xxxxx…");
    }
}
