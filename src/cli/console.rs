//! What `rr` says to the one who typed it. Not the log, which starts with the server.

use std::io::{Write, stderr, stdout};

/// Prints what was asked for. A reader that has gone is no failure.
pub(super) fn print(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Says what is wrong.
pub fn problem(text: &str) {
    let _ = writeln!(stderr().lock(), "rr: {text}");
}
