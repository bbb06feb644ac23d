//! `CREATE TABLE` statements as Arrow schemas.

mod cursor;
mod types;

use std::path::Path;

use arrow_schema::{Field, Schema};

use cursor::Cursor;

/// A table as a `CREATE TABLE` statement of Databricks SQL describes it.
///
/// It has the name and the columns. What says how the table is stored (`USING DELTA`,
/// `PARTITIONED BY`, `CLUSTER BY`, `TBLPROPERTIES`, `LOCATION`) and what says how values are made
/// or bound (`DEFAULT`, keys) is read over. Comments are dropped.
///
/// ```
/// let table = zb_local::CreateTable::parse(
///     "CREATE TABLE IF NOT EXISTS main.nyc.weather (
///          origin STRING NOT NULL,
///          readings ARRAY<STRUCT<at: TIMESTAMP, temp: DECIMAL(5, 2)>>
///      ) USING DELTA",
/// )?;
/// assert_eq!(table.name(), "main.nyc.weather");
/// assert!(!table.schema().field(0).is_nullable());
/// # Ok::<(), zb_local::DdlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    name: String,
    schema: Schema,
}

/// Why a text is not a `CREATE TABLE` that can be used here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DdlError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The statement is wrong, or more than this parser knows.
    #[error("line {line}, column {column}: {message}")]
    Statement {
        /// The line, from 1.
        line: u64,
        /// The column in the line, from 1.
        column: u64,
        /// What is wrong.
        message: String,
    },
}

impl CreateTable {
    /// Parses one `CREATE TABLE` statement.
    ///
    /// # Errors
    ///
    /// [`DdlError::Statement`] that says where and what.
    pub fn parse(sql: &str) -> Result<Self, DdlError> {
        let mut cursor = Cursor::new(sql)?;
        cursor.expect_word("CREATE")?;
        if cursor.take_word("OR") {
            cursor.expect_word("REPLACE")?;
        }
        cursor.take_word("EXTERNAL");
        cursor.expect_word("TABLE")?;
        if cursor.take_word("IF") {
            cursor.expect_word("NOT")?;
            cursor.expect_word("EXISTS")?;
        }
        let name = name(&mut cursor)?;
        let schema = columns(&mut cursor)?;
        clauses(&mut cursor)?;
        Ok(Self { name, schema })
    }

    /// Reads a file that holds one `CREATE TABLE` statement.
    ///
    /// # Errors
    ///
    /// [`DdlError::Read`], and those of [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, DdlError> {
        let path = path.as_ref();
        let sql = std::fs::read_to_string(path).map_err(|source| DdlError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&sql)
    }

    /// The name as it is written, of one to three parts.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns, in the types that a Delta table reads back.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The columns, without a copy.
    pub fn into_schema(self) -> Schema {
        self.schema
    }
}

fn name(cursor: &mut Cursor) -> Result<String, DdlError> {
    let mut name = cursor.identifier("the name of the table")?;
    while cursor.take(".") {
        name.push('.');
        name.push_str(&cursor.identifier("the next part of the name")?);
    }
    Ok(name)
}

fn columns(cursor: &mut Cursor) -> Result<Schema, DdlError> {
    cursor.expect("(")?;
    let mut columns = Vec::new();
    loop {
        if at_constraint(cursor) {
            cursor.skip_item();
        } else {
            columns.push(column(cursor)?);
        }
        if !cursor.take(",") {
            break;
        }
    }
    cursor.expect(")")?;
    if columns.is_empty() {
        return Err(cursor.error("the table has no column"));
    }
    Ok(Schema::new(columns))
}

/// `CONSTRAINT name PRIMARY KEY ...`, or the same without a name; but a column may be called so.
fn at_constraint(cursor: &Cursor) -> bool {
    let constraint = |at| {
        let kind = |word| cursor.is_word(at, word);
        kind("CHECK") && cursor.is(at + 1, "(")
            || (kind("PRIMARY") || kind("FOREIGN")) && cursor.is_word(at + 1, "KEY")
    };
    constraint(0) || cursor.is_word(0, "CONSTRAINT") && constraint(2)
}

fn column(cursor: &mut Cursor) -> Result<Field, DdlError> {
    let name = cursor.identifier("the name of a column")?;
    let data_type = types::data_type(cursor)?;
    let mut nullable = true;
    while !cursor.is(0, ",") && !cursor.is(0, ")") {
        if cursor.is_word(0, "GENERATED") {
            let message = format!("column {name} is generated: Zerobus cannot write such a table");
            return Err(cursor.error(message));
        }
        if cursor.take_word("NOT") {
            cursor.expect_word("NULL")?;
            nullable = false;
        } else if !cursor.skip() {
            return Err(cursor.error("the list of columns has no end"));
        }
    }
    Ok(Field::new(name, data_type, nullable))
}

/// What comes after the columns, as far as it matters.
fn clauses(cursor: &mut Cursor) -> Result<(), DdlError> {
    while !cursor.at_end() {
        if cursor.take(";") {
            if cursor.at_end() {
                break;
            }
            return Err(cursor.error("one statement is expected, and here is another"));
        }
        if cursor.is_word(0, "AS") {
            return Err(cursor.error("CREATE TABLE AS a query cannot be used: list the columns"));
        }
        if cursor.take_word("PARTITIONED") {
            cursor.expect_word("BY")?;
            partitions(cursor)?;
        } else {
            cursor.skip();
        }
    }
    Ok(())
}

/// The older form has the types here; its columns would be lost.
fn partitions(cursor: &mut Cursor) -> Result<(), DdlError> {
    cursor.expect("(")?;
    loop {
        cursor.identifier("a column of the table")?;
        if !cursor.take(",") {
            break;
        }
    }
    cursor.expect(")")
}

#[cfg(test)]
mod tests;
