//! The pages of the book: what `SUMMARY.md` names.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::run::root;

/// The directory of the book, below the root.
const DOCS: &str = "docs";

/// A page.
pub(crate) struct Page {
    /// Its path below `docs/`.
    pub(crate) name: String,
    /// What is in it, as Markdown.
    pub(crate) text: String,
}

impl Page {
    /// A place in the page for people: the file and the line.
    pub(crate) fn place(&self, offset: usize) -> String {
        format!("{DOCS}/{}:{}", self.name, self.line(offset))
    }

    /// The line of a place in the text, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// The page as mdBook and rustdoc read it.
    pub(crate) fn events(&self) -> impl Iterator<Item = (Event<'_>, std::ops::Range<usize>)> {
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
        Parser::new_ext(&self.text, options).into_offset_iter()
    }
}

/// Every page of the book, in its order. A file that the summary does not name is an error: nobody
/// would find it.
pub(crate) fn all() -> Result<Vec<Page>> {
    let docs = root().join(DOCS);
    let summary = read(&docs, "SUMMARY.md")?;
    let pages = named(&summary)
        .into_iter()
        .map(|name| read(&docs, &name))
        .collect::<Result<Vec<_>>>()?;

    let named: BTreeSet<_> = pages.iter().map(|page| page.name.clone()).collect();
    let mut there = BTreeSet::new();
    files(&docs, &docs, &mut there)?;
    there.remove("SUMMARY.md");
    let lost: Vec<_> = there.difference(&named).cloned().collect();
    if !lost.is_empty() {
        bail!("docs/SUMMARY.md does not name {}", lost.join(", "));
    }
    Ok(pages)
}

/// A page outside of the book, by its path below the root.
pub(crate) fn outside(name: &str) -> Result<Page> {
    let text =
        fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"))?;
    Ok(Page {
        name: name.to_owned(),
        text,
    })
}

fn named(summary: &Page) -> Vec<String> {
    summary
        .events()
        .filter_map(|(event, _)| match event {
            Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.to_string()),
            _ => None,
        })
        .collect()
}

fn read(docs: &Path, name: &str) -> Result<Page> {
    let text = fs::read_to_string(docs.join(name))
        .with_context(|| format!("cannot read {DOCS}/{name}"))?;
    Ok(Page {
        name: name.to_owned(),
        text,
    })
}

/// The Markdown files below a directory.
fn files(docs: &Path, directory: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            files(docs, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "md")
            && let Ok(name) = path.strip_prefix(docs)
        {
            found.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
