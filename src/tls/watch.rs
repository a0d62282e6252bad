//! Looks from time to time whether certificates have changed.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use tracing::error;

use super::Acceptor;

/// Pause between the two looks that a change needs.
const SETTLE: Duration = Duration::from_secs(1);

/// The thread `rr-tls`, which looks at the files of an [`Acceptor`]; it ends with this value.
#[derive(Debug)]
pub struct Watch {
    /// `None` while it ends.
    ask: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

// === impl Watch ===

impl Watch {
    /// Starts looking `every` so often. Logs at once which files cannot be read any more.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(acceptor: Arc<Acceptor>, every: Duration) -> io::Result<Self> {
        acceptor.complain_of_unreadable();
        let (ask, asked) = bounded(1);
        let looks = move || {
            let mut pause = every;
            loop {
                let at_once = match asked.recv_timeout(pause) {
                    Ok(()) => true,
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                pause = if acceptor.look(at_once) { SETTLE.min(every) } else { every };
            }
        };
        let thread = Builder::new().name("rr-tls".to_owned()).spawn(looks)?;
        Ok(Self { ask: Some(ask), thread: Some(thread) })
    }

    /// Looks now, and takes up what has changed without a second look.
    pub fn look(&self) {
        // If one is asked for already, it has not begun.
        let _ = self.ask.as_ref().map(|ask| ask.try_send(()));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ask = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Thread that looks at TLS files panicked");
        }
    }
}
