//! What a token is for, and how that is said to the token endpoint.

use serde_json::json;
use zb_types::TableName;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// Writing to one table through Zerobus. The service takes such a token for no other table.
    Table(TableName),
    /// The REST interface of the workspace, Unity Catalog among it.
    Workspace,
}

impl Scope {
    /// The fields of a token request that say so.
    pub(crate) fn fields(&self, workspace_id: &str) -> Vec<(&'static str, String)> {
        let mut fields = vec![("scope", "all-apis".to_owned())];
        if let Self::Table(table) = self {
            fields.push(("resource", resource(workspace_id)));
            fields.push(("authorization_details", authorization_details(table)));
        }
        fields
    }
}

/// The privileges that a token for `table` carries, as the `authorization_details` of RFC 9396.
fn authorization_details(table: &TableName) -> String {
    let privileges = |kind, path, privileges: &[&str]| {
        json!({
            "type": "unity_catalog_privileges",
            "privileges": privileges,
            "object_type": kind,
            "object_full_path": path,
        })
    };
    let mut on_table = privileges("TABLE", table.as_str(), &["SELECT", "MODIFY"]);
    on_table["operations"] = json!(["zerobuswrite"]);
    json!([
        privileges("CATALOG", table.catalog(), &["USE CATALOG"]),
        privileges("SCHEMA", table.catalog_and_schema(), &["USE SCHEMA"]),
        on_table,
    ])
    .to_string()
}

/// The `resource` of RFC 8707 that stands for writing through Zerobus in a workspace.
fn resource(workspace_id: &str) -> String {
    format!("api://databricks/workspaces/{workspace_id}/zerobusDirectWriteApi")
}
