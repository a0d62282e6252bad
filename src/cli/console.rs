//! What `rr` says to the one who typed it. Not the log, which starts with the server.

use std::io::{Write, stderr, stdout};

/// Standard output and error.
pub(super) struct Console;

// === impl Console ===

impl Console {
    /// Prints what was asked for. A reader that has gone is no failure.
    #[expect(clippy::unused_self, reason = "the console is handed on to those that may print")]
    pub(super) fn print(&self, text: &str) {
        let _ = writeln!(stdout().lock(), "{text}");
    }

    /// Says what is wrong.
    #[expect(clippy::unused_self, reason = "the console is handed on to those that may print")]
    pub(super) fn problem(&self, text: &str) {
        let _ = writeln!(stderr().lock(), "rr: {text}");
    }
}
