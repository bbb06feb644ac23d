//! Which tables there are below a directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zb_types::TableName;

use super::delta::Delta;

/// The tables in `DIR/catalog/schema/table`, in order. What is not named like one is not one.
pub(crate) fn tables(dir: &Path) -> io::Result<Vec<TableName>> {
    let mut found = Vec::new();
    for catalog in below(dir)? {
        for schema in below(&catalog)? {
            for table in below(&schema)? {
                let parts = [&catalog, &schema, &table].map(|path| path.file_name());
                let parts: Option<Vec<_>> = parts.into_iter().map(|name| name?.to_str()).collect();
                let name = parts.and_then(|parts| parts.join(".").parse().ok());
                found.extend(name.filter(|_| Delta::exists(&table)));
            }
        }
    }
    found.sort_by(|a: &TableName, b| a.as_str().cmp(b.as_str()));
    Ok(found)
}

fn below(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut directories = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            directories.push(path);
        }
    }
    Ok(directories)
}
