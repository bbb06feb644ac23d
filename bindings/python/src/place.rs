//! Where the endpoint of a client is.

use std::path::PathBuf;

use pyo3::{prelude::*, types::PyDict};
use zb_core::{
    Client, ClientBuilder, Error,
    local::{
        Server,
        faults::{FaultScript, ScriptError},
    },
};

use crate::{errors, settings};

/// Where the endpoint is.
pub(crate) enum Place {
    /// In this process, with its tables below a directory, and what goes wrong there.
    Local(PathBuf, FaultScript),
    Elsewhere(settings::Places),
    /// Nowhere: a dry run.
    Nowhere,
}

impl Place {
    /// From a directory, a pair of a directory and a fault script, a dict of [`settings::Places`], or
    /// `None` for a dry run.
    pub(crate) fn of(place: &Bound<'_, PyAny>) -> PyResult<Self> {
        if place.is_none() {
            Ok(Self::Nowhere)
        } else if place.is_instance_of::<PyDict>() {
            Ok(Self::Elsewhere(place.extract()?))
        } else if let Ok((directory, script)) = place.extract::<(PathBuf, String)>() {
            let script = script.parse().map_err(|error: ScriptError| {
                errors::configuration(place.py(), &format!("the fault script: {error}"))
            })?;
            Ok(Self::Local(directory, script))
        } else {
            Ok(Self::Local(place.extract()?, FaultScript::default()))
        }
    }

    /// The client of an endpoint there.
    pub(crate) async fn open(self, builder: ClientBuilder) -> Result<Client, Error> {
        match self {
            Self::Local(directory, faults) => {
                let server = Server::builder(directory).faults(faults);
                builder.local_with(server).await
            }
            Self::Elsewhere(places) => places.apply(builder).build(),
            Self::Nowhere => builder.dry_run(),
        }
    }
}
