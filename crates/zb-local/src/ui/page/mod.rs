//! The page, part by part. What changes by itself is in elements with `data-live` and an id.

mod faults;
mod figures;
mod refusals;
mod rows;
mod spark;
mod streams;
mod tables;
mod units;

use std::sync::Arc;

use maud::{DOCTYPE, Markup, html};
use zb_types::TableName;

use super::{PATH, Ui};
use crate::lake::Table;

/// All of it; `chosen` is the table whose rows are shown.
pub(super) fn whole(ui: &Ui, open: &[Arc<Table>], chosen: Option<TableName>) -> Markup {
    let seen = ui.notes.tables();
    let tables = tables::all(&seen, open);
    let chosen = chosen.or_else(|| rows::first(&tables));
    let form = Form {
        token: ui.gate.token(),
        table: chosen.as_ref(),
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "zb serve" }
                link rel="icon" href="/ui/icon.svg";
                link rel="stylesheet" href="/ui/style.css";
                script src="/ui/script.js" defer {}
            }
            body {
                header {
                    h1 { "zb serve" }
                    p #pulse role="status" {
                        noscript { a href=(link(PATH, chosen.as_ref())) { "reload for newer figures" } }
                    }
                    dl.where {
                        div { dt { "endpoint" } dd { code { (ui.endpoint_url) } } }
                        @if ui.unity_catalog_url != ui.endpoint_url {
                            div { dt { "catalog" } dd { code { (ui.unity_catalog_url) } } }
                        }
                        div { dt { "client id" } dd { code { (ui.endpoint.credentials.client_id) } } }
                        div { dt { "tables in" } dd { code { (ui.endpoint.lake.dir().display()) } } }
                        div { dt { "up" } dd #age data-live { (units::age(ui.notes.age())) } }
                    }
                }
                main {
                    (figures::section(&ui.notes.figures(), &ui.endpoint.counters.snapshot()))
                    div.columns {
                        div {
                            (streams::section(&ui.notes.streams()))
                            (tables::section(&tables, chosen.as_ref()))
                            (refusals::section(&ui.notes.refusals()))
                        }
                        div {
                            (faults::section(&ui.endpoint.faults.switches(), form))
                        }
                    }
                    @if let Some(table) = &chosen {
                        (rows::section(table, open, ui.notes.latest(table).as_ref()))
                    }
                }
            }
        }
    }
}

/// What every form has besides its own.
#[derive(Debug, Clone, Copy)]
struct Form<'a> {
    token: &'a str,
    table: Option<&'a TableName>,
}

impl Form<'_> {
    fn token(self) -> Markup {
        html! { input type="hidden" name="token" value=(self.token); }
    }

    fn action(self, path: &str) -> String {
        link(path, self.table)
    }
}

/// A path of the page that keeps the choice of a table, whose name needs no escaping.
pub(super) fn link(path: &str, table: Option<&TableName>) -> String {
    match table {
        Some(table) => format!("{path}?table={table}"),
        None => path.to_owned(),
    }
}
