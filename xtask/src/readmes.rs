//! `cargo xtask readmes`: the README of each crate, which is the front page of its documentation.
//!
//! Registries show a README, and the compiler looks at the examples of the page: so one is made of the
//! other, and a test sees that it is as it would be made. What the manifest says, such as how to depend on
//! the crate, is added.

mod depend;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    members::{Member, members},
    run,
};

/// Writes those of all libraries. That of a program is written by hand.
pub(crate) fn run() -> Result<()> {
    for member in members()?.iter().filter(|member| !member.is_program) {
        let path = path(member);
        fs::write(&path, readme(member)?).with_context(|| path.display().to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

fn path(member: &Member) -> PathBuf {
    run::root()
        .join("crates")
        .join(&member.name)
        .join("README.md")
}

fn readme(member: &Member) -> Result<String> {
    let source = run::root()
        .join("crates")
        .join(&member.name)
        .join("src/lib.rs");
    let source = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
    let page: Vec<_> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let text = markdown(&page.join("\n"));
    // Behind the first example, and before all that is to be read at leisure.
    let (first, rest) = text.split_at(text.find("\n## ").map_or(text.len(), |at| at + 1));
    let depend = depend::section(member, &text);
    Ok(format!("# {}\n\n{first}{depend}\n{rest}", member.name))
}

/// Without what only rustdoc understands: lines of code that it hides, and links to items.
fn markdown(page: &str) -> String {
    let mut text = String::new();
    // Every second part is code.
    for (number, part) in page.split("```").enumerate() {
        if number % 2 == 0 {
            text.push_str(&prose(part));
            continue;
        }
        let (language, code) = part.split_once('\n').unwrap_or((part, ""));
        let language = match language {
            "" | "no_run" | "ignore" | "should_panic" => "rust",
            other => other,
        };
        text.push_str("```");
        text.push_str(language);
        text.push('\n');
        match language {
            "rust" => text.push_str(&program(code)),
            _ => text.push_str(code),
        }
        text.push_str("```");
    }
    format!("{}\n", text.trim_end())
}

/// The code with the lines that rustdoc hides, so that it is a program when it is copied. What stands
/// between two of them is within braces that they open and close.
fn program(code: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    for line in code.lines() {
        let hidden = if line == "#" {
            Some("")
        } else {
            line.strip_prefix("# ")
        };
        if hidden.is_some_and(|hidden| hidden.starts_with('}')) {
            depth = depth.saturating_sub(1);
        }
        let shown = hidden.unwrap_or(line);
        if !shown.is_empty() {
            text.push_str(&"    ".repeat(depth));
            text.push_str(shown);
        }
        text.push('\n');
        if hidden.is_some_and(|hidden| hidden.ends_with('{')) {
            depth += 1;
        }
    }
    text
}

/// Headings a level lower, and links to items without the link.
fn prose(part: &str) -> String {
    let lines = part.lines().map(|line| {
        let lower = if line.starts_with('#') { "#" } else { "" };
        format!("{lower}{line}")
    });
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if part.ends_with('\n') {
        text.push('\n');
    }
    let mut shown = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('[') {
        shown.push_str(before);
        let Some((label, after)) = after.split_once(']') else {
            shown.push('[');
            rest = after;
            continue;
        };
        let target = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'));
        match target {
            Some((target, after)) if !target.starts_with("http") => {
                shown.push_str(label);
                rest = after;
            }
            None if label.starts_with('`') => {
                shown.push_str(label);
                rest = after;
            }
            _ => {
                shown.push('[');
                shown.push_str(label);
                shown.push(']');
                rest = after;
            }
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_rustdoc_understands_is_left_out() {
        let page = "A [`Thing`] or [another](Other::one), of [this].\n\n\
                    ```no_run\n#[derive(Debug)]\nstruct A;\n#\n# fn main() {\nif x {\n    y();\n}\n\nz();\n# }\n```\n\n\
                    # More\n\n| [`a`](A) | x |\n\n[this]: https://x.y/\n";
        assert_eq!(
            markdown(page),
            "A `Thing` or another, of [this].\n\n\
             ```rust\n#[derive(Debug)]\nstruct A;\n\nfn main() {\n    if x {\n        y();\n    }\n\n    z();\n}\n```\n\n\
             ## More\n\n| `a` | x |\n\n[this]: https://x.y/\n"
        );
    }

    /// Who copies it has nothing else.
    #[test]
    fn every_example_of_a_readme_is_a_whole_program() {
        for member in members()
            .unwrap()
            .iter()
            .filter(|member| !member.is_program)
        {
            let text = readme(member).unwrap();
            let examples: Vec<_> = text.split("```rust\n").skip(1).collect();
            assert!(!examples.is_empty(), "{}", member.name);
            for example in examples {
                let code = example.split("```").next().unwrap_or_default();
                assert!(code.contains("fn main()"), "{}:\n{code}", member.name);
            }
        }
    }

    /// Pages that are written by hand say which Rust it is, too.
    #[test]
    fn the_rust_that_is_needed_is_named_where_it_is_looked_for() {
        let needed = format!("Rust {}", members().unwrap()[0].rust_version);
        for page in [
            "README.md",
            "crates/zb-cli/README.md",
            "docs/start.md",
            "docs/guides/rust.md",
        ] {
            let text = fs::read_to_string(run::root().join(page)).unwrap();
            assert!(text.contains(&needed), "{page} does not name {needed}");
        }
    }

    #[test]
    fn every_readme_is_what_its_page_says() {
        for member in members()
            .unwrap()
            .iter()
            .filter(|member| !member.is_program)
        {
            let found = fs::read_to_string(path(member)).unwrap_or_default();
            let expected = readme(member).unwrap();
            assert!(
                found == expected,
                "{}: run `cargo xtask readmes`",
                member.name
            );
        }
    }
}
