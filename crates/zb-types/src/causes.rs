//! An error and its causes on one line.

use std::error::Error;

/// `message` and, behind it, those causes of `error` that the text does not already say: some errors
/// repeat what caused them.
pub fn with_causes(message: &str, error: &dyn Error) -> String {
    let mut text = message.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let [text, rest @ ..] = texts else {
            unreachable!("an error says something")
        };
        let source = (!rest.is_empty()).then(|| Box::new(layers(rest)));
        Layer { text, source }
    }

    #[test]
    fn every_cause_is_said_once() {
        let error = layers(&["it failed: no route", "no route", "the cable is out"]);
        let text = with_causes(&error.to_string(), &error);
        assert_eq!(text, "it failed: no route: the cable is out");
        assert_eq!(with_causes("alone", &layers(&["x"])), "alone");
    }
}
