//! Several files read as if they were one.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    vec,
};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::{
    Error, Input, Options, Progress,
    schema::{difference, with_nulls_of},
    with_schema,
};

/// Files with the same columns, one after the other. One of them is open at a time.
pub(crate) struct Inputs {
    schema: SchemaRef,
    first: String,
    waiting: vec::IntoIter<Waiting>,
    current: Option<(String, Input)>,
    done: Progress,
    total_rows: Option<u64>,
    total_bytes: Option<u64>,
    options: Options,
}

/// A file that was looked at and will be opened again, or a pipe, which cannot be.
enum Waiting {
    File(PathBuf),
    Pipe(String, Box<Input>),
}

impl Inputs {
    /// Looks at every file, and checks that all have the same columns by name and type. A column
    /// that is nullable in one of them is nullable.
    ///
    /// # Errors
    ///
    /// When one cannot be read or differs from the first.
    pub(crate) fn open(paths: &[PathBuf], options: &Options) -> Result<Self, Error> {
        if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
            return Err(Error::StdinTwice);
        }
        let mut schema: Option<(String, Schema)> = None;
        let mut waiting = Vec::with_capacity(paths.len());
        let (mut total_rows, mut total_bytes) = (Some(0), Some(0));
        for path in paths {
            let input = Input::open(path, options)?;
            let name = path.display().to_string();
            schema = Some(match schema {
                None => (name.clone(), input.schema().as_ref().clone()),
                Some((first, so_far)) => {
                    check(&name, &input, &first, &so_far)?;
                    let merged = with_nulls_of(&so_far, &input.schema());
                    (first, merged)
                }
            });
            let Progress {
                total_rows: rows,
                total_bytes: bytes,
                ..
            } = input.progress();
            total_rows = total_rows.zip(rows).map(|(sum, rows)| sum + rows);
            total_bytes = total_bytes.zip(bytes).map(|(sum, bytes)| sum + bytes);
            waiting.push(match bytes {
                Some(_) => Waiting::File(path.clone()),
                None => Waiting::Pipe(name, Box::new(input)),
            });
        }
        let (first, schema) = schema.ok_or(Error::Nothing)?;
        Ok(Self {
            schema: Arc::new(schema),
            first,
            waiting: waiting.into_iter(),
            current: None,
            done: Progress::default(),
            total_rows,
            total_bytes,
            options: options.clone(),
        })
    }

    /// The columns of every batch.
    pub(crate) fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// How far reading has come, over all files.
    pub(crate) fn progress(&self) -> Progress {
        let current = self.current.as_ref();
        let current = current
            .map(|(_, input)| input.progress())
            .unwrap_or_default();
        Progress {
            rows: self.done.rows + current.rows,
            total_rows: self.total_rows,
            bytes: self.done.bytes + current.bytes,
            total_bytes: self.total_bytes,
        }
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if self.current.is_none() {
                self.current = match self.waiting.next() {
                    None => return Ok(None),
                    Some(Waiting::Pipe(name, input)) => Some((name, *input)),
                    Some(Waiting::File(path)) => Some(self.again(&path)?),
                };
            }
            let Some((name, input)) = &mut self.current else {
                return Ok(None);
            };
            if let Some(batch) = input.next() {
                let batch = with_schema(&batch?, &self.schema);
                return batch.map(Some).map_err(|source| Error::Nulls {
                    name: name.clone(),
                    source,
                });
            }
            let Progress { rows, bytes, .. } = input.progress();
            self.done.rows += rows;
            self.done.bytes += bytes;
            self.current = None;
        }
    }

    /// A file may have been written to since it was looked at.
    fn again(&self, path: &Path) -> Result<(String, Input), Error> {
        let input = Input::open(path, &self.options)?;
        let name = path.display().to_string();
        check(&name, &input, &self.first, &self.schema)?;
        Ok((name, input))
    }
}

impl Iterator for Inputs {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.batch().transpose();
        if matches!(next, Some(Err(_))) {
            self.current = None;
            self.waiting = Vec::new().into_iter();
        }
        next
    }
}

fn check(name: &str, input: &Input, first: &str, schema: &Schema) -> Result<(), Error> {
    match difference(&input.schema(), schema) {
        None => Ok(()),
        Some(difference) => Err(Error::Schema {
            name: name.to_owned(),
            first: first.to_owned(),
            difference: Box::new(difference),
        }),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
