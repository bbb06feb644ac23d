//! Rows that cannot be stored, wherever they are.

use super::{
    case::{Case, case},
    rows::Kind,
};

/// The service refuses what is poison, each time that it comes, and does not say which row it was.
const REFUSED: &str = r#"{ on = "record", column = "kind", equals = "poison", do = "refuse" }"#;

/// Refused with the rest of what was not told apart.
const TOGETHER: &str = "refused_with_others";

/// By the converter.
const HOLLOW: &str = "null_in_required";
const HUGE: &str = "record_too_large";

fn poison(here: bool) -> Kind {
    if here { Kind::Poison } else { Kind::Good }
}

fn hollow(here: bool) -> Kind {
    if here { Kind::Hollow } else { Kind::Good }
}

pub(super) fn cases() -> Vec<Case> {
    let lost = |fault: &str| format!("{REFUSED}, {fault}");
    vec![
        case("the first row is poison", REFUSED).with(|seq| poison(seq == 0)),
        case("a row in the middle is poison", REFUSED).with(|seq| poison(seq == 205)),
        case("the last row is poison", REFUSED).with(|seq| poison(seq == 399)),
        case("one row in a hundred is poison", REFUSED)
            .sends(1, 10, 100)
            .with(|seq| poison(seq % 100 == 50)),
        case("two rows side by side are poison", REFUSED)
            .with(|seq| poison(seq == 77 || seq == 78)),
        case("every row is poison", REFUSED)
            .sends(1, 2, 15)
            .with(|_| poison(true)),
        case("every second row is poison", REFUSED)
            .sends(1, 2, 20)
            .with(|seq| poison(seq % 2 == 0)),
        case("more is poison than is looked for", REFUSED)
            .sends(1, 1, 16)
            .with(|_| poison(true))
            .options(|options| options.max_probes(0))
            .rejected_as(TOGETHER),
        case(
            "a row is refused by another status than a bad record",
            r#"{ on = "record", column = "kind", equals = "poison", do = "status", code = "OUT_OF_RANGE" }"#,
        )
        .with(|seq| poison(seq == 123)),
        case("a record that is refused once is looked for and found to be good", r#"{ on = "record", nth = 130, do = "refuse" }"#),
        case("the first row cannot be converted", "")
            .with(|seq| hollow(seq == 0))
            .rejected_as(HOLLOW)
            .once(),
        case("a row in the middle cannot be converted", "")
            .with(|seq| hollow(seq == 205))
            .rejected_as(HOLLOW)
            .once(),
        case("the last row cannot be converted", "")
            .with(|seq| hollow(seq == 399))
            .rejected_as(HOLLOW)
            .once(),
        case("no row can be converted", "")
            .with(|_| hollow(true))
            .rejected_as(HOLLOW)
            .once(),
        case("a row that is too large is refused alone", "")
            .sends(1, 2, 50)
            .with(|seq| if seq == 20 { Kind::Huge } else { Kind::Good })
            .rejected_as(HUGE)
            .once(),
        case(
            "poison is found although the connection is cut meanwhile",
            lost(r#"{ on = "open", from = 3, every = 3, times = 3, do = "cut" }"#),
        )
        .with(|seq| poison(seq == 31 || seq == 210)),
        case(
            "poison is found although acknowledgements are lost meanwhile",
            lost(r#"{ on = "ack", from = 2, every = 2, times = 3, do = "cut" }"#),
        )
        .with(|seq| poison(seq == 31 || seq == 210))
        .twice(),
        case(
            "poison is found although the token expires meanwhile",
            lost(r#"{ on = "open", nth = 4, do = "expire_token" }"#),
        )
        .with(|seq| poison(seq == 31 || seq == 210)),
        case("poison is found on several streams", REFUSED)
            .with(|seq| poison(seq % 90 == 5))
            .options(|options| options.streams(3))
            .unordered(),
        case("poison is found among the rows of many tasks", REFUSED)
            .sends(16, 3, 20)
            .with(|seq| poison(seq == 33)),
        case("rows that are refused stay in the receipt when quarantine is full", REFUSED)
            .with(|seq| poison(seq == 31))
            .without_quarantine(),
    ]
}
