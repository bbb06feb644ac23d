//! Switches for what goes wrong.

use maud::{Markup, html};

use super::{super::GRACE, Form, units};
use crate::faults::Switch;

pub(super) fn section(switches: &[Switch], form: Form<'_>) -> Markup {
    let numbered = || switches.iter().enumerate();
    let on = switches.iter().filter(|switch| switch.on).count();
    html! {
        section #faults data-live aria-labelledby="faults-title" {
            h2 #faults-title { "Faults" span.count { (on) " on" } }
            ul.switches {
                @if switches.iter().any(|switch| switch.scripted) {
                    li.group { "of the script" }
                    @for (number, switch) in numbered().filter(|(_, switch)| switch.scripted) {
                        (row(number, switch, form))
                    }
                    li.group { "at hand" }
                }
                @for (number, switch) in numbered().filter(|(_, switch)| !switch.scripted) {
                    (row(number, switch, form))
                }
                li {
                    div.what {
                        strong { "Close signal now" }
                        small { "all open streams are told to close, and served for " (units::time(GRACE)) }
                    }
                    form method="post" action=(form.action("/ui/close"))
                        data-says="All streams were told to close." {
                        (form.token())
                        button #close-streams type="submit" { "Tell them" span.hidden { " to close" } }
                    }
                }
            }
        }
    }
}

fn row(number: usize, switch: &Switch, form: Form<'_>) -> Markup {
    let (state, next) = if switch.on {
        ("on", "off")
    } else {
        ("off", "on")
    };
    html! {
        li {
            div.what {
                strong { (switch.name) }
                small {
                    (switch.does)
                    @if switch.fired > 0 { " · happened " (units::count(switch.fired)) }
                    @if switch.seen > 0 && switch.scripted { " of " (units::count(switch.seen)) }
                }
            }
            form method="post" action=(form.action(&format!("/ui/faults/{number}")))
                data-says={ (switch.name) ": " (next) "." } {
                (form.token())
                input type="hidden" name="on" value=(!switch.on);
                button id={ "fault-" (number) } type="submit" role="switch"
                    aria-checked=(switch.on) aria-label=(switch.name) { (state) }
            }
        }
    }
}
