//! The streams that are open.

use std::sync::Arc;

use maud::{Markup, html};

use super::units;
use crate::watch::Stream;

/// How many are listed.
const SHOWN: usize = 100;

pub(super) fn section(streams: &[Arc<Stream>]) -> Markup {
    html! {
        section #streams data-live aria-labelledby="streams-title" {
            h2 #streams-title { "Streams" span.count { (units::count(streams.len() as u64)) " open" } }
            @if streams.is_empty() {
                p.none { "Nobody sends." }
            } @else {
                table role="table" {
                    thead role="rowgroup" {
                        tr role="row" {
                            th scope="col" role="columnheader" { "table" }
                            th scope="col" role="columnheader" { "format" }
                            th.number scope="col" role="columnheader" { "rows" }
                            th.number scope="col" role="columnheader" { "bytes" }
                            th.number scope="col" role="columnheader" { "acked" }
                            th.number scope="col" role="columnheader" { "age" }
                        }
                    }
                    tbody role="rowgroup" {
                        @for stream in streams.iter().take(SHOWN) { (row(stream)) }
                    }
                }
                @if streams.len() > SHOWN {
                    p.none { "and " (units::count((streams.len() - SHOWN) as u64)) " more" }
                }
            }
        }
    }
}

fn row(stream: &Stream) -> Markup {
    html! {
        tr role="row" {
            td.name role="cell" title={ "stream " (stream.id) } {
                (stream.table)
                @if stream.is_told_to_close() { " " span.tag { "told to close" } }
            }
            td role="cell" data-label="format" { (stream.format) }
            td.number role="cell" data-label="rows" { (units::count(stream.rows())) }
            td.number role="cell" data-label="bytes" { (units::bytes(stream.bytes() as f64)) }
            td.number role="cell" data-label="acked" {
                @match stream.acknowledged() {
                    Some(offset) => { (offset) }
                    None => { "–" }
                }
            }
            td.number role="cell" data-label="age" { (units::age(stream.age())) }
        }
    }
}
