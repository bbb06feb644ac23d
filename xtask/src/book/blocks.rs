//! The blocks of code on a page, and which of them are run.
//!
//! A block is run, or its first line says why it is not, as rustdoc has it:
//!
//! ````text
//! ```sh,ignore (it needs a workspace)
//! ````

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use super::page::Page;

/// What a block is written in, if it can be run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Commands for a shell; what they print is of no interest.
    Shell,
    /// Commands after `$ `, and under each what it prints.
    Console,
    /// A program in Python.
    Python,
}

/// A block that is run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it is written in.
    pub(crate) language: Language,
    /// The line of the page on which its first line of code is, from 1.
    pub(crate) line: usize,
    /// The code.
    pub(crate) code: String,
}

/// The blocks of a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks {
    /// Those that are run, in their order.
    pub(crate) runnable: Vec<Block>,
    /// What is wrong with the others, each with its place.
    pub(crate) faults: Vec<String>,
}

/// Languages of which nothing can be run, or, of Rust, not here.
const NOT_RUN: [&str; 7] = ["json", "rust", "sql", "text", "toml", "xml", "yaml"];

/// Finds the blocks of a page.
pub(crate) fn of(page: &Page) -> Blocks {
    let mut blocks = Blocks::default();
    let mut open = None;
    for (event, range) in page.events() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => blocks.faults.push(format!(
                "{}: a block by indentation alone, which rustdoc takes for Rust; fence it",
                page.place(range.start)
            )),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => match read(&info) {
                Ok(language) => {
                    open = language.map(|language| Block {
                        language,
                        line: page.line(range.start) + 1,
                        code: String::new(),
                    });
                }
                Err(fault) => blocks
                    .faults
                    .push(format!("{}: {fault}", page.place(range.start))),
            },
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.code.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.runnable.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// Whether there is Rust on the page, which rustdoc compiles.
pub(crate) fn has_rust(page: &Page) -> bool {
    page.events().any(|(event, _)| {
        matches!(event, Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
            if info.split([',', ' ']).next() == Some("rust"))
    })
}

/// What the first line of a block says: what it is run with, if it is.
fn read(info: &str) -> Result<Option<Language>, String> {
    let (words, reason) = match info.split_once('(') {
        Some((words, rest)) => (words, rest.strip_suffix(')').map(str::trim)),
        None => (info, None),
    };
    let mut words = words.split([',', ' ']).filter(|word| !word.is_empty());
    let name = words.next().unwrap_or_default();
    let marks: Vec<_> = words.collect();
    if marks.contains(&"ignore") {
        return match reason {
            Some(reason) if !reason.is_empty() => Ok(None),
            _ => Err("say why it is not run: `ignore (the reason)`".to_owned()),
        };
    }
    let language = match name {
        "sh" => Language::Shell,
        "console" => Language::Console,
        "python" => Language::Python,
        other if NOT_RUN.contains(&other) => return Ok(None),
        "" => return Err("a block without a language; `text` is one".to_owned()),
        other => return Err(format!("nobody knows how to run `{other}`")),
    };
    match marks.as_slice() {
        [] => Ok(Some(language)),
        [mark, ..] => Err(format!("`{mark}` says nothing here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &str) -> Blocks {
        of(&Page {
            name: "page.md".to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn blocks_are_found_with_their_lines_and_in_their_order() {
        let found = blocks(
            "# A\n\n```sh\nzb --help\n```\n\nText.\n\n- a list\n\n  ```python\n  print(1)\n\n  print(2)\n  ```\n",
        );
        assert_eq!(found.faults, Vec::<String>::new());
        let seen: Vec<_> = found
            .runnable
            .iter()
            .map(|block| (block.language, block.line, block.code.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (Language::Shell, 4, "zb --help\n"),
                (Language::Python, 12, "print(1)\n\nprint(2)\n"),
            ]
        );
    }

    #[test]
    fn a_block_that_is_not_run_says_why() {
        assert_eq!(
            blocks("```sh,ignore (it needs a workspace)\nzb\n```\n"),
            Blocks::default()
        );
        for silent in [
            "```sh,ignore\nzb\n```\n",
            "```python ignore ()\nx\n```\n",
            "```rust,ignore\nx\n```\n",
        ] {
            let found = blocks(silent);
            assert_eq!(
                found.faults,
                ["docs/page.md:1: say why it is not run: `ignore (the reason)`"],
                "{silent}"
            );
            assert!(found.runnable.is_empty());
        }
    }

    #[test]
    fn what_nobody_would_run_is_a_fault_with_its_line() {
        for (text, fault) in [
            ("\n```\nx\n```\n", "docs/page.md:2: a block without"),
            (
                "```bash\nx\n```\n",
                "docs/page.md:1: nobody knows how to run `bash`",
            ),
            (
                "```sh,slow\nx\n```\n",
                "docs/page.md:1: `slow` says nothing",
            ),
            (
                "A\n\n    indented\n",
                "docs/page.md:3: a block by indentation",
            ),
        ] {
            let found = blocks(text);
            assert_eq!(found.runnable, []);
            assert!(
                found.faults.len() == 1 && found.faults[0].starts_with(fault),
                "{text}: {:?}",
                found.faults
            );
        }
        assert_eq!(
            blocks("```json\n{}\n```\n\n```rust,no_run\nx\n```\n"),
            Blocks::default()
        );
    }

    #[test]
    fn rust_is_seen() {
        let page = |text: &str| Page {
            name: String::new(),
            text: text.to_owned(),
        };
        assert!(has_rust(&page("```rust,no_run\nx\n```\n")));
        assert!(!has_rust(&page("```text\nrust\n```\n")));
    }
}
