//! Text for a terminal, which takes some characters for orders.

use std::borrow::Cow;

/// The text with every character in its escaped form that a terminal would obey or hide behind: what a
/// server, a file or a row says is shown, and does nothing. Line feeds and tabs stay.
pub(crate) fn legible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_order) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_order(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Controls, and those that turn the direction of what follows.
fn is_order(character: char) -> bool {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (character.is_control() && !matches!(character, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        let plain = "täble\t1\nrow 2: 日本";
        assert!(matches!(legible(plain), Cow::Borrowed(same) if same == plain));
        assert_eq!(
            legible("\u{1b}]0;title\u{7}\r\u{9b}2Jok\u{202e}"),
            "\\u{1b}]0;title\\u{7}\\u{d}\\u{9b}2Jok\\u{202e}"
        );
    }
}
