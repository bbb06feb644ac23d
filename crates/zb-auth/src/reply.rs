//! What a server said when it refused, cut down to what may be repeated.

use std::fmt;

use zb_types::{ExposeSecret, Secret};

const MAX_CODE: usize = 64;
const MAX_DESCRIPTION: usize = 200;
/// JWTs and Basic credentials are longer than this, words and names are not.
const MAX_WORD: usize = 80;

/// What a server said when it refused: never its raw answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    code: Option<String>,
    description: Option<String>,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            code: None,
            description: None,
        }
    }

    /// Adds the OAuth error, without `secret`, and shortened.
    pub(crate) fn saying(mut self, code: &str, description: Option<&str>, secret: &Secret) -> Self {
        self.code = Some(redact(code, secret, MAX_CODE));
        self.description = description.map(|text| redact(text, secret, MAX_DESCRIPTION));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The OAuth error code, such as `invalid_client`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The OAuth error description, at most 200 characters of it.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        if let Some(description) = &self.description {
            write!(f, ": {description}")?;
        }
        Ok(())
    }
}

fn redact(text: &str, secret: &Secret, max: usize) -> String {
    let secret = secret.expose_secret();
    let masked = if secret.is_empty() {
        text.to_owned()
    } else {
        text.replace(secret, "***")
    };
    let plain = masked.replace(char::is_control, " ");
    let words = plain.split_whitespace().map(|word| {
        if word.chars().count() > MAX_WORD {
            "***"
        } else {
            word
        }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(max) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(redact(text, &Secret::from("hunter2"), 20), expected);
    }

    #[test]
    fn text_of_a_server_is_cut_down() {
        check("plain", "plain");
        check("two\r\nlines\u{1b}[31m", "two lines [31m");
        check("is hunter2 wrong?", "is *** wrong?");
        check("an-ünbroken-line-over-the-limit", "an-ünbroken-line-ove...");
        check(&format!("jwt {} end", "x".repeat(81)), "jwt *** end");
    }

    #[test]
    fn an_empty_secret_masks_nothing() {
        assert_eq!(redact("abc", &Secret::from(""), 20), "abc");
    }
}
