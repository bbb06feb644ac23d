//! Every status of gRPC, when a stream is opened, in mid-stream, and when it is closed.

use zb_core::{ErrorKind, local::faults::Code};

use super::{
    case::{Case, case},
    host::Where,
};

pub(super) fn cases() -> Vec<Case> {
    let of_codes = Code::ALL.into_iter().flat_map(of_code);
    of_codes.chain(others()).collect()
}

/// What the service calls it.
fn word(code: Code) -> String {
    let name = format!("{code:?}");
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_uppercase());
    }
    word
}

/// What trying again does not cure, and what it is then.
fn final_kind(code: Code) -> Option<ErrorKind> {
    match code {
        Code::NotFound => Some(ErrorKind::NotFound),
        Code::Unimplemented => Some(ErrorKind::Refused),
        _ => None,
    }
}

fn of_code(code: Code) -> [Case; 3] {
    let word = word(code);
    let fault = |on: &str, nth: u32| {
        format!(r#"{{ on = "{on}", nth = {nth}, do = "status", code = "{word}" }}"#)
    };
    let mut opening = case(format!("{word} when a stream is opened"), fault("open", 1)).once();
    let mut midstream = case(format!("{word} in mid-stream"), fault("request", 6));
    // A schema or a value that is refused when nothing was sent cannot be a row.
    let at_opening = match code {
        Code::InvalidArgument => Some(ErrorKind::Schema),
        Code::OutOfRange => Some(ErrorKind::Refused),
        other => final_kind(other),
    };
    if let Some(kind) = at_opening {
        opening = opening.not_opened(kind);
    }
    if let Some(kind) = final_kind(code) {
        // For good: a single one may be lost with its connection, and then nobody has heard it.
        let for_good = fault("request", 6).replace("nth", "from");
        midstream = case(format!("{word} in mid-stream"), for_good).fails(kind);
    }
    let closing = case(
        format!("{word} when a stream is closed, with everything acknowledged"),
        fault("close", 1),
    )
    .once();
    [opening, midstream, closing]
}

fn others() -> Vec<Case> {
    vec![
        case(
            "a grant that is missing for good is said to be missing",
            r#"{ on = "open", do = "status", code = "PERMISSION_DENIED" }"#,
        )
        .not_opened(ErrorKind::Permission),
        case(
            "a service that accepts every stream and fails it is backed off from and given up",
            r#"{ on = "request", do = "status", code = "UNAVAILABLE" }"#,
        )
        .options(|options| options.retry(super::case::impatient()))
        .fails(ErrorKind::Unavailable),
        case(
            "a stream that ends as if all were well is opened again",
            r#"{ on = "request", offset = 4, times = 2, do = "end" }"#,
        ),
        case(
            "a close signal under load loses no row",
            r#"{ on = "request", nth = 5, do = "close_signal", duration = "300ms" }"#,
        )
        .sends(1, 20, 50),
        case(
            "a close signal that gives no time loses no row",
            r#"{ on = "request", nth = 5, do = "close_signal", duration = "0s" }"#,
        ),
        case(
            "a close signal without a duration loses no row",
            r#"{ on = "request", nth = 5, do = "close_signal", serve_for = "50ms" }"#,
        ),
        case(
            "a close signal with a duration below zero loses no row",
            r#"{ on = "request", nth = 5, do = "close_signal", seconds = -9, nanos = -1, serve_for = "50ms" }"#,
        ),
        case(
            "close signals again and again lose no row",
            r#"{ on = "request", every = 12, times = 5, do = "close_signal", duration = "20ms" }"#,
        )
        .sends(1, 30, 50),
        case("streams that are all rotated under load lose no row", "")
            .during(|stage| {
                Box::pin(async move {
                    for round in 1..=3 {
                        stage.acknowledged(round * 300).await;
                        let grace = std::time::Duration::from_millis(50);
                        stage
                            .with_server(|server| server.rotate_streams(grace))
                            .await;
                    }
                    stage.acknowledged(1_500).await;
                })
            })
            .at(Where::Here),
    ]
}
