//! What was refused, or ended with an error.

use maud::{Markup, html};

use super::units;
use crate::watch::Refused;

pub(super) fn section((newest_first, count): &(Vec<Refused>, u64)) -> Markup {
    html! {
        section #refusals data-live aria-labelledby="refusals-title" {
            h2 #refusals-title {
                "Refused"
                span.count {
                    (units::count(*count))
                    @if *count > newest_first.len() as u64 { ", the last " (newest_first.len()) }
                }
            }
            @if newest_first.is_empty() {
                p.none { "No token, stream or record was refused." }
            } @else {
                ol.refusals {
                    @for refused in newest_first {
                        li {
                            time datetime=(humantime::format_rfc3339_seconds(refused.at)) { (units::ago(refused.at)) }
                            span.tag { (refused.what) }
                            @if let Some(table) = &refused.table { span.name { (table) } }
                            span.reason { (refused.reason) }
                        }
                    }
                }
            }
        }
    }
}
