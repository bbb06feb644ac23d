//! The last rows of one table.

use std::sync::Arc;

use maud::{Markup, html};
use zb_types::TableName;

use super::tables::Listed;
use crate::{
    http::type_text,
    lake::Table,
    watch::{Latest, ROWS},
};

/// The table to show where nobody has chosen one: one that has rows, if there is one.
pub(super) fn first(tables: &[Listed<'_>]) -> Option<TableName> {
    let with_rows = tables.iter().find(|table| table.seen.is_some());
    let table = with_rows.or(tables.first())?;
    Some(table.name.clone())
}

pub(super) fn section(name: &TableName, open: &[Arc<Table>], latest: Option<&Latest>) -> Markup {
    let table = open.iter().find(|table| table.name() == name);
    let latest = latest.filter(|latest| !latest.rows.is_empty());
    html! {
        section #rows data-live aria-labelledby="rows-title" {
            h2 #rows-title {
                "Last rows"
                span.count { (name) }
                @if let Some(latest) = latest.filter(|latest| latest.more_columns > 0) {
                    span.count { (latest.more_columns) " more columns" }
                }
            }
            @match (latest, table) {
                (Some(latest), table) => { (rows(latest, table.map(AsRef::as_ref))) }
                (None, Some(table)) => { (columns(table)) }
                (None, None) => { p.none { "This table is not open, and no row came to it." } }
            }
        }
    }
}

fn rows(latest: &Latest, table: Option<&Table>) -> Markup {
    let type_of = |name: &str| {
        let field = table?.schema().field_with_name(name).ok()?;
        Some(type_text(field.data_type()))
    };
    html! {
        div.scroll #rows-scroll tabindex="0" role="region" aria-labelledby="rows-title" {
            table.rows {
                thead {
                    tr {
                        @for column in &latest.columns {
                            th.number[column.numeric] scope="col" {
                                (column.name)
                                @if let Some(kind) = type_of(&column.name) { small { (kind) } }
                            }
                        }
                    }
                }
                tbody {
                    // The newest on top, where eyes are.
                    @for row in latest.rows.iter().rev() {
                        tr {
                            @for (value, column) in row.iter().zip(&latest.columns) {
                                td.number[column.numeric] {
                                    @match value {
                                        Some(value) => { (value) }
                                        None => { span.null { "null" } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        p.none { "The newest is on top; " (ROWS) " are kept. Long values are cut." }
    }
}

/// What there is to see of a table without rows.
fn columns(table: &Table) -> Markup {
    html! {
        p.none { "No row came yet. The columns are:" }
        ul.names {
            @for field in table.schema().fields() {
                li { (field.name()) " " small { (type_text(field.data_type())) } }
            }
        }
    }
}
