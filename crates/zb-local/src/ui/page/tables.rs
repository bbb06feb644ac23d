//! The tables, those without rows too.

use std::{collections::BTreeMap, sync::Arc};

use maud::{Markup, html};
use zb_types::TableName;

use super::{super::PATH, link, spark, units};
use crate::{lake, watch};

/// How many are listed.
const SHOWN: usize = 100;

/// A table that is open, or that rows came to.
pub(super) struct Listed<'a> {
    pub(super) name: &'a TableName,
    pub(super) open: Option<&'a lake::Table>,
    pub(super) seen: Option<&'a watch::Table>,
}

/// All of them, by name.
pub(super) fn all<'a>(seen: &'a [watch::Table], open: &'a [Arc<lake::Table>]) -> Vec<Listed<'a>> {
    let mut all = BTreeMap::new();
    for table in open {
        let name = table.name();
        let listed = Listed {
            name,
            open: Some(table),
            seen: None,
        };
        all.insert(name, listed);
    }
    for table in seen {
        let listed = all.entry(&table.name).or_insert(Listed {
            name: &table.name,
            open: None,
            seen: None,
        });
        listed.seen = Some(table);
    }
    all.into_values().collect()
}

pub(super) fn section(tables: &[Listed<'_>], chosen: Option<&TableName>) -> Markup {
    html! {
        section #tables data-live aria-labelledby="tables-title" {
            h2 #tables-title { "Tables" span.count { (units::count(tables.len() as u64)) " open" } }
            @if tables.is_empty() {
                p.none { "None is open yet: the first stream, or a look-up, opens one." }
            } @else {
                table role="table" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th scope="col" role="columnheader" { "table" }
                            th.number scope="col" role="columnheader" { "rows" }
                            th.number scope="col" role="columnheader" { "rows/s" }
                            th.number scope="col" role="columnheader" { "bytes/s" }
                            th.number scope="col" role="columnheader" { "version" }
                            th.number scope="col" role="columnheader" { "commit p50" }
                            th.number scope="col" role="columnheader" { "p99" }
                            th.wide scope="col" role="columnheader" { "last minute" }
                        }
                    }
                    tbody role="rowgroup" {
                        @for table in tables.iter().take(SHOWN) {
                            (row(table, chosen == Some(table.name)))
                        }
                    }
                }
                @if tables.len() > SHOWN {
                    p.none { "and " (units::count((tables.len() - SHOWN) as u64)) " more" }
                }
            }
        }
    }
}

fn row(table: &Listed<'_>, is_chosen: bool) -> Markup {
    let seen = table.seen;
    let times = seen.and_then(|seen| seen.writing);
    html! {
        tr role="row" {
            td.name role="cell" {
                a href=(link(PATH, Some(table.name))) data-choose
                    aria-current=[is_chosen.then_some("true")] title="Show the last rows" {
                    (table.name)
                }
            }
            td.number role="cell" data-label="rows" title=[seen.map(|seen| units::bytes(seen.bytes as f64))] {
                (units::count(seen.map_or(0, |seen| seen.rows)))
            }
            td.number role="cell" data-label="rows/s" { (units::rate(seen.map_or(0.0, |seen| seen.rows_a_second))) }
            td.number role="cell" data-label="bytes/s" { (units::bytes(seen.map_or(0.0, |seen| seen.bytes_a_second))) }
            td.number role="cell" data-label="version" title=[seen.map(|seen| format!("{} commits", units::count(seen.commits)))] {
                @match table.open {
                    Some(open) => { (open.version()) }
                    None => { "closed" }
                }
            }
            td.number role="cell" data-label="p50" { (times.map_or("–".to_owned(), |times| units::time(times.half))) }
            td.number role="cell" data-label="p99" { (times.map_or("–".to_owned(), |times| units::time(times.most))) }
            td.wide role="cell" { @if let Some(seen) = seen { (spark::line(&seen.minute)) } }
        }
    }
}
