//! The columns of a schema fitted to those of a target: found by name, coerced where nothing can be
//! lost, and every misfit named at once.

use std::collections::{HashMap, HashSet};

use arrow_schema::{DataType, Field, FieldRef, Fields};

use crate::{
    ExtraColumns, SchemaError, SchemaProblem, SchemaProblemKind as Kind,
    coercion::{Coercion, Known, coercion},
    delta::sql_type,
    shape::{self, Column, Shape, extension, join, values_type},
    variant,
};

/// What a plan toward a target reads, and what it must not find.
pub(crate) struct Fitted {
    /// The columns of the target that the schema has.
    pub(crate) columns: Vec<Column>,
    /// Columns of no use to anyone, which may stay as long as they are null throughout.
    pub(crate) null: Vec<usize>,
}

/// Fits `fields` to `target`.
pub(crate) fn fit(
    fields: &Fields,
    target: &[Column],
    known: Known<'_>,
    extra: ExtraColumns,
) -> Result<Fitted, SchemaError> {
    let mut walk = Walk {
        known,
        extra,
        null: Vec::new(),
        problems: Vec::new(),
    };
    let columns = walk.fields(fields, target, "");
    if walk.problems.is_empty() {
        let null = walk.null;
        Ok(Fitted { columns, null })
    } else {
        Err(SchemaError::new(walk.problems))
    }
}

struct Walk<'a> {
    known: Known<'a>,
    extra: ExtraColumns,
    null: Vec<usize>,
    problems: Vec<SchemaProblem>,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &Fields, target: &[Column], parent: &str) -> Vec<Column> {
        let found = self.by_name(fields, target, parent);
        let mut columns = Vec::with_capacity(target.len());
        for (position, column) in target.iter().enumerate() {
            match found.get(&position) {
                Some(&at) => {
                    let fitted = self.column(&fields[at], column);
                    columns.extend(fitted.map(|fitted| Column {
                        position: at,
                        ..fitted
                    }));
                }
                None if column.nullable => {}
                None => {
                    let expected = self.expected(column);
                    self.problem(&column.path, Kind::Needed { expected });
                }
            }
        }
        columns
    }

    /// Which field goes to which column of the target: that of the same name, or else the only
    /// one that differs from it in case alone, as Delta has it.
    fn by_name(
        &mut self,
        fields: &Fields,
        target: &[Column],
        parent: &str,
    ) -> HashMap<usize, usize> {
        let exact: HashMap<&str, usize> = names(target).collect();
        let lower: HashMap<String, usize> = names(target)
            .map(|(name, position)| (name.to_ascii_lowercase(), position))
            .collect();
        let mut seen = HashSet::new();
        let mut found = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            let path = join(parent, field.name());
            if !seen.insert(field.name().to_ascii_lowercase()) {
                self.problem(&path, Kind::DuplicateName);
            }
            let position = exact
                .get(field.name().as_str())
                .or_else(|| lower.get(&field.name().to_ascii_lowercase()));
            match position {
                Some(&position) => drop(found.insert(position, at)),
                None => self.extra(field, at, parent, &path),
            }
        }
        found
    }

    fn extra(&mut self, field: &Field, at: usize, parent: &str, path: &str) {
        match (self.extra, values_type(field.data_type())) {
            (ExtraColumns::Drop, _) | (ExtraColumns::Refuse, DataType::Null) => {}
            (ExtraColumns::Refuse, DataType::Interval(_) | DataType::Union(..))
                if parent.is_empty() =>
            {
                self.null.push(at);
            }
            (ExtraColumns::Refuse, _) => match self.unsendable(field, parent) {
                Some(kind) => self.problem(path, kind),
                None => self.problem(path, Kind::NotInTable),
            },
        }
    }

    /// What to say of a column that the table has and nobody can send.
    fn unsendable(&self, field: &Field, parent: &str) -> Option<Kind> {
        match self.known {
            Known::Table(unsendable) if parent.is_empty() => {
                let table_type = unsendable.get(&field.name().to_ascii_lowercase())?.clone();
                let nullable = true;
                Some(Kind::NotSendable {
                    table_type,
                    nullable,
                })
            }
            _ => None,
        }
    }

    /// The type of a column of the target, in the words of whoever asks for it.
    fn expected(&self, target: &Column) -> String {
        match self.known {
            Known::Wire => target.shape.to_string(),
            Known::Table(_) => format!("{} ({})", target.shape, sql_type(target)),
        }
    }

    fn column(&mut self, field: &Field, target: &Column) -> Option<Column> {
        use DataType as T;
        let from = values_type(field.data_type());
        let fitted = |shape, coercion| Column {
            shape,
            coercion,
            arrow: from.clone(),
            ..target.clone()
        };
        let is_variant = extension(field).is_some_and(variant::is_name);
        match (&target.shape, from) {
            // Null throughout: as if it were not there.
            (_, T::Null) if target.nullable => return None,
            (_, T::Null | T::Interval(_) | T::Union(..)) => {
                self.problem(&target.path, shape::unsupported(from));
                return None;
            }
            (Shape::Scalar(shape::Scalar::String), _) if is_variant => {
                if let Some(remedy) = variant::refusal(from) {
                    let name = extension(field).unwrap_or_default().to_owned();
                    self.problem(&target.path, Kind::UnsupportedExtension { name, remedy });
                    return None;
                }
                return Some(fitted(target.shape.clone(), Coercion::None));
            }
            (Shape::Scalar(_), _) => {
                if let Some(coercion) = coercion(field, target, self.known) {
                    return Some(fitted(target.shape.clone(), coercion));
                }
            }
            (Shape::Message(children), T::Struct(fields)) if !is_variant => {
                let children = self.fields(fields, children, &target.path);
                return Some(fitted(Shape::Message(children), Coercion::None));
            }
            (
                Shape::List(item),
                T::List(from)
                | T::LargeList(from)
                | T::FixedSizeList(from, _)
                | T::ListView(from)
                | T::LargeListView(from),
            ) => {
                let item = self.part(from, item)?;
                return Some(fitted(Shape::List(Box::new(item)), Coercion::None));
            }
            (Shape::Map(key, value), T::Map(entries, _)) => {
                if let T::Struct(parts) = entries.data_type()
                    && let [key_from, value_from] = &parts[..]
                {
                    let key = self.part(key_from, key);
                    let value = self.part(value_from, value);
                    let shape = Shape::Map(Box::new(key?), Box::new(value?));
                    return Some(fitted(shape, Coercion::None));
                }
            }
            _ => {}
        }
        let found = field.data_type().clone();
        let expected = self.expected(target);
        self.problem(&target.path, Kind::Lossy { found, expected });
        None
    }

    /// The item of a list, or the key or value of a map: nothing of it may be left out.
    fn part(&mut self, from: &FieldRef, target: &Column) -> Option<Column> {
        if matches!(values_type(from.data_type()), DataType::Null) {
            self.problem(&target.path, shape::unsupported(&DataType::Null));
            return None;
        }
        self.column(from, target)
    }

    fn problem(&mut self, path: &str, kind: Kind) {
        self.problems.push(SchemaProblem::new(path, kind));
    }
}

fn names(target: &[Column]) -> impl Iterator<Item = (&str, usize)> {
    let named = |(position, column): (usize, _)| {
        let column: &Column = column;
        (column.name.as_str(), position)
    };
    target.iter().enumerate().map(named)
}
