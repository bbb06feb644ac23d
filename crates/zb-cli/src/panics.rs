//! What a user sees of a panic: one line, and nothing of one that becomes an error.

use std::panic;

use crate::input;

/// From now on no panic prints a stack trace.
#[expect(clippy::print_stderr, reason = "this is where the user is told")]
pub(crate) fn install() {
    panic::set_hook(Box::new(|panic| {
        if input::is_reading() {
            return;
        }
        let text = input::panic_text(panic.payload()).unwrap_or("no text");
        match panic.location() {
            Some(place) => eprintln!("zb: internal error: {text} ({place})"),
            None => eprintln!("zb: internal error: {text}"),
        }
    }));
}
