//! `zb doctor`: the way from here to a table, looked at step by step, with what to do about each step
//! that fails. Nothing is written anywhere.

mod access;
mod check;
mod configuration;
mod network;
mod remedy;
mod table;

use std::process::ExitCode;

use zb_core::{Client, TableName};

use crate::{
    arguments::Doctor,
    failure::Failure,
    input::Input,
    interrupt::{Interrupt, Interrupted},
};

use check::{Check, Checks};

pub(crate) async fn run(arguments: Doctor) -> Result<ExitCode, Failure> {
    if arguments.connection.local.is_some() {
        return Err(Failure::usage(
            "zb doctor looks at the way to a service; the endpoint of --local is in this process",
        ));
    }
    let mut interrupt = Interrupt::listen()
        .map_err(|e| Failure::failed("signals cannot be listened for").because(e))?;
    let checks = match interrupt.or(Box::pin(look(&arguments))).await {
        Ok(checks) => checks?,
        Err(Interrupted) => return Err(Failure::failed("interrupted")),
    };
    Checks::new(checks).print(arguments.output)
}

/// Where rows are to go, and as whom.
#[derive(Clone, Copy)]
struct To<'a> {
    /// None where the settings make none.
    client: Option<&'a Client>,
    table: Option<&'a TableName>,
    principal: &'a str,
}

async fn look(arguments: &Doctor) -> Result<Vec<Check>, Failure> {
    // A file that cannot be read has nothing to do with the service.
    let sample = match &arguments.file {
        Some(file) => {
            let (file, options) = (file.clone(), arguments.reading.options());
            let opening = tokio::task::spawn_blocking(move || {
                Input::open(&file, &options).map(|input| input.schema())
            });
            let opened = opening.await.map_err(|error| Failure::of(&error))?;
            Some(opened?)
        }
        None => None,
    };
    let builder = arguments.connection.describe(Client::builder()).await?;
    // Nothing is written, whatever the settings say.
    let builder = builder.without_mirrors().without_quarantine();
    let settings = builder.settings()?;

    let mut checks = vec![configuration::values(&settings)];
    checks.extend(configuration::unknown(&settings));
    let endpoint = settings.value("endpoint");
    let host = settings.value("host");
    checks.push(configuration::endpoint(endpoint, host));
    checks.push(network::proxy());
    network::reach(endpoint, host, &mut checks).await;

    let client = if checks[0].is_failure() {
        None
    } else {
        match builder.build() {
            Ok(client) => Some(client),
            Err(error) => {
                checks.push(configuration::unusable(error));
                None
            }
        }
    };
    let principal = settings.value("client_id").unwrap_or("SERVICE-PRINCIPAL");
    let to = To {
        client: client.as_ref(),
        table: arguments.table.as_ref(),
        principal,
    };
    access::look(to, &mut checks).await;
    table::look(to, sample, &mut checks).await;
    if let Some(client) = client {
        // Nothing was sent that could be left.
        let _ = client.close().await;
    }
    Ok(checks)
}

/// Whether a check of this name has failed, or was itself skipped.
fn is_amiss(checks: &[Check], name: &str) -> bool {
    checks.iter().any(|check| {
        check.name == name
            && matches!(
                check.status,
                check::Status::Failure | check::Status::Skipped
            )
    })
}
