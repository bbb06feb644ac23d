//! Three-part table names, checked once and safe in URLs, headers and paths ever after.

use std::{fmt, str::FromStr};

/// The longest a part may be: Unity Catalog's limit for the name of an object.
const MAX_PART_LEN: usize = 255;

/// A Unity Catalog table as `catalog.schema.table`.
///
/// Each part is one or more ASCII letters, digits, underscores or hyphens. That is what Zerobus
/// takes without quoting, and it makes a name safe as a header value and as a path below a
/// directory: it has no slash, no dot inside a part, no control character.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    full: String,
    catalog_end: usize,
    schema_end: usize,
}

impl TableName {
    /// Parses `catalog.schema.table`.
    ///
    /// # Errors
    ///
    /// A [`TableNameError`] that says which part is wrong and why.
    pub fn new(name: impl Into<String>) -> Result<Self, TableNameError> {
        let full = name.into();
        let error = |kind| TableNameError {
            name: full.clone(),
            kind,
        };
        let parts: Vec<&str> = full.split('.').collect();
        let [catalog, schema, table] = parts[..] else {
            return Err(error(TableNameErrorKind::NotThreeParts {
                found: parts.len(),
            }));
        };
        for part in [catalog, schema, table] {
            if part.is_empty() {
                return Err(error(TableNameErrorKind::EmptyPart));
            }
            if part.len() > MAX_PART_LEN {
                return Err(error(TableNameErrorKind::PartTooLong { len: part.len() }));
            }
            if let Some(found) = part.chars().find(|&c| !is_name_char(c)) {
                return Err(error(TableNameErrorKind::BadCharacter { found }));
            }
        }
        let catalog_end = catalog.len();
        let schema_end = catalog_end + 1 + schema.len();
        Ok(Self {
            full,
            catalog_end,
            schema_end,
        })
    }

    /// The whole name, `catalog.schema.table`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The first part.
    pub fn catalog(&self) -> &str {
        &self.full[..self.catalog_end]
    }

    /// The second part, alone.
    pub fn schema(&self) -> &str {
        &self.full[self.catalog_end + 1..self.schema_end]
    }

    /// The third part, alone.
    pub fn table(&self) -> &str {
        &self.full[self.schema_end + 1..]
    }

    /// `catalog.schema`, as a grant on the schema names it.
    pub fn catalog_and_schema(&self) -> &str {
        &self.full[..self.schema_end]
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

impl fmt::Debug for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.full, f)
    }
}

impl FromStr for TableName {
    type Err = TableNameError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::new(s)
    }
}

impl AsRef<str> for TableName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// A string that is not a table name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a table name: {kind}; write it as catalog.schema.table")]
pub struct TableNameError {
    name: String,
    kind: TableNameErrorKind,
}

impl TableNameError {
    /// What is wrong with the name.
    pub fn kind(&self) -> &TableNameErrorKind {
        &self.kind
    }

    /// The string that was refused.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What is wrong with a table name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableNameErrorKind {
    /// It has not exactly two dots.
    #[error("it has {found} part(s), not three")]
    NotThreeParts {
        /// How many parts it has.
        found: usize,
    },
    /// A part is empty.
    #[error("a part of it is empty")]
    EmptyPart,
    /// A part is over 255 characters.
    #[error("a part of it has {len} characters, over the limit of {MAX_PART_LEN}")]
    PartTooLong {
        /// How many characters the part has.
        len: usize,
    },
    /// A character other than an ASCII letter, digit, underscore or hyphen.
    #[error("{found:?} is not an ASCII letter, digit, underscore or hyphen")]
    BadCharacter {
        /// The first such character.
        found: char,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_again() {
        let name = TableName::new("main.nyc.flights_2013").unwrap();
        assert_eq!(
            (name.catalog(), name.schema(), name.table()),
            ("main", "nyc", "flights_2013")
        );
        assert_eq!(name.catalog_and_schema(), "main.nyc");
        assert_eq!(name.to_string(), "main.nyc.flights_2013");
    }

    #[test]
    fn what_is_not_a_name_says_why() {
        let kind = |s: &str| TableName::new(s).unwrap_err().kind().clone();
        assert_eq!(
            kind("flights"),
            TableNameErrorKind::NotThreeParts { found: 1 }
        );
        assert_eq!(kind("a..b"), TableNameErrorKind::EmptyPart);
        assert_eq!(
            kind("a.b.c/d"),
            TableNameErrorKind::BadCharacter { found: '/' }
        );
        assert_eq!(
            kind("a.../x.c"),
            TableNameErrorKind::NotThreeParts { found: 5 }
        );
        assert_eq!(
            kind("a.b.täble"),
            TableNameErrorKind::BadCharacter { found: 'ä' }
        );
        assert_eq!(
            kind(&format!("a.b.{}", "x".repeat(256))),
            TableNameErrorKind::PartTooLong { len: 256 }
        );
    }
}
