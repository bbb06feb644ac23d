//! Tokens: for the workspace, and for writing to the table.

use zb_core::auth::Scope;

use super::{
    To,
    check::Check,
    configuration::{CLIENT, CONFIGURATION},
    is_amiss,
    network::closed,
    remedy,
};
use crate::failure::chain;

pub(super) const WORKSPACE_TOKEN: &str = "workspace token";
pub(super) const TABLE_TOKEN: &str = "table token";

pub(super) async fn look(to: To<'_>, checks: &mut Vec<Check>) {
    let Some(client) = to.client else {
        let first = if is_amiss(checks, CONFIGURATION) {
            CONFIGURATION
        } else {
            CLIENT
        };
        checks.extend([WORKSPACE_TOKEN, TABLE_TOKEN].map(|name| Check::after(name, first)));
        return;
    };
    if let Some(step) = closed(checks, "workspace") {
        checks.extend([WORKSPACE_TOKEN, TABLE_TOKEN].map(|name| Check::after(name, &step)));
        return;
    }
    match client.check_token(&Scope::Workspace).await {
        Ok(()) => checks.push(Check::ok(WORKSPACE_TOKEN, "given")),
        Err(error) => {
            let next = remedy::workspace_token(&error);
            checks.push(Check::failure(WORKSPACE_TOKEN, chain(&error), next));
        }
    }
    let Some(table) = to.table else {
        checks.push(no_table(TABLE_TOKEN));
        return;
    };
    if is_amiss(checks, WORKSPACE_TOKEN) {
        checks.push(Check::after(TABLE_TOKEN, WORKSPACE_TOKEN));
        return;
    }
    match client.check_token(&Scope::Table(table.clone())).await {
        Ok(()) => checks.push(Check::ok(
            TABLE_TOKEN,
            format!("given, with USE CATALOG, USE SCHEMA, SELECT and MODIFY for {table}"),
        )),
        Err(error) => {
            let next = remedy::table_token(&error, table, to.principal);
            checks.push(Check::failure(TABLE_TOKEN, chain(&error), next));
        }
    }
}

/// A check that needs a table, and none was named.
pub(super) fn no_table(name: &str) -> Check {
    Check::skipped(name, "no table is named", "name one with --table C.S.T")
}
