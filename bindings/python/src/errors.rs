//! From errors of Rust to the exceptions of `zerobus_arrow.errors`.

use std::error::Error as StdError;

use pyo3::{intern, prelude::*, sync::PyOnceLock, types::PyDict};
use zb_core::{Error, convert::SchemaError, ingest, with_causes};

/// The exception for an error of the facade.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let facts = match error {
        Error::Ingest(error) => facts_of_delivery(error),
        _ => Facts::default(),
    };
    exception(py, error.kind().name(), &text(error), &facts)
}

/// The exception for an error of a sender.
pub(crate) fn raise_delivery(py: Python<'_>, error: &ingest::Error) -> PyErr {
    exception(
        py,
        error.kind().name(),
        &text(error),
        &facts_of_delivery(error),
    )
}

/// The exception for columns that cannot be sent.
pub(crate) fn raise_schema(py: Python<'_>, error: &SchemaError) -> PyErr {
    exception(py, "schema", &text(error), &facts_of_schema(error))
}

/// The exception for a setting that cannot be.
pub(crate) fn configuration(py: Python<'_>, text: &str) -> PyErr {
    exception(py, "config", text, &Facts::default())
}

/// The exception for something that was closed before.
pub(crate) fn closed(py: Python<'_>, what: &str) -> PyErr {
    exception(
        py,
        "closed",
        &format!("the {what} is closed"),
        &Facts::default(),
    )
}

/// The exception in a process that was forked from one that used the package.
pub(crate) fn forked(py: Python<'_>, what: &str) -> PyErr {
    let text = format!(
        "this {what} was used before the process was forked; its threads and connections belong to \
         the parent. Make clients in the children alone, or start them by \"spawn\" or \"forkserver\""
    );
    exception(py, "fork", &text, &Facts::default())
}

/// The exception for a fault of these crates.
pub(crate) fn internal(py: Python<'_>, text: &str) -> PyErr {
    let text = format!("{text}; please report this");
    exception(py, "internal", &text, &Facts::default())
}

/// What an exception tells beyond its text.
#[derive(Default)]
struct Facts {
    table: Option<String>,
    retryable: bool,
    attempts: Option<u32>,
    code: Option<&'static str>,
    /// Column, and what is wrong with it.
    problems: Vec<(String, String)>,
}

fn facts_of_delivery(error: &ingest::Error) -> Facts {
    let mut facts = match error {
        ingest::Error::Schema(error) => facts_of_schema(error),
        _ => Facts::default(),
    };
    facts.retryable = error.is_transient();
    match error {
        ingest::Error::Token { table, .. }
        | ingest::Error::Internal { table, .. }
        | ingest::Error::Closed { table, .. } => facts.table = Some(table.to_string()),
        ingest::Error::Service { table, status } => {
            facts.table = Some(table.to_string());
            facts.code = Some(status.code.name());
        }
        ingest::Error::Unavailable {
            table,
            attempts,
            status,
            ..
        } => {
            facts.table = Some(table.to_string());
            facts.attempts = Some(*attempts);
            facts.code = Some(status.code.name());
        }
        _ => {}
    }
    facts
}

fn facts_of_schema(error: &SchemaError) -> Facts {
    let problems = error.problems().iter();
    Facts {
        problems: problems
            .map(|problem| (problem.path().to_owned(), problem.to_string()))
            .collect(),
        ..Facts::default()
    }
}

fn text(error: &dyn StdError) -> String {
    with_causes(&error.to_string(), error)
}

/// Calls `zerobus_arrow.errors.exception_of`, which knows the class for each kind.
fn exception(py: Python<'_>, kind: &str, text: &str, facts: &Facts) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = || {
        let make = MAKE.get_or_try_init(py, || {
            let module = py.import(intern!(py, "zerobus_arrow.errors"))?;
            Ok::<_, PyErr>(module.getattr("exception_of")?.unbind())
        })?;
        let known = PyDict::new(py);
        known.set_item("table", &facts.table)?;
        known.set_item("retryable", facts.retryable)?;
        known.set_item("attempts", facts.attempts)?;
        known.set_item("code", facts.code)?;
        known.set_item("problems", facts.problems.clone())?;
        let error = make.bind(py).call((kind, text), Some(&known))?;
        Ok(PyErr::from_value(error))
    };
    // Whatever goes wrong in there is the exception.
    made().unwrap_or_else(|error| error)
}
