//! `zb schema`: what a file's schema becomes.

use std::io::{self, Write as _};

use prost::Message as _;
use serde::Serialize;
use zb_core::convert::{Encoder, Options, create_table_sql, proto_text, summarize};

use crate::{
    arguments::{Schema, SchemaForm},
    failure::Failure,
    input::Input,
};

#[derive(Serialize)]
struct Described {
    columns: Vec<Column>,
}

#[derive(Serialize)]
struct Column {
    name: String,
    arrow: String,
    protobuf: String,
    delta: String,
    nullable: bool,
}

pub(crate) fn run(arguments: &Schema) -> Result<(), Failure> {
    let input = Input::open(&arguments.file, &arguments.reading.options())?;
    let name = arguments.file.display();
    let schema = input.schema();
    let refused = |error| Failure::failed(format!("{name} cannot be sent")).because(error);
    let encoder = || Encoder::new(&schema, Options::default()).map_err(refused);
    let printed = match arguments.form {
        SchemaForm::Proto => proto_text(encoder()?.descriptor()).into_bytes(),
        SchemaForm::Descriptor => encoder()?.descriptor().encode_to_vec(),
        SchemaForm::Ddl => create_table_sql(&arguments.table, &schema)
            .map_err(refused)?
            .into_bytes(),
        SchemaForm::Json => {
            let columns = summarize(&schema).map_err(refused)?;
            let columns = columns
                .into_iter()
                .map(|column| Column {
                    name: column.name,
                    arrow: column.arrow.to_string(),
                    protobuf: column.protobuf,
                    delta: column.delta,
                    nullable: column.nullable,
                })
                .collect();
            let mut json =
                serde_json::to_vec_pretty(&Described { columns }).map_err(|e| Failure::of(&e))?;
            json.push(b'\n');
            json
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(&printed)
        .and_then(|()| out.flush())
        .map_err(|e| Failure::failed("standard output cannot be written").because(e))
}
