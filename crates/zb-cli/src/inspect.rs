//! `zb inspect`: what is in debug and quarantine files.

mod looked;
mod table;
mod times;

use std::io::{self, Write as _};

use serde::Serialize;

use crate::{
    arguments::{Inspect, InspectForm},
    failure::Failure,
    files::find,
    legible::legible,
};

use looked::Looked;

#[derive(Serialize)]
struct All {
    files: Vec<Looked>,
}

pub(crate) fn run(arguments: &Inspect) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let unwritable = |e: io::Error| Failure::failed("standard output cannot be written").because(e);
    let mut files = Vec::new();
    for entry in find(&arguments.paths)? {
        let looked = Looked::at(&entry, arguments.rows)?;
        match arguments.form {
            InspectForm::Json => files.push(looked),
            InspectForm::Table => {
                let text = table::of(&looked)?;
                let text = legible(&text);
                out.write_all(text.as_bytes()).map_err(unwritable)?;
            }
        }
    }
    if arguments.form == InspectForm::Json {
        let mut json = serde_json::to_vec(&All { files }).map_err(|e| Failure::of(&e))?;
        json.push(b'\n');
        out.write_all(&json).map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)
}
