//! `zb serve`: the offline endpoint as a process.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use serde::Serialize;
use zb_core::{
    ExposeSecret as _,
    local::{CreateTable, Server, faults::FaultScript},
};

use crate::{
    arguments::Serve,
    failure::Failure,
    input::{Input, Options},
    interrupt::Interrupt,
};

/// What a client needs to know; the first line on standard output.
#[derive(Serialize)]
struct Address<'a> {
    endpoint: &'a str,
    unity_catalog_url: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
    /// The file with the certificate that a client has to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a Path>,
    /// The page for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    ui: Option<String>,
}

pub(crate) async fn run(arguments: Serve) -> Result<ExitCode, Failure> {
    let mut interrupt = Interrupt::listen()
        .map_err(|e| Failure::failed("signals cannot be listened for").because(e))?;
    // Before anything is made or listened on: a file that cannot be read is found out first.
    let faults = arguments.faults.as_deref().map(script_of).transpose()?;
    let mut tables = Vec::with_capacity(arguments.create.len());
    for (table, file) in &arguments.create {
        let file = file.clone();
        let looking = tokio::task::spawn_blocking(move || schema_of(&file));
        let schema = interrupt
            .or(looking)
            .await?
            .map_err(|e| Failure::of(&e))??;
        tables.push((table, schema));
    }

    let mut builder = Server::builder(&arguments.dir).listen(&arguments.listen);
    if let Some(address) = &arguments.http {
        builder = builder.http(address);
    }
    if arguments.auto_create {
        builder = builder.auto_create();
    }
    if arguments.tls {
        builder = builder.tls();
    }
    if let Some(files) = arguments.compact {
        builder = builder.compact_over(files);
    }
    if arguments.ui {
        builder = builder.ui();
    }
    if let Some(faults) = faults {
        builder = builder.faults(faults);
    }
    let server = builder.start().await.map_err(zb_core::Error::from)?;
    for (table, schema) in &tables {
        server
            .create_table(table, schema)
            .await
            .map_err(zb_core::Error::from)?;
    }

    print_address(&server)
        .map_err(|e| Failure::failed("standard output cannot be written").because(e))?;
    interrupt.wait().await;
    server.shutdown().await.map_err(zb_core::Error::from)?;
    Ok(ExitCode::SUCCESS)
}

fn script_of(file: &Path) -> Result<FaultScript, Failure> {
    FaultScript::from_file(file)
        .map_err(|e| Failure::usage(format!("{}", file.display())).because(e))
}

fn schema_of(file: &Path) -> Result<arrow_schema::Schema, Failure> {
    let is_sql = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
    if is_sql {
        let table = CreateTable::from_file(file)
            .map_err(|e| Failure::failed(format!("{}", file.display())).because(e))?;
        return Ok(table.into_schema());
    }
    let input = Input::open(file, &Options::default())?;
    Ok(input.schema().as_ref().clone())
}

fn print_address(server: &Server) -> io::Result<()> {
    let line = serde_json::to_string(&Address {
        endpoint: server.endpoint(),
        unity_catalog_url: server.unity_catalog_url(),
        client_id: server.client_id(),
        client_secret: server.client_secret().expose_secret(),
        ca: server.ca_path(),
        ui: server.ui_url(),
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
