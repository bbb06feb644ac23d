//! What is looked at before the first row is sent.

use arrow_schema::Schema;
use zb_core::{Client, TableName};

use crate::failure::Failure;

/// Refuses a file that lacks columns of the table, when the catalog tells its columns.
///
/// The service takes such rows and fills the columns with null, which is what a person wants who
/// sends old files to a table that has grown, and not who has misspelt a column. What else does not
/// agree, the service refuses itself.
pub(crate) async fn check_columns(
    client: &Client,
    table: &TableName,
    schema: &Schema,
) -> Result<(), Failure> {
    let described = match client.describe_table(table).await {
        Ok(described) => described,
        Err(error) => {
            // A client that may write need not be allowed to look; the service has the last word.
            tracing::debug!(%table, %error, "the columns of the table are not known");
            return Ok(());
        }
    };
    let missing: Vec<String> = described
        .columns
        .iter()
        .filter(|column| {
            let same = |name: &String| name.eq_ignore_ascii_case(&column.name);
            !schema.fields().iter().any(|field| same(field.name()))
        })
        .map(|column| format!("`{}` ({})", column.name, column.type_text))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{table} has columns that the file lacks: {}; add them, or send nulls with \
         --allow-missing-columns",
        missing.join(", ")
    )))
}
