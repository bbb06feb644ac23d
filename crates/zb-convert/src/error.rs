//! What can be wrong with a schema. Problems of single rows are in [`crate::RowError`].

use std::fmt;

use arrow_schema::DataType;

/// A schema or a descriptor that cannot be used, with every problem found and not only the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    problems: Vec<SchemaProblem>,
}

impl SchemaError {
    pub(crate) fn new(problems: Vec<SchemaProblem>) -> Self {
        debug_assert!(!problems.is_empty(), "an error without a problem");
        Self { problems }
    }

    /// Every problem found, in the order of the columns. Never empty.
    pub fn problems(&self) -> &[SchemaProblem] {
        &self.problems
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [one] => one.fmt(f),
            many => {
                write!(f, "{} problems: ", many.len())?;
                for (i, problem) in many.iter().enumerate() {
                    if i > 0 {
                        f.write_str("; ")?;
                    }
                    problem.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for SchemaError {}

/// One problem of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaProblem {
    path: String,
    kind: SchemaProblemKind,
}

impl SchemaProblem {
    pub(crate) fn new(path: impl Into<String>, kind: SchemaProblemKind) -> Self {
        Self {
            path: path.into(),
            kind,
        }
    }

    /// The column as a dotted path from the root, empty where the problem is the schema's own.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn kind(&self) -> &SchemaProblemKind {
        &self.kind
    }
}

impl fmt::Display for SchemaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "column `{}`: ", self.path)?;
        }
        self.kind.fmt(f)
    }
}

/// What is wrong with a column, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaProblemKind {
    /// A type with no counterpart in a Delta table.
    #[error("the type {found} has no counterpart in a Delta table; {remedy}")]
    Unsupported {
        /// The Arrow type.
        found: DataType,
        /// What to do instead.
        remedy: &'static str,
    },
    /// An extension type that is not rendered yet.
    #[error("the extension type {name} is not supported; {remedy}")]
    UnsupportedExtension {
        /// The name in the field's metadata.
        name: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A list whose items are lists or maps.
    #[error("a list of {items} cannot be sent; wrap the items in a struct")]
    NestedList {
        /// What the items are.
        items: &'static str,
    },
    /// A map key that Protobuf does not have.
    #[error("{found} cannot be the key of a map; use an integer, a boolean or a string")]
    MapKey {
        /// The Arrow type of the key.
        found: DataType,
    },
    /// A map whose values are lists or maps.
    #[error("a map of {values} cannot be sent; wrap the values in a struct")]
    MapValue {
        /// What the values are.
        values: &'static str,
    },
    /// A decimal that no Delta table can hold.
    #[error(
        "a decimal of precision {precision} and scale {scale} does not fit DECIMAL(38, s); \
         cast it to a smaller precision"
    )]
    DecimalPrecision {
        /// Digits in all.
        precision: u8,
        /// Digits after the point; negative ones are zeros before it.
        scale: i8,
    },
    /// A name that Zerobus does not take.
    #[error(
        "the name {name:?} is not made of ASCII letters, digits and underscores, starting with no \
         digit; rename the column"
    )]
    Name {
        /// The name as it stands.
        name: String,
    },
    /// Two columns of one name; Delta does not tell `A` from `a`.
    #[error("the name stands twice, at least without regard to case; rename one of the columns")]
    DuplicateName,
    /// A struct without fields, which no table has.
    #[error("a struct without fields has no counterpart in a Delta table; drop the column")]
    EmptyStruct,
    /// The entries of a map need a name in Protobuf that is taken.
    #[error(
        "Protobuf calls the entries of this map {entry}, as another column or map beside it; rename \
         one of the columns"
    )]
    MapEntryName {
        /// The name.
        entry: String,
    },
    /// More columns than the service takes.
    #[error(
        "{found} columns are over the service's limit of {}",
        crate::MAX_COLUMNS
    )]
    TooManyColumns {
        /// How many columns there are.
        found: usize,
    },
    /// Nested deeper than the service takes.
    #[error("nested deeper than the service's limit of {}", crate::MAX_DEPTH)]
    TooDeep,
    /// A column of the batch that the encoder does not know.
    #[error("the batch has this column, the schema it is sent with has not")]
    UnknownColumn,
    /// A column that the encoder needs and the batch lacks.
    #[error("the batch lacks this column")]
    MissingColumn,
    /// A column that the target needs and the schema lacks.
    #[error("the table needs this column, {expected} NOT NULL, and it is not there; add it")]
    Needed {
        /// What the target takes.
        expected: String,
    },
    /// A column of the table of a type that the service does not take from anyone.
    #[error(
        "the table's column is {table_type}, which cannot be sent through Zerobus; {}",
        if *.nullable { "leave it out" } else { "it is NOT NULL, so let it be null or change its type" }
    )]
    NotSendable {
        /// The type as the table calls it.
        table_type: String,
        /// Whether it can be left out.
        nullable: bool,
    },
    /// A column of the batch with another type than the encoder was made for.
    #[error("the batch has {found}, the schema it is sent with has {expected}")]
    ColumnType {
        /// The type in the encoder's schema.
        expected: DataType,
        /// The type in the batch.
        found: DataType,
    },
    /// A field of the descriptor that the table has no column for.
    #[error("the table has no such column; add it to the table or leave it out")]
    NotInTable,
    /// A column that is not nullable and that the descriptor lacks.
    #[error("the table needs this column (NOT NULL), the descriptor lacks it")]
    MissingRequired,
    /// The descriptor has another type than the table.
    #[error("the descriptor has {found}, the table takes {expected}")]
    FieldType {
        /// What the table takes.
        expected: String,
        /// What the descriptor has.
        found: String,
    },
    /// A type that cannot become the target's without risk to the values.
    #[error("{found} cannot become {expected} without loss; cast the column first")]
    Lossy {
        /// The Arrow type of the column.
        found: DataType,
        /// What the target takes.
        expected: String,
    },
    /// A column that is no use to the target and not null throughout.
    #[error(
        "a column of type {found} can be skipped only while all of its values are null; leave it out"
    )]
    NotNull {
        /// The Arrow type of the column.
        found: DataType,
    },
    /// The descriptor may leave out what the table needs.
    #[error("the table's column is NOT NULL, the descriptor's field is optional; make it required")]
    Nullability,
    /// Values that cannot be laid out as Arrow Flight takes them.
    #[error("the values cannot be laid out as the table takes them: {detail}")]
    Layout {
        /// What is wrong with them.
        detail: String,
    },
    /// The descriptor contradicts itself.
    #[error("the descriptor is not valid: {detail}")]
    Descriptor {
        /// What is wrong with it.
        detail: String,
    },
}
