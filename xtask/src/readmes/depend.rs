//! How to depend on a crate: a section of its README, made of its manifest.

use std::collections::BTreeMap;

use crate::members::Member;

/// The section, for a page with this text. Until a registry has the crate, it is named by its path.
pub(super) fn section(member: &Member, text: &str) -> String {
    let name = &member.name;
    let mut lines = BTreeMap::from([(name.clone(), copy_of(name))]);
    lines.extend(used(member, text));
    let others = if lines.len() > 1 {
        "The other lines are for the examples of this page. "
    } else {
        ""
    };
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name} = {value}\n"));
    let lines = lines.collect::<String>();
    let minor = member.version.rsplit_once('.');
    let version = minor.map_or(member.version.as_str(), |(minor, _)| minor);
    let rust = &member.rust_version;
    // The first by its name; what stands behind it is there to be measured.
    let example = member.examples.iter().min();
    let whole = example.map_or_else(String::new, |example| {
        format!(
            "\n`examples/{example}.rs` is a whole program: in the repository, \
             `cargo run -p {name} --example {example}` runs it.\n"
        )
    });
    format!(
        "## Depend on it\n\n\
         The crate is not on crates.io yet. Name the one of a copy of the repository, here of `../zb`:\n\n\
         ```toml\n[dependencies]\n{lines}```\n\n\
         {others}Once the crate is published, `{name} = \"{version}\"` will do. \
         It needs Rust {rust} (`rust-version`).\n{whole}"
    )
}

/// A crate of ours, beside the directory of whoever depends on it.
fn copy_of(name: &str) -> String {
    format!("{{ path = \"../zb/crates/{name}\" }}")
}

/// What the examples of a page need besides the crate itself, each with its version.
fn used(member: &Member, text: &str) -> BTreeMap<String, String> {
    let code: String = text
        .split("```")
        .skip(1)
        .step_by(2)
        .filter(|block| block.starts_with("rust\n"))
        .collect();
    let needs = member.needs.iter();
    let named = needs.filter(|need| {
        let path = format!("{}::", need.name.replace('-', "_"));
        need.name != member.name && code.contains(&path)
    });
    named
        .map(|need| {
            let version = need.version.trim_start_matches('^');
            let value = match need.name.as_str() {
                "tokio" => {
                    let runtime = if code.contains("current_thread") {
                        "rt"
                    } else {
                        "rt-multi-thread"
                    };
                    format!("{{ version = \"{version}\", features = [\"macros\", \"{runtime}\"] }}")
                }
                ours if need.is_ours => copy_of(ours),
                _ => format!("\"{version}\""),
            };
            (need.name.clone(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::members;

    fn member(name: &str) -> Member {
        let mut all = members().unwrap();
        let at = all.iter().position(|member| member.name == name).unwrap();
        all.swap_remove(at)
    }

    #[test]
    fn the_examples_are_told_what_they_need() {
        let text =
            "```rust\nuse arrow_array::X;\nuse std::sync::Arc;\n#[tokio::main]\n```\nprost::\n";
        let names = |text| {
            used(&member("zb-core"), text)
                .into_keys()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(text), ["arrow-array", "tokio"]);
        assert_eq!(used(&member("zb-types"), text), BTreeMap::new());
        let tokio = &used(&member("zb-core"), text)["tokio"];
        assert!(
            tokio.ends_with("features = [\"macros\", \"rt-multi-thread\"] }"),
            "{tokio}"
        );
    }

    #[test]
    fn a_section_says_what_the_manifest_does() {
        let mut member = member("zb-types");
        member.version = "3.4.5".to_owned();
        member.rust_version = "1.99".to_owned();
        let said = section(&member, "");
        for part in [
            "\nzb-types = { path = \"../zb/crates/zb-types\" }\n",
            "`zb-types = \"3.4\"`",
            "Rust 1.99",
            "`examples/names.rs`",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
