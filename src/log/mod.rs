//! The log: from `tracing` events to files and streams.
//!
//! An event's target names its channel, whose settings say whether, how and where it is written. The thread that logs
//! formats the entry into a buffer of its own and leaves it at the queue of each output; a thread per output, `rr-log`,
//! writes. A slow output so never holds up a request: what it does not take in time is dropped, counted and reported.
//!
//! In a fork of the process nothing is logged: it has none of the threads.

mod attributes;
mod channel;
mod clock;
mod config;
mod escape;
mod file;
mod hook;
mod level;
mod old;
mod output;
mod queue;
mod record;
mod sink;
mod style;
mod tail;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

pub use attributes::Attributes;
pub(crate) use channel::ACCESS;
pub(crate) use clock::{Layout, Moment};
pub(crate) use config::outputs;
pub use config::{Channel, Config, Encoding, Mode, Output, Rotation};
pub(crate) use escape::plain;
pub use level::Level;
pub use sink::{Log, OpenError};
pub use tail::{Line, keep_tail, tail};

/// How long the end of the process may take to write what is left.
pub const FLUSH: Duration = Duration::from_secs(2);

/// The log of this process.
static LOG: OnceLock<Log> = OnceLock::new();
/// This process is a fork of the one that logs.
static FORKED: AtomicBool = AtomicBool::new(false);

/// Makes the log of this process as `config` says: opens its outputs, and takes the events and panics of all threads.
/// Entries are written by whoever logs them, until [`start`]. A second call in a process changes nothing.
///
/// # Errors
///
/// When a file cannot be opened.
pub fn install(config: &Config) -> Result<(), OpenError> {
    if LOG.get().is_none() {
        let log = Log::open(config)?;
        let log = LOG.get_or_init(|| log);
        if tracing::subscriber::set_global_default(log.subscriber()).is_ok() {
            hook::install();
        }
    }
    Ok(())
}

pub use output::give_files_to;

/// Returns whether there is a log.
pub fn is_open() -> bool {
    LOG.get().is_some()
}

/// Starts the threads that write. They inherit the signal mask of the caller.
///
/// # Errors
///
/// When there are no threads to be had.
pub fn start() -> io::Result<()> {
    LOG.get().map_or(Ok(()), Log::start)
}

/// Waits until everything logged so far is written, for at most `patience`. Returns whether it is.
pub fn flush(patience: Duration) -> bool {
    is_forked() || LOG.get().is_none_or(|log| log.flush(Instant::now() + patience))
}

/// Writes what is left and ends the threads, within `patience` and a moment. Entries are written by whoever logs them
/// from then on.
pub fn stop(patience: Duration) {
    if let Some(log) = LOG.get()
        && !is_forked()
    {
        log.stop(Instant::now() + patience);
    }
}

/// Opens all files again under their names, as is due after they were moved away. On failure the old file is kept and
/// `logs.err_output` told.
pub fn reopen() {
    if let Some(log) = LOG.get() {
        log.reopen();
    }
}

/// Entries that were dropped since the start, because an output did not take them in time or could not be written.
pub fn dropped() -> u64 {
    LOG.get().map_or(0, Log::dropped)
}

/// Tells that this process is a fork. May be called by a signal handler, and while other threads hold any lock.
pub fn forked() {
    FORKED.store(true, Ordering::Relaxed);
}

fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}
