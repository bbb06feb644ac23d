//! Record batches on their way back to Python.

use std::{io::Cursor, sync::Arc};

use arrow_array::{RecordBatch, RecordBatchIterator, ffi_stream::FFI_ArrowArrayStream};
use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use pyo3::{
    exceptions::PyValueError,
    prelude::*,
    types::{PyBytes, PyCapsule, PyTuple},
};

/// Rows that any library can read which speaks the Arrow C stream interface. Can be pickled.
#[pyclass(module = "zerobus_arrow._native", frozen)]
pub(crate) struct Rows {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Rows {
    pub(crate) fn new(batches: Vec<RecordBatch>) -> Self {
        let schema = batches
            .first()
            .map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        Self { schema, batches }
    }
}

#[pymethods]
impl Rows {
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Whoever asks for another schema must cast by himself, as the interface allows.
        let _ = requested_schema;
        let batches: Vec<_> = self.batches.iter().cloned().map(Ok).collect();
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let this = slf.get();
        let bytes = py.detach(|| this.to_ipc()).map_err(bad)?;
        let class = slf.get_type();
        let make = class.getattr("_from_ipc")?;
        Ok((make, PyTuple::new(py, [PyBytes::new(py, &bytes)])?))
    }

    #[staticmethod]
    fn _from_ipc(bytes: &[u8]) -> PyResult<Self> {
        let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(bad)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<_, _>>().map_err(bad)?;
        Ok(Self { schema, batches })
    }
}

impl Rows {
    fn to_ipc(&self) -> Result<Vec<u8>, ArrowError> {
        let mut writer = StreamWriter::try_new(Vec::new(), &self.schema)?;
        for batch in &self.batches {
            writer.write(batch)?;
        }
        writer.into_inner()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn bad(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
