//! The native half of the Python package `zerobus_arrow`: what `_native.pyi` declares.
//!
//! A call of `client.rs` or `sender.rs` goes one of the ways of `sending.rs`: a batch comes in through
//! `input.rs`, is handed to the facade in `delivery.rs`, and what became of it goes back through
//! `outcome.rs`. `runtime.rs` is where Python waits. Everything that a user sees is in
//! `python/zerobus_arrow`.

mod call;
mod client;
mod delivery;
mod errors;
mod input;
mod logging;
mod outcome;
mod place;
mod rows;
mod runtime;
mod schema;
mod sender;
mod sending;
mod settings;
mod stats;
mod table;
mod telemetry;
mod ticket;

use pyo3::prelude::*;

/// What a panic in here becomes, for the tests.
#[pyfunction]
#[expect(clippy::panic, reason = "that is what it is for")]
fn _panic(py: Python<'_>) -> PyResult<()> {
    let runtime = runtime::runtime(py)?;
    runtime::wait(py, &runtime, async { panic!("on purpose") }, |_| Ok(()))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    logging::install();
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<client::Client>()?;
    module.add_class::<sender::Sender>()?;
    module.add_class::<ticket::Ticket>()?;
    module.add_class::<input::Batches>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<rows::Rows>()?;
    module.add_function(wrap_pyfunction!(logging::flush_logs, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::settle, module)?)?;
    module.add_function(wrap_pyfunction!(schema::proto, module)?)?;
    module.add_function(wrap_pyfunction!(schema::descriptor, module)?)?;
    module.add_function(wrap_pyfunction!(schema::create_table, module)?)?;
    module.add_function(wrap_pyfunction!(schema::of_table, module)?)?;
    module.add_function(wrap_pyfunction!(schema::columns, module)?)?;
    module.add_function(wrap_pyfunction!(settings::settings, module)?)?;
    module.add_function(wrap_pyfunction!(settings::misfit, module)?)?;
    module.add_function(wrap_pyfunction!(_panic, module)?)?;
    Ok(())
}
