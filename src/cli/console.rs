//! What `rr` says to the one who typed it. Not the log, which starts with the server.

use std::io::{Write, stderr, stdout};

/// Prints what was asked for. A reader that has gone is no failure.
pub(super) fn print(text: &str) {
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Writes something to a terminal as it stands.
pub(super) fn write(text: &str) {
    let mut terminal = stdout().lock();
    let _ = terminal.write_all(text.as_bytes());
    let _ = terminal.flush();
}

/// Says what is wrong.
pub fn problem(text: &str) {
    let _ = writeln!(stderr().lock(), "rr: {text}");
}
