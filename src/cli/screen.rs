//! A terminal that shows a page again and again, until the user has seen enough.

use std::{
    io::{self, IsTerminal, Stdin, stdin, stdout},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::{console, place::Problem};
use crate::process::{Signals, wait_readable};

/// Time between two pages.
pub(super) const AGAIN: Duration = Duration::from_secs(1);
/// The page is put together before it is shown, where the terminal can do that.
const TOGETHER: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");
/// A screen of its own, without a cursor; and back to the one before.
const OWN: (&str, &str) = ("\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l");
/// Columns and rows where the terminal does not say.
const USUAL: (usize, usize) = (80, 24);

/// A terminal that shows a page again and again. It is as it was before once this value is gone.
pub(super) struct Screen {
    input: Stdin,
    before: Termios,
    signals: Signals,
}

/// Whether both ends of a conversation are at a terminal.
pub(super) fn is_terminal() -> bool {
    stdout().is_terminal() && stdin().is_terminal()
}

// === impl Screen ===

impl Screen {
    pub(super) fn take() -> Result<Self, Problem> {
        let failed = |error: io::Error| Problem::failure(format!("the terminal cannot be used: {error}"));
        let signals = Signals::collect(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGWINCH]).map_err(failed)?;
        let input = stdin();
        let before = tcgetattr(&input).map_err(|error| failed(error.into()))?;
        let mut now = before.clone();
        now.local_modes &= !(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Now, &now).map_err(|error| failed(error.into()))?;
        console::write(OWN.0);
        Ok(Self { input, before, signals })
    }

    /// Shows a page: what is new in the place of what was there, line by line, so that nothing flickers. What does not fit is
    /// cut.
    pub(super) fn show(page: &str) {
        console::write(&fitted(page, size()));
    }

    /// Waits until the next page is due. The present one is shown again when the size changes. Returns false when the user
    /// has seen enough.
    pub(super) fn wait(&self, page: &str) -> bool {
        let due = Instant::now() + AGAIN;
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let ready = wait_readable(&[self.signals.descriptor(), self.input.as_fd()], Some(left));
            if ready[1] && self.is_end() {
                return false;
            }
            while let Some(signal) = self.signals.next() {
                if signal.number != libc::SIGWINCH {
                    return false;
                }
                Self::show(page);
            }
        }
    }

    /// Reads what was pressed. Returns whether that is to end it, as the end of the terminal is.
    fn is_end(&self) -> bool {
        let mut pressed = [0; 64];
        match rustix::io::read(&self.input, &mut pressed) {
            Ok(length) => length == 0 || pressed[..length].iter().any(|key| matches!(key, b'q' | b'Q' | 3)),
            Err(_) => true,
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        console::write(OWN.1);
        let _ = tcsetattr(&self.input, OptionalActions::Now, &self.before);
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    match tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => USUAL,
    }
}

/// A page for a screen of this size, from its upper left corner.
fn fitted(page: &str, (columns, rows): (usize, usize)) -> String {
    let mut text = format!("{}\x1b[H", TOGETHER.0);
    for (row, line) in page.lines().take(rows).enumerate() {
        if row > 0 {
            text.push_str("\r\n");
        }
        text.extend(line.chars().take(columns));
        text.push_str("\x1b[K");
    }
    text.push_str("\x1b[J");
    text.push_str(TOGETHER.1);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_to_the_screen_and_overwrites_what_was_there() {
        let page = fitted("one\ntwo and more\nthree\n", (5, 2));
        assert_eq!(page, "\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo a\x1b[K\x1b[J\x1b[?2026l");
    }
}
