//! Whether the links of the built book lead somewhere, without a network.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, Result};
use pulldown_cmark::{Event, Tag};

use super::page::Page;

/// Looks at each link that stays in the book: its file must be there, and in it the place that stands
/// behind the `#`. Gives those that are broken, as pages have them.
pub(crate) fn broken(pages: &[Page], built: &Path) -> Result<Vec<String>> {
    let mut seen: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for page in pages {
        let file = PathBuf::from(html(&page.name));
        let links: Vec<_> = links(read(built, &file, &mut seen)?)
            .into_iter()
            .map(str::to_owned)
            .collect();
        for link in links {
            if let Some(problem) = problem(built, &file, &link, &mut seen)? {
                let place = page
                    .text
                    .find(&format!("]({}", markdown(&link)))
                    .map_or_else(
                        || format!("docs/{}", page.name),
                        |offset| page.place(offset),
                    );
                faults.push(format!("{place}: {link}: {problem}"));
            }
        }
    }
    Ok(faults)
}

/// Looks at each link of a page outside of the book that leads to a file of the repository. Gives those
/// whose file is not there.
pub(crate) fn broken_outside(page: &Page, root: &Path) -> Vec<String> {
    let directory = root.join(&page.name);
    let directory = directory.parent().unwrap_or(root);
    page.events()
        .filter_map(|(event, range)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some((dest_url, range.start))
            }
            _ => None,
        })
        .filter(|(link, _)| !leads_away(link))
        .filter_map(|(link, offset)| {
            let path = link.split_once('#').map_or(&*link, |(path, _)| path);
            let there = path.is_empty() || directory.join(path).exists();
            let line = page.line(offset);
            (!there).then(|| format!("{}:{line}: {link}: there is no such file", page.name))
        })
        .collect()
}

/// Whether a link leads to another site.
fn leads_away(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:")
}

/// The file that a page becomes.
fn html(name: &str) -> String {
    let stem = name.trim_end_matches(".md");
    match stem.strip_suffix("README") {
        Some(directory) => format!("{directory}index.html"),
        None => format!("{stem}.html"),
    }
}

/// A link as it stood in the page.
fn markdown(link: &str) -> String {
    link.replace(".html", ".md")
}

/// What is wrong with a link, if it is one into the book.
fn problem(
    built: &Path,
    from: &Path,
    link: &str,
    seen: &mut BTreeMap<PathBuf, String>,
) -> Result<Option<&'static str>> {
    if leads_away(link) {
        return Ok(None);
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        from.to_path_buf()
    } else {
        let directory = from.parent().unwrap_or(Path::new(""));
        match inside(&directory.join(path)) {
            Some(target) => target,
            None => return Ok(Some("it leads out of the book")),
        }
    };
    if !built.join(&target).is_file() {
        return Ok(Some("there is no such file"));
    }
    let is_page = target
        .extension()
        .is_some_and(|extension| extension == "html");
    if is_page && !anchor.is_empty() {
        let there = read(built, &target, seen)?.contains(&format!("id=\"{anchor}\""));
        return Ok((!there).then_some("there is no such place in it"));
    }
    Ok(None)
}

/// A path without `..`, unless it leads out of where it begins.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir if clean.pop() => {}
            _ => return None,
        }
    }
    Some(clean)
}

fn read<'a>(built: &Path, file: &Path, seen: &'a mut BTreeMap<PathBuf, String>) -> Result<&'a str> {
    if !seen.contains_key(file) {
        let text = fs::read_to_string(built.join(file))
            .with_context(|| format!("mdbook made no {}", file.display()))?;
        seen.insert(file.to_path_buf(), text);
    }
    Ok(seen.get(file).map_or("", String::as_str))
}

/// What is linked to in a page as mdBook writes it.
fn links(html: &str) -> Vec<&str> {
    // The text of the page alone: what is around it is mdBook's affair.
    let text = html.split_once("<main>").map_or(html, |(_, text)| text);
    let text = text.split_once("</main>").map_or(text, |(text, _)| text);
    ["href=\"", "src=\""]
        .iter()
        .flat_map(|attribute| text.split(attribute).skip(1))
        .filter_map(|rest| rest.split_once('"').map(|(link, _)| link))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let built = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = built.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("index.html", "<main><h2 id=\"rows\">Rows</h2></main>");
        write("data.json", "{}");
        write(
            "guides/a.html",
            "<a href=\"nowhere.html\">menu</a><main id><main>\
             <a href=\"../index.html#rows\"></a><a href=\"#here\"></a><i id=\"here\"></i>\
             <a href=\"../data.json\"></a><a href=\"https://x.y/z\"></a>\
             <a href=\"../index.html#columns\"></a><a href=\"../../README.html\"></a>\
             <img src=\"b.png\"></main>",
        );
        let page = |name: &str, text: &str| Page {
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let pages = [
            page("README.md", ""),
            page("guides/a.md", "\nSee [x](../index.md#columns).\n"),
        ];
        assert_eq!(
            broken(&pages, built.path()).unwrap(),
            [
                "docs/guides/a.md:2: ../index.html#columns: there is no such place in it",
                "docs/guides/a.md: ../../README.html: it leads out of the book",
                "docs/guides/a.md: b.png: there is no such file",
            ]
        );
    }

    #[test]
    fn a_link_of_a_page_outside_that_leads_nowhere_is_found() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        fs::write(root.path().join("there.md"), "").unwrap();
        let page = Page {
            name: "a/README.md".to_owned(),
            text: "[a](../there.md#x) [b](#y) [c](https://x.y)\n\n[d](there.md)\n".to_owned(),
        };
        assert_eq!(
            broken_outside(&page, root.path()),
            ["a/README.md:3: there.md: there is no such file"]
        );
    }
}
