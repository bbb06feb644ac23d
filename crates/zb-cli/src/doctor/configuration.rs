//! Where to and as whom, and whether that can be.

use zb_core::{
    Setting, Settings,
    probe::{Address, Cloud, EndpointForm, workspace_of_host},
};

use super::check::Check;
use crate::failure::Failure;

pub(super) const CONFIGURATION: &str = "configuration";
pub(super) const ENDPOINT: &str = "endpoint";
pub(super) const CLIENT: &str = "client";

/// Every setting with its value, secrets masked: first those that are set and where, then the others.
pub(super) fn values(settings: &Settings) -> Check {
    let shown = |setting: &Setting| match &setting.value {
        Some(value) => format!("{} = {value}", setting.name),
        None => format!("no {}", setting.name),
    };
    let set = settings.found();
    let set: Vec<_> = set
        .map(|setting| format!("{} ({})", shown(setting), setting.origin))
        .collect();
    let set = if set.is_empty() {
        "nothing is set".to_owned()
    } else {
        set.join(", ")
    };
    let defaults: Vec<_> = settings.defaults().map(shown).collect();
    let defaults = format!("by default {}", defaults.join(", "));
    if settings.missing.is_empty() {
        return Check::ok(CONFIGURATION, format!("{set}; {defaults}"));
    }
    let missing: Vec<_> = settings.missing.iter().map(|s| s.name).collect();
    let variables: Vec<_> = settings.missing.iter().map(|s| s.variable).collect();
    Check::failure(
        CONFIGURATION,
        format!("{set}; {} missing; {defaults}", missing.join(", ")),
        format!(
            "set {}, or put them into a profile (--profile) or a file (--config)",
            variables.join(", ")
        ),
    )
}

/// What looks like a setting and is none.
pub(super) fn unknown(settings: &Settings) -> Option<Check> {
    let told: Vec<_> = settings.unknown.iter().map(ToString::to_string).collect();
    (!told.is_empty())
        .then(|| Check::warning("unknown settings", told.join("; "), "correct the name"))
}

/// What the address of the endpoint says of itself, beside that of the workspace.
pub(super) fn endpoint(endpoint: Option<&str>, host: Option<&str>) -> Check {
    let Some(endpoint) = endpoint else {
        return Check::after(ENDPOINT, CONFIGURATION);
    };
    match EndpointForm::of(endpoint) {
        EndpointForm::Zerobus {
            cloud,
            workspace,
            region,
        } => zerobus(cloud, &workspace, &region, host),
        EndpointForm::Databricks(cloud) => Check::failure(
            ENDPOINT,
            "the address is one of Databricks and not that of a Zerobus endpoint",
            format!(
                "write it as {}; the id stands behind ?o= in the address of the workspace, the \
                 region is what `databricks metastores summary` says",
                cloud.pattern()
            ),
        ),
        EndpointForm::Here => Check::ok(ENDPOINT, "on this machine"),
        EndpointForm::Nowhere => Check::failure(
            ENDPOINT,
            Address::of(endpoint).map_or_else(
                |error| format!("the address cannot be used: {error}"),
                |_| "the address cannot be used".to_owned(),
            ),
            format!("write it as {}", Cloud::Aws.pattern()),
        ),
        _ => Check::warning(
            ENDPOINT,
            "the address is not of the form that any cloud has",
            "see that it leads to a Zerobus endpoint, and that its first label is the id of the \
             workspace: tokens are asked for in its name",
        ),
    }
}

fn zerobus(cloud: Cloud, workspace: &str, region: &str, host: Option<&str>) -> Check {
    let found = format!("{cloud}, workspace {workspace}, region {region}");
    let host = host.unwrap_or_default();
    let host_cloud = Address::of(host)
        .ok()
        .and_then(|address| Cloud::of_host(&address.host));
    if let Some(other) = host_cloud
        && other != cloud
    {
        return Check::failure(
            ENDPOINT,
            format!("{found}; the workspace is on {other}"),
            format!("write the endpoint as {}", other.pattern()),
        );
    }
    match workspace_of_host(host) {
        Some(id) if id == workspace => Check::ok(ENDPOINT, format!("{found}, as the workspace's")),
        Some(id) => Check::failure(
            ENDPOINT,
            format!("{found}; the workspace of the host is {id}"),
            format!("begin the endpoint with {id}"),
        ),
        None => Check::ok(
            ENDPOINT,
            format!("{found} (whether the workspace is the host's, its address does not tell)"),
        ),
    }
}

/// A client cannot be made of the settings.
pub(super) fn unusable(error: zb_core::Error) -> Check {
    Check::failure(
        CLIENT,
        Failure::from(error).message().to_owned(),
        "correct the setting",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;

    #[test]
    fn an_endpoint_and_a_workspace_must_belong_together() {
        let aws = "https://12.zerobus.us-west-2.cloud.databricks.com";
        let azure = "https://12.zerobus.westeurope.azuredatabricks.net";
        for (address, host, status, word) in [
            (
                aws,
                "https://dbc-1.cloud.databricks.com",
                Status::Ok,
                "us-west-2",
            ),
            (
                azure,
                "https://adb-12.3.azuredatabricks.net",
                Status::Ok,
                "as the workspace's",
            ),
            (
                azure,
                "https://adb-13.3.azuredatabricks.net",
                Status::Failure,
                "13",
            ),
            (
                aws,
                "https://adb-12.3.azuredatabricks.net",
                Status::Failure,
                "Azure",
            ),
            (
                "https://dbc-1.cloud.databricks.com",
                "h",
                Status::Failure,
                "not that of a Zerobus",
            ),
            ("ftp://h", "h", Status::Failure, "ftp"),
            ("https://zerobus.corp", "h", Status::Warning, "form"),
            ("http://127.0.0.1:1", "h", Status::Ok, "this machine"),
        ] {
            let check = endpoint(Some(address), Some(host));
            assert_eq!(check.status, status, "{check:?}");
            assert!(check.found.contains(word), "{check:?}");
            assert_eq!(
                check.next_step.is_empty(),
                status == Status::Ok,
                "{check:?}"
            );
        }
    }
}
