//! Record batches out of Python objects, one after another and without copying.

use std::{collections::VecDeque, sync::Mutex};

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use pyo3::{
    exceptions::{PyRuntimeError, PyTypeError},
    intern,
    prelude::*,
    types::{PyCapsule, PyIterator},
};
use pyo3_arrow::{PyRecordBatch, PyRecordBatchReader};

type Reader = Box<dyn RecordBatchReader + Send>;

/// Where batches come from. Taken by whoever sends them.
#[pyclass(module = "zerobus_arrow._native", frozen)]
pub(crate) struct Batches(Mutex<Option<Source>>);

#[pymethods]
impl Batches {
    /// From an object with `__arrow_c_stream__` or `__arrow_c_array__`, a capsule of an Arrow stream, or
    /// an iterable of such.
    #[new]
    fn new(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Mutex::new(Some(Source::of(data)?))))
    }

    /// The schema, where it is known before the first batch is read.
    #[getter]
    fn schema(&self) -> PyResult<Option<pyo3_arrow::PySchema>> {
        let source = self.0.lock().map_err(|_| poisoned())?;
        let schema = source.as_ref().and_then(Source::schema);
        Ok(schema.map(pyo3_arrow::PySchema::new))
    }
}

impl Batches {
    /// The source, for the first who asks.
    pub(crate) fn take(&self) -> PyResult<Source> {
        let mut source = self.0.lock().map_err(|_| poisoned())?;
        source
            .take()
            .ok_or_else(|| PyRuntimeError::new_err("these batches have been sent before"))
    }
}

fn poisoned() -> PyErr {
    PyRuntimeError::new_err("reading these batches failed before")
}

/// Batches that are read one by one.
pub(crate) struct Source {
    /// What is being read, the innermost last.
    kind: Kind,
}

enum Kind {
    Ready(VecDeque<RecordBatch>),
    Reader(Reader),
    Iterator {
        objects: Py<PyIterator>,
        /// What the last object holds.
        current: Option<Box<Source>>,
    },
}

impl Source {
    fn of(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(source) = Self::of_arrow(data)? {
            return Ok(source);
        }
        let objects = data.try_iter().map_err(|_| strange(data))?;
        Ok(Self {
            kind: Kind::Iterator {
                objects: objects.unbind(),
                current: None,
            },
        })
    }

    /// From an object that speaks Arrow by itself.
    fn of_arrow(data: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = data.py();
        let kind = if let Ok(capsule) = data.cast::<PyCapsule>() {
            let reader = PyRecordBatchReader::from_arrow_pycapsule(capsule)?;
            Kind::Reader(reader.into_reader()?)
        } else if data.hasattr(intern!(py, "__arrow_c_stream__"))? {
            let reader: PyRecordBatchReader = data.extract()?;
            Kind::Reader(reader.into_reader()?)
        } else if data.hasattr(intern!(py, "__arrow_c_array__"))? {
            let batch: PyRecordBatch = data.extract()?;
            Kind::Ready(VecDeque::from([batch.into_inner()]))
        } else {
            return Ok(None);
        };
        Ok(Some(Self { kind }))
    }

    fn schema(&self) -> Option<SchemaRef> {
        match &self.kind {
            Kind::Ready(batches) => batches.front().map(RecordBatch::schema),
            Kind::Reader(reader) => Some(reader.schema()),
            Kind::Iterator { .. } => None,
        }
    }

    /// Whether reading may take its time, or the GIL.
    pub(crate) fn is_slow(&self) -> bool {
        !matches!(self.kind, Kind::Ready(_))
    }

    /// The next batch. Called without the GIL; a source in Python takes it.
    pub(crate) fn next(&mut self) -> PyResult<Option<RecordBatch>> {
        match &mut self.kind {
            Kind::Ready(batches) => Ok(batches.pop_front()),
            Kind::Reader(reader) => match reader.next() {
                None => Ok(None),
                Some(Ok(batch)) => Ok(Some(batch)),
                Some(Err(error)) => Err(pyo3::exceptions::PyValueError::new_err(format!(
                    "the Arrow stream failed: {error}"
                ))),
            },
            Kind::Iterator { objects, current } => loop {
                if let Some(source) = current {
                    match source.next()? {
                        Some(batch) => return Ok(Some(batch)),
                        None => *current = None,
                    }
                }
                let next = Python::attach(|py| {
                    let mut objects = objects.bind(py).clone();
                    let Some(object) = objects.next().transpose()? else {
                        return Ok(None);
                    };
                    // One level: an iterable of iterables is more likely a mistake.
                    Self::of_arrow(&object)?
                        .map(Some)
                        .ok_or_else(|| strange(&object))
                })?;
                match next {
                    Some(source) => *current = Some(Box::new(source)),
                    None => return Ok(None),
                }
            },
        }
    }
}

fn strange(data: &Bound<'_, PyAny>) -> PyErr {
    let class = data.get_type();
    let name = class
        .fully_qualified_name()
        .map_or_else(|_| "this".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!(
        "{name} is not Arrow data: an object with __arrow_c_stream__ or __arrow_c_array__ is \
         needed (a pyarrow Table or RecordBatch, a polars or pandas DataFrame, a DuckDB relation), or \
         an iterable of such; rows in dicts become a table with pyarrow.Table.from_pylist(rows)"
    ))
}
