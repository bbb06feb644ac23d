//! The figures on top.

use maud::{Markup, html};

use super::{spark, units};
use crate::{
    stats::Stats,
    watch::{Figures, Percentiles},
};

pub(super) fn section(figures: &Figures, stats: &Stats) -> Markup {
    html! {
        section aria-label="Figures" {
            dl.figures #figures data-live {
                (rate("rows a second", &units::rate(figures.rows.a_second),
                    &format!("{} landed", units::count(figures.rows.total)), &figures.rows.minute))
                (rate("bytes a second", &units::bytes(figures.bytes.a_second),
                    &format!("{} landed", units::bytes(figures.bytes.total as f64)), &figures.bytes.minute))
                (rate("acks a second", &units::rate(figures.acks.a_second),
                    &format!("{} sent", units::count(stats.acks_sent)), &figures.acks.minute))
                (times("a commit takes", figures.writing,
                    &format!("{} commits", units::count(stats.commits))))
                (times("until a row is durable", figures.waiting,
                    &format!("{} streams so far", units::count(stats.streams_opened))))
            }
        }
    }
}

fn rate(what: &str, value: &str, total: &str, minute: &[u64]) -> Markup {
    html! {
        div {
            dt { (what) }
            dd { strong { (value) } span.more { (total) } }
            dd { (spark::line(minute)) }
        }
    }
}

fn times(what: &str, times: Option<Percentiles>, more: &str) -> Markup {
    html! {
        div {
            dt { (what) }
            @match times {
                Some(times) => {
                    dd { strong { (units::time(times.half)) } span.more { "p50" } }
                    dd { strong.second { (units::time(times.most)) } span.more { "p99" } }
                }
                None => { dd { strong { "–" } } }
            }
            dd { span.more { (more) } }
        }
    }
}
