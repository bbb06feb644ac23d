//! What a command prints, held against what the book says that it prints.
//!
//! In a line of the book `…` stands for anything, and alone on a line for any number of lines.

/// A command of a transcript, and the lines that stand under it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What is typed, without the `$ `.
    pub(crate) command: String,
    /// What is printed, as the book has it; what is printed under no lines is not looked at.
    pub(crate) printed: Vec<String>,
}

/// Reads a transcript; a command that ends with `\` goes on in the next line.
pub(crate) fn read(code: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in code.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => {
                steps.push(Step {
                    command: command.to_owned(),
                    printed: Vec::new(),
                });
                goes_on = command.ends_with('\\');
            }
            (None, Some(step)) if goes_on => {
                step.command.push('\n');
                step.command.push_str(line);
                goes_on = line.ends_with('\\');
            }
            (None, Some(step)) => step.printed.push(line.to_owned()),
            (None, None) => {}
        }
    }
    steps
}

/// Whether what was printed is what the book says.
pub(crate) fn agrees(book: &[String], printed: &[&str]) -> bool {
    match book.split_first() {
        None => printed.iter().all(|line| line.trim().is_empty()),
        Some((line, rest)) if line.trim() == "…" => {
            (0..=printed.len()).any(|skipped| agrees(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| line_agrees(line, first) && agrees(rest, others)),
    }
}

fn line_agrees(book: &str, printed: &str) -> bool {
    let (book, printed) = (book.trim_end(), printed.trim_end());
    let mut parts = book.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_commands_with_what_they_print() {
        let steps = read("$ zb send \\\n    file\n2 rows\nmore\n$ echo $?\n0\n");
        assert_eq!(
            steps,
            [
                Step {
                    command: "zb send \\\n    file".to_owned(),
                    printed: vec!["2 rows".to_owned(), "more".to_owned()],
                },
                Step {
                    command: "echo $?".to_owned(),
                    printed: vec!["0".to_owned()],
                },
            ]
        );
    }

    #[test]
    fn dots_stand_for_anything_and_all_else_for_itself() {
        let agrees = |book: &str, printed: &str| {
            let book: Vec<_> = book.lines().map(str::to_owned).collect();
            super::agrees(&book, &printed.lines().collect::<Vec<_>>())
        };
        assert!(agrees("a … rows (… s)", "a 21 rows (0.4 s)"));
        assert!(agrees("a\n…\nz", "a\nb\nc\nz\n\n"));
        assert!(agrees("a\n…", "a"));
        assert!(!agrees("a … rows", "a 21 row"));
        assert!(!agrees("a", "a b"));
        assert!(!agrees("a\nb", "a"));
        assert!(!agrees("a", "a\nb"));
        assert!(!agrees("…x…y", "yx"));
    }
}
