//! Rust panics as entries of the log, instead of text on standard error.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
    thread,
};

use tracing::error;

use super::level::PANIC;

/// Logs panics from now on. In a fork of the process they are reported as before.
pub(super) fn install() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| if super::is_forked() { before(panic) } else { log(panic) }));
}

fn log(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = thread::current();
    let thread = thread.name().unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("a value that is no text");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        error!(target: PANIC, thread, place, %backtrace, "Panic: {message}");
    } else {
        error!(target: PANIC, thread, place, "Panic: {message}");
    }
}
